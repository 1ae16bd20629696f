// Verifies the tokens of configured OpenID issuers (RFC 7519, RFC 8725).
import { hash as digest } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { IssuerConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { readClaims } from "./claims.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

export type TrustedIssuer = { readonly config: IssuerConfig; readonly keys: IssuerKeys };

/** A caller, and until when its token is accepted: its expiry and the tolerated skew. */
export type VerifiedToken = { readonly caller: Caller; readonly until: number };

/** Types of tokens that let nobody in although their signature is right: logout and security events, and proofs. */
const TYPES = new Set(["jwt", "at+jwt", "application/at+jwt"]);

/** Says whether a token has the form of a signed JWT. */
export function isJwt(token: string): boolean {
  return token.startsWith("eyJ") && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

/** Reads who claims to have issued a token, without believing it; null where that can't be read. */
export function readIssuer(token: string): string | null {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === "string" ? iss : null;
  } catch {
    return null;
  }
}

/** Verifies a token; throws `token_invalid`, `token_expired` or `identity_unavailable`. */
export async function verifyToken(
  token: string,
  trusted: TrustedIssuer,
  nowMs: number,
): Promise<VerifiedToken> {
  const { config, keys } = trusted;
  try {
    const { typ } = decodeProtectedHeader(token);
    if (typ !== undefined && !TYPES.has(typ.toLowerCase())) {
      throw new GatewayError("token_invalid", "The token is of a type that grants no access.");
    }
    // The key is looked up by `kid` among the issuer's own: `jwk`, `jku` and `x5u` in the token's header name others.
    const { payload } = await jwtVerify(token, (header, input) => keys.find(header, input), {
      issuer: config.issuer,
      audience: [...config.audience],
      algorithms: toAlgorithms(config.algorithms),
      clockTolerance: config.clock_skew_s,
      requiredClaims: ["exp", "iss", "aud"],
      currentDate: new Date(nowMs),
    });
    const expiresAt = (payload.exp ?? 0) * 1000;
    const claims = readClaims(payload, config);
    return {
      caller: { ...claims, credentialId: toCredentialId(config.issuer, payload.jti, token), expiresAt },
      until: expiresAt + config.clock_skew_s * 1000,
    };
  } catch (error) {
    throw toRefusal(error);
  }
}

/** RFC 9864 names Ed25519 where RFC 8037 said EdDSA. */
function toAlgorithms(algorithms: readonly string[]): string[] {
  return algorithms.flatMap((algorithm) => (algorithm === "EdDSA" ? ["EdDSA", "Ed25519"] : [algorithm]));
}

function toCredentialId(issuer: string, jti: string | undefined, token: string): string {
  const named = typeof jti === "string" && jti !== "" ? `jti\0${issuer}\0${jti}` : `token\0${token}`;
  return `jwt_${digest("sha256", named, "base64url").slice(0, 32)}`;
}

function toRefusal(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof errors.JWTExpired) {
    return new GatewayError("token_expired", "The token has expired; fetch a fresh one from its issuer.");
  }
  const reason =
    error instanceof errors.JWTClaimValidationFailed &&
    ["aud", "iss", "exp", "nbf", "iat"].includes(error.claim)
      ? `its claim "${error.claim}" is missing or doesn't fit`
      : error instanceof errors.JOSEAlgNotAllowed
        ? "its signature algorithm isn't accepted"
        : error instanceof errors.JWKSNoMatchingKey
          ? "its issuer has no such key"
          : "its signature or form is wrong";
  return new GatewayError("token_invalid", `The token isn't accepted: ${reason}.`);
}
