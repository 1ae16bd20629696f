// Signs and verifies compact JWS with keys and algorithms that are ours to choose; what a header says chooses nothing.

import type { KeyObject } from "node:crypto";
import { compactVerify, CompactSign } from "jose";
import type { SignatureAlgorithm, Trust } from "../config/signing.ts";
import { runInTurns } from "../parse/steps.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { toCanonicalJson } from "./canonical-json.ts";

/** Who signs, and how. */
export type Signer = {
  readonly algorithm: SignatureAlgorithm;
  readonly privateKey: KeyObject;
  readonly keyId: string;
  /** What it is signed for; empty: nothing in particular. */
  readonly scope: string;
};

/** What was signed, and with which of our keys. */
export type Verified = { readonly payload: unknown; readonly keyId: string };

/** Signs a payload. The header carries the key's id for OPA, which looks its key up by it. */
export function signPayload(
  payload: object,
  type: string,
  { algorithm, privateKey, keyId }: Signer,
): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: algorithm, typ: type, kid: keyId })
    .sign(privateKey);
}

/**
 * Gives what a token holds, where one of the keys signed it by that key's own algorithm. Throws `PolicyLoadError`;
 * `what` names the token in it.
 */
export async function verifyPayload(token: string, { keys }: Trust, what: string): Promise<Verified> {
  for (const { id, algorithm, key } of keys) {
    const bytes = await open(token, key, algorithm);
    if (bytes === null) continue;
    // Refuses members that stand twice, which parsers read differently.
    const payload: unknown = JSON.parse(await runInTurns(toCanonicalJson(bytes, what)));
    return { payload, keyId: id };
  }
  const known = keys.map(({ id, algorithm }) => `${id} (${algorithm})`).join(", ");
  throw new PolicyLoadError(`${what} is of no key of policy.signing: ${known}`);
}

async function open(token: string, key: KeyObject, algorithm: SignatureAlgorithm): Promise<Buffer | null> {
  try {
    const { payload, protectedHeader } = await compactVerify(token, key, { algorithms: [algorithm] });
    return protectedHeader.crit === undefined ? Buffer.from(payload) : null;
  } catch {
    return null;
  }
}
