// Names values by a keyed hash of the form in which their class is compared.
import { createHmac, createSecretKey } from "node:crypto";
import { PlainText } from "./detect/values/plain.ts";
import type { ValueHash } from "./mask/account.ts";
import { bringInto, type ValueForm } from "./value-form.ts";

/** A value is named by so many of its first characters. */
const MOST = 65_536;

/** Gives what opens the hash of a tenant's value in a form. */
export function createValueHashes(key: Buffer): (tenant: string, form: ValueForm) => ValueHash {
  // Five times faster than with the bytes.
  const secret = createSecretKey(key);
  return (tenant, form) => {
    const hmac = createHmac("sha256", secret).update(`${JSON.stringify(tenant)}\0${form}\0`);
    const plain = new PlainText();
    let read = 0;

    function take(piece: string, isFinal: boolean): void {
      plain.push(piece, isFinal);
      const fresh = plain.text.slice(read - plain.base);
      const counted = fresh.slice(0, Math.max(0, MOST - read));
      read += fresh.length;
      plain.release(read);
      hmac.update(bringInto(form, counted));
    }

    return {
      push: (piece) => take(piece, false),
      end() {
        take("", true);
        return hmac.digest("base64url");
      },
    };
  };
}
