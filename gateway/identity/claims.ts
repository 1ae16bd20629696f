// Makes a caller of verified claims: its groups count only through the issuer's mapping.
import type { JWTPayload } from "jose";
import type { IssuerConfig } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { Caller, Json } from "../exchange.ts";

const MAX_TEXT = 256;
const MAX_LIST = 256;
const MAX_CLAIMS_CHARS = 4096;

/** What the claims say of the caller. Throws `token_invalid` where they can't be used. */
export function readClaims(
  payload: JWTPayload,
  issuer: IssuerConfig,
): Pick<Caller, "tenant" | "issuer" | "subject" | "kind" | "groups" | "scopes" | "claims" | "actsFor"> {
  const subject = getClaim(payload, issuer.subject_claim);
  if (typeof subject !== "string" || subject === "" || subject.length > MAX_TEXT || !subject.isWellFormed()) {
    throw new GatewayError("token_invalid", "The token names no subject, or one that is too long.");
  }
  return {
    tenant: issuer.tenant,
    issuer: issuer.issuer,
    subject,
    kind: issuer.kind,
    groups: mapGroups(getClaim(payload, issuer.groups_claim), issuer.group_map),
    scopes: readScopes(payload),
    claims: pickClaims(payload, issuer.claims),
    // A token with `act` (RFC 8693) stands for its subject here; who acts for whom needs tokens of our own.
    actsFor: null,
  };
}

/** Reads a claim by its name, or by an RFC 6901 pointer; undefined where there is none. */
function getClaim(payload: JWTPayload, name: string): unknown {
  if (!name.startsWith("/")) return Object.hasOwn(payload, name) ? payload[name] : undefined;
  let at: unknown = payload;
  for (const token of name.slice(1).split("/")) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = new Map<string, unknown>(Object.entries(at)).get(key);
  }
  return at;
}

function mapGroups(claim: unknown, map: IssuerConfig["group_map"]): string[] {
  const listed: unknown[] = Array.isArray(claim) ? claim : [claim];
  const groups = new Set<string>();
  for (const group of listed) {
    if (typeof group === "string") for (const mapped of map.get(group) ?? []) groups.add(mapped);
  }
  return [...groups].sort();
}

/** RFC 9068 has `scope` as one text with spaces; some issuers have `scp` as a list or text. */
function readScopes(payload: JWTPayload): string[] {
  const claim: unknown = payload["scope"] ?? payload["scp"];
  const listed: unknown[] = typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  const scopes = listed.filter(
    (scope) => typeof scope === "string" && scope !== "" && scope.length <= MAX_TEXT,
  );
  return [...new Set(scopes.map(String))].slice(0, MAX_LIST).sort();
}

function pickClaims(payload: JWTPayload, names: readonly string[]): { readonly [key: string]: Json } {
  const picked = names.flatMap((name): [string, Json][] => {
    const value = getClaim(payload, name);
    return isJson(value) ? [[name, value]] : [];
  });
  const claims = Object.fromEntries(picked);
  if (JSON.stringify(claims).length > MAX_CLAIMS_CHARS) {
    throw new GatewayError("token_invalid", "The claims that policy is to see are too long.");
  }
  return claims;
}

/** Verified claims come from JSON, so what is defined is JSON. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}
