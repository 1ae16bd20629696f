// Placeholders of one exchange: what stands for which value, under a key of its session's.
import { createHmac } from "node:crypto";
import { toTagged } from "../stand-ins.ts";

/** A placeholder and the value that it stands for. */
export type Placeholder = { readonly placeholder: string; readonly value: string };

export type Placeholders = {
  /** Gives the placeholder of a value: the same for the same value on every turn of the session. */
  give(ofClass: string, value: string): string;
  /** As `give`, of a value that came from the caller: it is kept, and may be restored. */
  keep(ofClass: string, value: string): string;
  /** Gives the value that a placeholder stands for; absent where the session has given no such placeholder. */
  find(placeholder: string): string | undefined;
  /** Gives what this exchange kept. */
  kept(): readonly Placeholder[];
};

/**
 * Makes the placeholders of a session, with what is known of it and of what it continues. The keyed hash is of the value as
 * it is written, so that exactly this comes back.
 */
export function createPlaceholders(
  tenantKey: Buffer,
  sessionId: string,
  known: readonly Placeholder[],
): Placeholders {
  /** Made for the first value: most exchanges hold none, and an HMAC object costs more than all else here. */
  let key: Buffer | null = null;
  const values = new Map(known.map(({ placeholder, value }) => [placeholder, value]));
  const kept = new Map<string, string>();

  function give(ofClass: string, value: string): string {
    key ??= createHmac("sha256", tenantKey).update(`placeholders\0${sessionId}`).digest();
    return toTagged(ofClass, createHmac("sha256", key).update(`${ofClass}\0${value}`).digest());
  }

  return {
    give,
    keep(ofClass, value) {
      const placeholder = give(ofClass, value);
      kept.set(placeholder, value);
      values.set(placeholder, value);
      return placeholder;
    },
    find: (placeholder) => values.get(placeholder),
    kept: () => [...kept].map(([placeholder, value]) => ({ placeholder, value })),
  };
}
