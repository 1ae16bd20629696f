// The signature of the operator's file, which stands beside it.

import type { Trust } from "../config/signing.ts";
import { signDigest, verifyDigest } from "./digest-signature.ts";
import type { SignedKind } from "./digest-signature.ts";
import type { Signer } from "./jws.ts";

const KIND: SignedKind = {
  type: "tollgate-operator+jwt",
  member: "operator_file",
  signature: "the signature of the operator's file",
  thing: "the operator's file",
  unsigned: "policy.signing is configured: sign it with `tollgate policy sign --operator`",
};

/** Gives the file in which the signature of an operator's file stands. */
export function toSignaturePath(path: string): string {
  return `${path}.sig`;
}

/** Signs an operator's file. */
export async function signOperatorFile(bytes: Buffer, signer: Signer): Promise<string> {
  return signDigest(bytes, KIND, signer);
}

/** Verifies that a key of ours signed exactly this file, for our scope, and gives the key's id. Throws `PolicyLoadError`. */
export async function verifyOperatorFile(
  bytes: Buffer,
  signature: string | null,
  trust: Trust,
): Promise<{ keyId: string }> {
  return verifyDigest(bytes, signature, KIND, trust);
}
