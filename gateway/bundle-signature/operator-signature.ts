// The signature of the operator's file, which stands beside it: a compact JWS over the digest of its bytes.

import { createHash } from "node:crypto";
import { z } from "zod";
import type { Trust } from "../config/signing.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { checkScope } from "./bundle-signature.ts";
import { signPayload, verifyPayload, type Signer } from "./jws.ts";

const WHAT = "the signature of the operator's file";
/** A type of its own and a member of its own: neither this signature nor a bundle's can be taken for the other. */
const TYPE = "tollgate-operator+jwt";

const payloadShape = z.strictObject({
  operator_file: z.strictObject({ hash: z.string(), algorithm: z.literal("SHA-256") }),
  scope: z.string().default(""),
});

/** Gives the file in which the signature of an operator's file stands. */
export function toSignaturePath(path: string): string {
  return `${path}.sig`;
}

/** Signs an operator's file. */
export async function signOperatorFile(bytes: Buffer, signer: Signer): Promise<string> {
  const scope = signer.scope === "" ? {} : { scope: signer.scope };
  return signPayload({ operator_file: { hash: hash(bytes), algorithm: "SHA-256" }, ...scope }, TYPE, signer);
}

/** Verifies that a key of ours signed exactly this file, for our scope, and gives the key's id. Throws `PolicyLoadError`. */
export async function verifyOperatorFile(
  bytes: Buffer,
  signature: string | null,
  trust: Trust,
): Promise<{ keyId: string }> {
  if (signature === null)
    throw new PolicyLoadError(
      "the operator's file is not signed, and policy.signing is configured: sign it with `tollgate policy sign --operator`",
    );
  const { payload, keyId } = await verifyPayload(signature.trim(), trust, WHAT);
  const signed = payloadShape.safeParse(payload);
  if (!signed.success) throw new PolicyLoadError(`${WHAT} is no operator's file's`);
  checkScope(signed.data.scope, trust, WHAT);
  if (signed.data.operator_file.hash !== hash(bytes))
    throw new PolicyLoadError("the operator's file is not what was signed");
  return { keyId };
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
