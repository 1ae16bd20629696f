// Makes a caller of verified claims: its groups count only through the issuer's mapping.
import type { JWTPayload } from "jose";
import type { ByClaim, ClaimConfig, ClaimRules } from "../config/issuers.ts";
import { GatewayError } from "../errors.ts";
import type { Caller, Json } from "../exchange.ts";
import { toInitiator } from "./account-caller.ts";
import type { Note } from "./note.ts";

const MAX_TEXT = 256;
const MAX_LIST = 256;
const MAX_CLAIMS_CHARS = 4096;

/** What claims say of a caller. */
export type ClaimedCaller = Pick<
  Caller,
  | "tenant"
  | "issuer"
  | "subject"
  | "kind"
  | "groups"
  | "scopes"
  | "claims"
  | "actsFor"
  | "agent"
  | "initiator"
>;

/** What the claims say of the caller. Throws `token_invalid` where they can't be used. */
export function readClaims(payload: JWTPayload, issuer: ClaimRules, note?: Note): ClaimedCaller {
  const subject = getClaim(payload, issuer.subject_claim);
  if (typeof subject !== "string" || subject === "" || subject.length > MAX_TEXT || !subject.isWellFormed()) {
    throw new GatewayError("token_invalid", "The token names no subject, or one that is too long.");
  }
  note?.("subject", `${subject}, by the claim ${issuer.subject_claim}`);
  requireParty(payload, issuer);
  const tenant = readTenant(payload, issuer);
  const kind = issuer.kind_by === null ? issuer.kind : (tell(payload, issuer.kind_by) ?? issuer.kind);
  note?.("kind and tenant", `${kind} of tenant ${tenant}`);
  const told = issuer.initiator_by === null ? null : tell(payload, issuer.initiator_by);
  const initiator = told ?? toInitiator(kind);
  note?.("initiator", initiator);
  const groups = readGroups(payload, issuer, note);
  const scopes = readScopes(payload);
  note?.("scopes", scopes.length === 0 ? "none" : scopes.join(" "));
  const claims = pickClaims(payload, issuer.claims);
  note?.("claims for policy", JSON.stringify(claims));
  return {
    tenant,
    issuer: issuer.issuer,
    subject,
    kind,
    groups,
    scopes,
    claims,
    // A token with `act` (RFC 8693) stands for its subject here; who acts for whom needs tokens of our own.
    actsFor: null,
    agent: null,
    initiator,
  };
}

/** Says whether a token tells that its groups did not fit into it (OpenID Connect Core 1.0, section 5.6.2). */
export function hasGroupOverage(payload: JWTPayload, issuer: ClaimRules): boolean {
  const elsewhere = payload["_claim_names"];
  const isNamed =
    typeof elsewhere === "object" && elsewhere !== null && Object.hasOwn(elsewhere, issuer.groups_claim);
  return isNamed || payload["hasgroups"] === true;
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

/** Gives a claim's values as texts: of a list each, of anything else the one. */
function toTexts(claim: unknown): readonly string[] {
  const listed: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return listed.flatMap((one) =>
    typeof one === "string" || typeof one === "number" || typeof one === "boolean" ? [String(one)] : [],
  );
}

/** The client that a token was made for must be one that is accepted. */
function requireParty(payload: JWTPayload, issuer: ClaimRules): void {
  if (issuer.authorized_parties.length === 0) return;
  const named = ["azp", "client_id", "appid"].flatMap((name) => toTexts(getClaim(payload, name)));
  if (named.length > 0 && named.every((party) => issuer.authorized_parties.includes(party))) return;
  throw new GatewayError("token_invalid", "The token was made for a client that isn't accepted.");
}

function readTenant(payload: JWTPayload, issuer: ClaimRules): string {
  if (issuer.tenant_by === null) return issuer.tenant;
  const tenant = tell(payload, issuer.tenant_by);
  if (tenant === null)
    throw new GatewayError("token_invalid", "The token is of a tenant that isn't accepted.");
  return tenant;
}

/** Gives what the claim stands for; null where it is absent, several or unknown. */
function tell<Value>(payload: JWTPayload, by: ByClaim<Value>): Value | null {
  const values = toTexts(getClaim(payload, by.claim));
  const [value] = values;
  return (values.length === 1 && value !== undefined ? by.map.get(value) : null) ?? null;
}

function readGroups(payload: JWTPayload, issuer: ClaimRules, note?: Note): string[] {
  const groups = new Set<string>();
  for (const group of toTexts(getClaim(payload, issuer.groups_claim))) {
    const mapped = issuer.group_map.get(group);
    for (const one of mapped ?? []) groups.add(one);
    note?.("group", `${group}: ${mapped?.join(", ") ?? "not in group_map, counts for nothing"}`);
  }
  for (const [index, rule] of issuer.group_rules.entries()) {
    const miss = [...rule.when].find(([name, values]) => !fits(getClaim(payload, name), values));
    if (miss === undefined) for (const one of rule.groups) groups.add(one);
    note?.(`group_rules[${index}]`, miss === undefined ? rule.groups.join(", ") : `does not fit: ${miss[0]}`);
  }
  const found = [...groups].sort();
  note?.("groups", found.length === 0 ? "none: policy allows next to nothing" : found.join(", "));
  return found;
}

function fits(claim: unknown, values: readonly string[]): boolean {
  return toTexts(claim).some((text) =>
    values.some((value) => (value.endsWith("*") ? text.startsWith(value.slice(0, -1)) : text === value)),
  );
}

/**
 * RFC 9068 has `scope` as one text with spaces; some issuers have `scp` as a list or text. Scopes limit, so that none may be
 * left out: a token with more than can be kept is refused.
 */
function readScopes(payload: JWTPayload): string[] {
  const listed = ["scope", "scp"].flatMap((name) =>
    toTexts(getClaim(payload, name)).flatMap((text) => text.split(" ")),
  );
  const scopes = [...new Set(listed.filter((scope) => scope !== ""))].sort();
  if (scopes.length > MAX_LIST || scopes.some((scope) => scope.length > MAX_TEXT))
    throw new GatewayError("token_invalid", "The token has too many scopes, or one that is too long.");
  return scopes;
}

function pickClaims(payload: JWTPayload, wanted: readonly ClaimConfig[]): { readonly [key: string]: Json } {
  const picked = wanted.flatMap(({ claim, name, type }): [string, Json][] => {
    const value = getClaim(payload, claim);
    if (!isJson(value)) return [];
    if (type !== null && !isOfType(value, type))
      throw new GatewayError("token_invalid", `The token's claim "${claim}" isn't of the type ${type}.`);
    return [[name, value]];
  });
  const claims = Object.fromEntries(picked);
  if (JSON.stringify(claims).length > MAX_CLAIMS_CHARS) {
    throw new GatewayError("token_invalid", "The claims that policy is to see are too long.");
  }
  return claims;
}

function isOfType(value: Json, type: NonNullable<ClaimConfig["type"]>): boolean {
  if (type === "strings") return Array.isArray(value) && value.every((one) => typeof one === "string");
  return typeof value === type;
}

/** Verified claims come from JSON, so what is defined is JSON. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}
