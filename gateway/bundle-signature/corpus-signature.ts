// The signature of a corpus: over its manifest, which holds the digest of all the rest.

import type { Trust } from "../config/signing.ts";
import { runInTurns } from "../parse/steps.ts";
import { toCanonicalJson } from "./canonical-json.ts";
import { signDigest, verifyDigest } from "./digest-signature.ts";
import type { SignedKind } from "./digest-signature.ts";
import type { Signer } from "./jws.ts";

const KIND: SignedKind = {
  type: "tollgate-corpus+jwt",
  member: "corpus",
  signature: "the signature of the corpus",
  thing: "the corpus",
  unsigned: "a key was given: export it with `tollgate policy corpus export --key`",
};

/** Signs a manifest. */
export async function signCorpus(manifest: object, signer: Signer): Promise<string> {
  return signDigest(await toBytes(manifest), KIND, signer);
}

/** Verifies that a key of ours signed exactly this manifest, and gives the key's id. Throws `PolicyLoadError`. */
export async function verifyCorpus(
  manifest: object,
  signature: string | null,
  trust: Trust,
): Promise<{ keyId: string }> {
  return verifyDigest(await toBytes(manifest), signature, KIND, trust);
}

/** However its members are ordered. */
async function toBytes(manifest: object): Promise<Buffer> {
  const json = Buffer.from(JSON.stringify(manifest));
  return Buffer.from(await runInTurns(toCanonicalJson(json, "the manifest")));
}
