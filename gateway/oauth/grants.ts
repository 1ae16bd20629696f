// The grants of the token endpoint: who gets a token for what.
import type { NewToken, Rotation, TokenRow } from "../../db/queries/tokens.ts";
import { GatewayError } from "../errors.ts";
import type { KeptCaller } from "../identity/access-tokens.ts";
import { readKeptCaller } from "../identity/access-tokens.ts";
import type { Caller } from "../exchange.ts";
import { requireTokenForm } from "../identity/bearer.ts";
import { hashKey, isOurs, isRefreshText } from "../identity/key-format.ts";
import type { ClientDeps } from "./client.ts";
import { authenticateClient } from "./client.ts";
import type { Presented } from "./delegate.ts";
import { asksForAgent, delegate, mintAgent } from "./delegate.ts";
import type { Form } from "./form.ts";
import { requireField } from "./form.ts";
import type { Issue, Lifetimes, TokenAnswer } from "./issue-tokens.ts";
import { issueTokens } from "./issue-tokens.ts";
import { OAuthError } from "./oauth-error.ts";
import { asksForOffline, narrowScopes } from "./scopes.ts";

/** The grant of RFC 8693. */
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
/** The grant of RFC 7522. */
const SAML_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer";
/** The grants that there are. */
export const GRANT_TYPES = [TOKEN_EXCHANGE, SAML_BEARER, "client_credentials", "refresh_token"] as const;

const SAML_TYPE = "urn:ietf:params:oauth:token-type:saml2";
const TOKEN_TYPES = new Set([
  ...["access_token", "id_token", "jwt"].map((name) => `urn:ietf:params:oauth:token-type:${name}`),
  SAML_TYPE,
]);

export type GrantDeps = ClientDeps & {
  /** Checks a SAML assertion in base64url, and uses it up. */
  readonly checkAssertion: (encoded: string) => Promise<Caller>;
  /** Keeps tokens; false where their subject has as many as it may. */
  readonly add: (rows: readonly NewToken[]) => Promise<boolean>;
  /** Uses a refresh token up; as `rotateToken` tells. */
  readonly rotate: (hash: Buffer, make: (used: TokenRow) => readonly NewToken[]) => Promise<Rotation | null>;
  /** Says whether any of the parents, or the subject, was revoked. */
  readonly wasRevoked: (parents: readonly string[], caller: KeptCaller) => Promise<boolean>;
  readonly onReuse: (used: TokenRow) => void;
  /** Throws a `GatewayError` where a caller is bound to another client certificate than this request shows. */
  readonly requireBound: (caller: KeptCaller) => void;
  readonly lifetimes: Lifetimes;
  /** Gives for how many seconds policy lets a caller's access token live. */
  readonly longest: (caller: KeptCaller) => number;
};

/** Answers a request for a token. Throws an `OAuthError`. */
export function grantToken(deps: GrantDeps, form: Form, authorization: string | null): Promise<TokenAnswer> {
  const type = requireField(form, "grant_type");
  if (type === "refresh_token") return refresh(deps, form);
  if (type === TOKEN_EXCHANGE) return exchange(deps, form);
  if (type === SAML_BEARER) return grantToAssertion(deps, form);
  if (type === "client_credentials") return grantToClient(deps, form, authorization);
  throw new OAuthError("unsupported_grant_type", `The grants are ${GRANT_TYPES.join(", ")}.`);
}

async function grantToClient(
  deps: GrantDeps,
  form: Form,
  authorization: string | null,
): Promise<TokenAnswer> {
  const held = await authenticateClient(deps, form, authorization);
  return issueFor(deps, form, asksForAgent(form) ? mintAgent(held, form) : held, "client_credentials");
}

/** A token ends with each that it came of, so that each is looked up: no more of them than any program needs. */
const MOST_PARENTS = 16;

async function exchange(deps: GrantDeps, form: Form): Promise<TokenAnswer> {
  requireOwnTarget(deps, form);
  const held = await present(deps, form, "subject_token");
  const actor = form.has("actor_token") ? await present(deps, form, "actor_token") : null;
  if (actor !== null && asksForAgent(form))
    throw new OAuthError("invalid_request", "Either an actor_token says who acts, or an agent is minted.");
  const of = actor !== null ? delegate(held, actor) : asksForAgent(form) ? mintAgent(held, form) : held;
  // What comes of a token that a thief can't use is none that a thief can.
  const boundTo = held.caller.boundTo ?? actor?.caller.boundTo;
  return issueFor(deps, form, { ...of, caller: { ...of.caller, boundTo } }, TOKEN_EXCHANGE);
}

async function grantToAssertion(deps: GrantDeps, form: Form): Promise<TokenAnswer> {
  requireOwnTarget(deps, form);
  const held = await checkToken(deps, "assertion", requireField(form, "assertion"), SAML_TYPE);
  return issueFor(deps, form, asksForAgent(form) ? mintAgent(held, form) : held, SAML_BEARER);
}

