// Reads a public key that a client registers.
import { createPublicKey } from "node:crypto";
import type { JsonWebKey } from "node:crypto";
import { calculateJwkThumbprint } from "jose";
import { z } from "zod";

/** The public JWK with its algorithm and its thumbprint as `kid`, or what is wrong with it. */
export type PublicKey =
  | { readonly jwk: JsonWebKey & { readonly kid: string; readonly alg: string }; readonly thumbprint: string }
  | { readonly problem: string };

const LEAST_RSA_BITS = 2048;
const jwkText = z.looseObject({ kty: z.string() });

/** Reads PEM (SPKI) or a JWK. */
export async function readPublicKey(text: string): Promise<PublicKey> {
  if (/PRIVATE KEY/.test(text)) return { problem: "This is a private key; register the public one alone." };
  try {
    const parsed = text.trim().startsWith("{") ? jwkText.parse(JSON.parse(text)) : null;
    if (parsed !== null && ("d" in parsed || parsed.kty === "oct"))
      return { problem: "This is a private or shared key; register the public one alone." };
    const key = createPublicKey(parsed === null ? text : { key: parsed, format: "jwk" });
    const jwk = key.export({ format: "jwk" });
    const alg = toAlgorithm(key.asymmetricKeyType, jwk.crv, key.asymmetricKeyDetails?.modulusLength);
    if (alg === null)
      return { problem: "The key must be RSA of at least 2048 bits, P-256, P-384 or Ed25519." };
    const thumbprint = await calculateJwkThumbprint(z.looseObject({ kty: z.string() }).parse(jwk));
    return { jwk: { ...jwk, kid: thumbprint, alg }, thumbprint };
  } catch {
    return { problem: "The file holds no public key in PEM (SPKI) or as a JWK." };
  }
}

function toAlgorithm(type: string | undefined, curve: string | undefined, bits = 0): string | null {
  if (type === "rsa") return bits >= LEAST_RSA_BITS ? "RS256" : null;
  if (type === "ed25519") return "EdDSA";
  if (type !== "ec") return null;
  return curve === "P-256" ? "ES256" : curve === "P-384" ? "ES384" : null;
}
