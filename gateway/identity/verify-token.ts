// Verifies the tokens of configured OpenID issuers (RFC 7519, RFC 8725).
import { hash as digest } from "node:crypto";
import type { JWTPayload } from "jose";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "jose";
import type { IssuerConfig } from "../config/issuers.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { readBinding } from "./binding.ts";
import { hasGroupOverage, readClaims } from "./claims.ts";
import type { IssuerClient } from "./issuer-client.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import type { Note } from "./note.ts";
import { tokenExpired } from "./refusals.ts";

export type TrustedIssuer = {
  readonly config: IssuerConfig;
  readonly keys: IssuerKeys;
  readonly client: IssuerClient;
};

/** A caller, and until when its token is accepted: its expiry and the tolerated skew. */
export type VerifiedToken = {
  readonly caller: Caller;
  readonly until: number;
  /** Whether the token may count for longer, and is to be asked about again then. */
  readonly isRenewable?: boolean;
};

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
  note?: Note,
): Promise<VerifiedToken> {
  const { config, keys } = trusted;
  try {
    const { typ, alg, kid } = decodeProtectedHeader(token);
    if (typ !== undefined && !TYPES.has(typ.toLowerCase())) {
      throw new GatewayError("token_invalid", "The token is of a type that grants no access.");
    }
    note?.("header", `type ${typ ?? "none"}, algorithm ${alg ?? "none"}, key ${kid ?? "not named"}`);
    note?.("claims, not verified yet", toWords(decodeJwt(token)));
    note?.("accepted", `algorithms ${config.algorithms.join(", ")}; aud ${config.audience.join(", ")}`);
    // The key is looked up by `kid` among the issuer's own: `jwk`, `jku` and `x5u` in the token's header name others.
    const { payload } = await jwtVerify(token, (header, input) => keys.find(header, input), {
      issuer: config.issuer,
      audience: [...config.audience],
      algorithms: toAlgorithms(config.algorithms),
      clockTolerance: config.clock_skew_s,
      requiredClaims: ["exp", "iss", "aud"],
      currentDate: new Date(nowMs),
    });
    if (payload["events"] !== undefined)
      throw new GatewayError("token_invalid", "The token is of a type that grants no access.");
    const expiresAt = (payload.exp ?? 0) * 1000;
    note?.("signature, audience and times", "right");
    const claims = readClaims(await addGroups(payload, token, trusted, note), config, note);
    return {
      caller: {
        ...claims,
        ...readBinding(payload),
        issuedAt: toIssuedAt(payload.iat, config),
        credentialId: toCredentialId(config.issuer, payload.jti, toSigned(token)),
        expiresAt,
      },
      until: expiresAt + config.clock_skew_s * 1000,
    };
  } catch (error) {
    throw toRefusal(error);
  }
}

/**
 * Asks the issuer about a token that tells nothing itself (RFC 7662); null where the issuer says that it doesn't count.
 * Throws `token_invalid`, `token_expired` or `identity_unavailable`.
 */
export async function verifyIntrospected(
  token: string,
  trusted: TrustedIssuer,
  nowMs: number,
): Promise<VerifiedToken | null> {
  const { config, client } = trusted;
  const claims = await client.introspect(token);
  if (claims === null) return null;
  const { iss, aud, exp, nbf, iat } = claims;
  if (iss !== undefined && iss !== config.issuer) throw mismatch("iss");
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.some((one) => typeof one === "string" && config.audience.includes(one)))
    throw mismatch("aud");
  const skew = config.clock_skew_s * 1000;
  if (typeof nbf === "number" && nbf * 1000 > nowMs + skew) throw mismatch("nbf");
  const expiresAt = typeof exp === "number" ? exp * 1000 : null;
  if (expiresAt !== null && expiresAt + skew <= nowMs) throw tokenExpired();
  const caller = readClaims(claims, config);
  const cached = nowMs + (config.introspection?.cache_s ?? 0) * 1000;
  return {
    caller: {
      ...caller,
      ...readBinding(claims),
      issuedAt: toIssuedAt(iat, config),
      credentialId: toOpaqueId(config.issuer, token),
      expiresAt,
    },
    until: expiresAt === null ? cached : Math.min(cached, expiresAt + skew),
    isRenewable: true,
  };
}

/** Names an opaque token by itself alone, so that it has the same name once its issuer says nothing of it any more. */
export function toOpaqueId(issuer: string, token: string): string {
  return toCredentialId(issuer, undefined, token);
}

/** The issuer's clock may be ahead: what it gave just before a moment must not look younger than that. */
function toIssuedAt(iat: unknown, { clock_skew_s: skew }: IssuerConfig): number {
  return typeof iat === "number" ? Math.max(0, (iat - skew) * 1000) : 0;
}

function mismatch(claim: string): GatewayError {
  return new GatewayError(
    "token_invalid",
    `The token isn't accepted: its claim "${claim}" is missing or doesn't fit.`,
  );
}

/** Adds the groups that a token had no room for, where the configuration says so. */
async function addGroups(
  payload: JWTPayload,
  token: string,
  { config, client }: TrustedIssuer,
  note?: Note,
): Promise<JWTPayload> {
  if (!hasGroupOverage(payload, config)) return payload;
  note?.("group overage", `the groups did not fit into the token; group_overage: ${config.group_overage}`);
  if (config.group_overage === "ignore") return payload;
  if (config.group_overage === "refuse" || payload.sub === undefined) {
    throw new GatewayError(
      "token_invalid",
      "The token's subject has more groups than fit into a token, so none of them is known. Let the issuer put in only the groups that matter here, or set group_overage.",
    );
  }
  const told = await client.askUserInfo(token, payload.sub);
  return { ...payload, [config.groups_claim]: told[config.groups_claim] };
}

function toWords({ aud, azp, exp, nbf }: JWTPayload): string {
  const times = [exp, nbf].map((time) =>
    time === undefined ? "absent" : new Date(time * 1000).toISOString(),
  );
  return `aud ${JSON.stringify(aud ?? "absent")}; azp ${JSON.stringify(azp ?? "absent")}; exp ${times[0]}; nbf ${times[1]}`;
}

/** RFC 9864 names Ed25519 where RFC 8037 said EdDSA: whoever accepts one accepts the other. */
export function toAlgorithms(algorithms: readonly string[]): string[] {
  return algorithms.flatMap((algorithm) => (algorithm === "EdDSA" ? ["EdDSA", "Ed25519"] : [algorithm]));
}

/** What was signed: of a signature anybody can make another that fits, so that a revoked token would have a new name. */
function toSigned(token: string): string {
  return token.slice(0, token.lastIndexOf("."));
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