function issueFor(deps: GrantDeps, form: Form, of: Presented, grantType: string): Promise<TokenAnswer> {
  const asked = form.get("scope") ?? null;
  const isSignIn = of.caller.actsFor === null && of.until === null && of.caller.kind === "human";
  return issue(deps, {
    caller: { ...of.caller, scopes: narrowScopes(of.caller.scopes, asked) },
    parents: of.parents,
    grantType,
    family: null,
    refreshUntil: isSignIn && asksForOffline(asked) ? deps.now() + deps.lifetimes.refresh_s * 1000 : null,
    until: of.until,
  });
}

/** Checks one of the tokens of an exchange as if it called. */
async function present(
  deps: GrantDeps,
  form: Form,
  name: "subject_token" | "actor_token",
): Promise<Presented> {
  const token = requireField(form, name);
  const type = requireField(form, `${name}_type`);
  if (!TOKEN_TYPES.has(type))
    throw new OAuthError("invalid_request", `The ${name}_type is none of ${[...TOKEN_TYPES].join(", ")}.`);
  return checkToken(deps, name, token, type);
}

async function checkToken(deps: GrantDeps, name: string, token: string, type: string): Promise<Presented> {
  try {
    const caller =
      type === SAML_TYPE
        ? await deps.checkAssertion(token)
        : (await deps.check(requireTokenForm(token))).caller;
    const { credentialId, parents: earlier = [], expiresAt, grant, ...kept } = caller;
    if (grant !== undefined)
      throw new OAuthError("invalid_grant", "A client secret is good for one session alone.");
    const parents = [credentialId, ...earlier];
    if (parents.length > MOST_PARENTS)
      throw new OAuthError("invalid_grant", "The token was exchanged too often.");
    return { caller: kept, parents, expiresAt, until: isOurs(token) ? expiresAt : null };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    if (error.code === "identity_unavailable")
      throw new OAuthError("temporarily_unavailable", error.message, { cause: error });
    throw new OAuthError("invalid_grant", `The ${name} isn't accepted: ${error.message}`, { cause: error });
  }
}

function requireOwnTarget(deps: GrantDeps, form: Form): void {
  const type = form.get("requested_token_type");
  if (type !== undefined && type !== "urn:ietf:params:oauth:token-type:access_token")
    throw new OAuthError("invalid_request", "Only access tokens are issued.");
  for (const name of ["audience", "resource"]) {
    const value = form.get(name);
    if (value !== undefined && !deps.audiences().includes(value))
      throw new OAuthError("invalid_target", `Tokens are issued for ${deps.audiences()[0]} alone.`);
  }
}

async function refresh(deps: GrantDeps, form: Form): Promise<TokenAnswer> {
  if (asksForAgent(form))
    throw new OAuthError(
      "invalid_request",
      "A refresh token mints no agent; exchange an access token for one.",
    );
  const token = requireField(form, "refresh_token");
  const refused = new OAuthError("invalid_grant", "The refresh token doesn't count; sign in again.");
  if (!isRefreshText(token)) throw refused;
  const made: { answer?: TokenAnswer } = {};
  const rotation = await deps.rotate(hashKey(token), (used) => {
    const kept = readKeptCaller(used.caller);
    const scopes = narrowScopes(kept.scopes, form.get("scope") ?? null);
    const { family, parents, expiresAt } = used;
    const { rows, answer } = issueTokens(
      {
        caller: { ...kept, scopes },
        parents,
        grantType: "refresh_token",
        family,
        refreshUntil: expiresAt.getTime(),
        until: null,
      },
      toLifetimes(deps, kept),
      deps.now(),
    );
    made.answer = answer;
    return rows;
  });
  if (rotation === null) throw refused;
  const { outcome, used } = rotation;
  if (outcome === "full") throw tooMany();
  if (outcome === "reused") deps.onReuse(used);
  const { answer } = made;
  if (outcome === "reused" || answer === undefined) throw refused;
  // Used up all the same: somebody else has it.
  deps.requireBound(readKeptCaller(used.caller));
  if (await deps.wasRevoked(used.parents, readKeptCaller(used.caller))) throw refused;
  return answer;
}

/** What runs goes on: of the newest token somebody hears at once, of an older one that ends nobody does. */
function tooMany(): OAuthError {
  return new OAuthError(
    "slow_down",
    "The subject has as many live tokens as it may; use one until it expires, or end those that are not needed.",
  );
}

async function issue(deps: GrantDeps, asked: Issue): Promise<TokenAnswer> {
  const { rows, answer } = issueTokens(asked, toLifetimes(deps, asked.caller), deps.now());
  if (!(await deps.add(rows))) throw tooMany();
  // A revocation between the check and this moment has not found the token.
  if (await deps.wasRevoked(asked.parents, asked.caller))
    throw new OAuthError("invalid_grant", "The token that asks was revoked.");
  return answer;
}

function toLifetimes({ lifetimes, longest }: GrantDeps, caller: KeptCaller): Lifetimes {
  return { ...lifetimes, access_s: Math.min(lifetimes.access_s, longest(caller)) };
}
