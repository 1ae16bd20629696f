// A signature over a digest of bytes: a compact JWS that says what kind of thing they are, so that none passes for another.

import { createHash } from "node:crypto";
import { z } from "zod";
import type { Trust } from "../config/signing.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { checkScope } from "./bundle-signature.ts";
import { signPayload, verifyPayload, type Signer } from "./jws.ts";

/** What is signed: a type of its own and a member of its own, and how messages name the signature and the thing. */
export type SignedKind = {
  readonly type: string;
  readonly member: string;
  readonly signature: string;
  readonly thing: string;
  /** Where there is no signature: what to do. */
  readonly unsigned: string;
};

const digestShape = z.strictObject({ hash: z.string(), algorithm: z.literal("SHA-256") });

/** Signs bytes of a kind. */
export async function signDigest(bytes: Buffer, kind: SignedKind, signer: Signer): Promise<string> {
  const scope = signer.scope === "" ? {} : { scope: signer.scope };
  const digest = { hash: hash(bytes), algorithm: "SHA-256" };
  return signPayload({ [kind.member]: digest, ...scope }, kind.type, signer);
}

/** Verifies that a key of ours signed exactly these bytes, for our scope, and gives the key's id. Throws `PolicyLoadError`. */
export async function verifyDigest(
  bytes: Buffer,
  signature: string | null,
  kind: SignedKind,
  trust: Trust,
): Promise<{ keyId: string }> {
  if (signature === null) throw new PolicyLoadError(`${kind.thing} is not signed, and ${kind.unsigned}`);
  const { payload, keyId } = await verifyPayload(signature.trim(), trust, kind.signature);
  const shape = z.strictObject({ [kind.member]: digestShape, scope: z.string().optional() });
  const signed = shape.safeParse(payload);
  const digest = digestShape.safeParse(signed.data?.[kind.member]);
  if (!signed.success || !digest.success)
    throw new PolicyLoadError(`${kind.signature} is of something else, or of another kind`);
  const { scope } = signed.data;
  checkScope(typeof scope === "string" ? scope : "", trust, kind.signature);
  if (digest.data.hash !== hash(bytes)) throw new PolicyLoadError(`${kind.thing} is not what was signed`);
  return { keyId };
}

function hash(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
