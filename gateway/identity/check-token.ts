// Checks one token of any kind that is accepted: a key of ours, a client secret, an issuer's JWT or opaque token.
import type { Ends } from "../../db/queries/revocations.ts";
import type { KeyOwner } from "../../db/queries/service-accounts.ts";
import { GatewayError } from "../errors.ts";
import type { Agent, Caller } from "../exchange.ts";
import { toAccountCaller } from "./account-caller.ts";
import { isAdminKey } from "./admin-scopes.ts";
import { isAccessText, isClientSecretText, isKeyText, isOurs } from "./key-format.ts";
import { createKeyLookup } from "./key-lookup.ts";
import type { Note } from "./note.ts";
import type { ProviderKeyIncident } from "./provider-keys.ts";
import { findProvider, findProviderOfIssuer } from "./provider-keys.ts";
import { createProviderKeyReporter } from "./report-provider-key.ts";
import { tokenExpired, tokenRevoked } from "./refusals.ts";
import type { Sender } from "./sender.ts";
import { toCallerEnds } from "./subject-id.ts";
import { createQueue } from "./queue.ts";
import type { Queue } from "./queue.ts";
import type { TrustedIssuer, VerifiedToken } from "./verify-token.ts";
import { isJwt, readIssuer, toOpaqueId, verifyIntrospected, verifyToken } from "./verify-token.ts";

export type TokenCheckDeps = {
  readonly findKeyOwner: (hash: Buffer) => Promise<KeyOwner | null>;
  /** Finds what a client secret stands for; `until` is its expiry. */
  readonly findClientSecret: (hash: Buffer) => Promise<VerifiedToken | null>;
  /** Finds what a short-lived token stands for. */
  readonly findAccessToken: (hash: Buffer) => Promise<FoundToken | null>;
  /** Says whether anything in the log of revocations ends a caller. */
  readonly wasRevoked: (ends: Ends) => Promise<boolean>;
  /** Ends whatever was obtained with a credential that its issuer no longer vouches for. */
  readonly onWithdrawn: (credentialId: string) => Promise<void>;
  readonly issuers: readonly TrustedIssuer[];
  /** Keys the hash of presented provider keys. */
  readonly secret: Buffer;
  readonly onProviderKey: (incident: ProviderKeyIncident) => void;
  readonly now: () => number;
  /** The queue that look-ups in the database wait in; absent: one of their own. */
  readonly queue?: Queue;
};

/** Look-ups at once: the pool's other connections stay free for who is known. */
const AT_ONCE = 4;

/** A short-lived token that was issued here. */
export type FoundToken = {
  readonly caller: Caller & { readonly expiresAt: number };
  readonly isRevoked: boolean;
};

/** What is around a check: who is told each step, and who sent the token. */
export type CheckAround = { readonly note?: Note | undefined; readonly sender?: Sender | undefined };

/**
 * Checks a token and gives its caller. Throws `token_invalid`, `token_expired`,
 * `token_revoked`, `provider_key_presented` or `identity_unavailable`.
 */
export type TokenCheck = (token: string, around?: CheckAround) => Promise<VerifiedToken>;

/** Makes the check. */
export function createTokenCheck(deps: TokenCheckDeps): TokenCheck {
  const { now } = deps;
  const queue = deps.queue ?? createQueue(AT_ONCE, now);
  const findOwner = createKeyLookup({ find: deps.findKeyOwner, queue, now });
  const findSecret = createKeyLookup({ find: deps.findClientSecret, queue, now });
  const findAccess = createKeyLookup({ find: deps.findAccessToken, queue, now });
  const findIntrospected = createIntrospections(deps);
  const reportProviderKey = createProviderKeyReporter(deps);
  const issuers = new Map(deps.issuers.map((issuer) => [issuer.config.issuer, issuer]));

  async function requireUnrevoked({ caller }: VerifiedToken, note?: Note): Promise<void> {
    if (await asUnavailable(deps.wasRevoked(toCallerEnds(caller)))) throw tokenRevoked();
    note?.("revocation", "neither the token nor its subject was revoked");
  }

  /** A client secret counts as long as the credential does with which it was asked for. */
  async function checkSecret(token: string, note?: Note): Promise<VerifiedToken> {
    note?.("form", "a client secret of a realtime session");
    const found = await findSecret(token);
    if (found === null) throw new GatewayError("token_invalid", "The client secret is unknown.");
    if (found.until <= now()) throw tokenExpired();
    await requireUnrevoked(found, note);
    return found;
  }

  async function checkKey(token: string, note?: Note): Promise<VerifiedToken> {
    note?.("form", "a key of a service account");
    const owner = await findOwner(token);
    if (owner === null) throw new GatewayError("token_invalid", "The token is unknown.");
    note?.("account", `${owner.name} of tenant ${owner.tenant}`);
    if (owner.isRevoked) throw tokenRevoked();
    const expiresAt = owner.expiresAt?.getTime() ?? null;
    if (expiresAt !== null && expiresAt <= now()) throw tokenExpired();
    note?.("groups", owner.groups.join(", "));
    if (isAdminKey(owner.scopes))
      throw new GatewayError("token_invalid", "The key is for the operators' listener alone.");
    const kept = toAccountCaller(owner, owner.scopes);
    if (kept.agent !== null) note?.("agent", toWords(kept.agent));
    const caller: Caller = { ...kept, credentialId: owner.keyId, expiresAt };
    return { caller, until: expiresAt ?? Number.POSITIVE_INFINITY };
  }

  async function checkAccess(token: string, note?: Note): Promise<VerifiedToken> {
    note?.("form", "a short-lived token of the gateway's own");
    const found = await findAccess(token);
    if (found === null) throw new GatewayError("token_invalid", "The token is unknown.");
    const { caller, isRevoked } = found;
    if (isRevoked) throw tokenRevoked();
    if (caller.expiresAt <= now()) throw tokenExpired();
    note?.(
      "for",
      `${caller.subject} of ${caller.issuer}${caller.actsFor === null ? "" : `, for ${caller.actsFor}`}`,
    );
    if (caller.agent !== null) note?.("agent", toWords(caller.agent));
    const verified = { caller, until: caller.expiresAt };
    await requireUnrevoked(verified, note);
    return verified;
  }

  async function checkIssued(token: string, { note, sender }: CheckAround): Promise<VerifiedToken> {
    if (isOurs(token))
      throw new GatewayError("token_invalid", "The token is mistyped, or none to call with.");
    const issuer = isJwt(token) ? readIssuer(token) : null;
    const trusted = issuer === null ? undefined : issuers.get(issuer);
    if (trusted !== undefined) {
      note?.("form", `a JWT that names the issuer ${trusted.config.issuer}`);
      const verified = await verifyToken(token, trusted, now(), note);
      await requireUnrevoked(verified, note);
      return verified;
    }
    requireNoProviderKey(token, issuer, sender);
    const verified = await findIntrospected(token, { note });
    await requireUnrevoked(verified, note);
    return verified;
  }

  function requireNoProviderKey(token: string, issuer: string | null, sender?: Sender): void {
    const provider = findProvider(token) ?? (issuer === null ? null : findProviderOfIssuer(issuer));
    if (provider === null) return;
    reportProviderKey(provider, token, sender?.address() ?? null);
    throw new GatewayError(
      "provider_key_presented",
      "This is a provider's own key. Use a Tollgate token instead, and revoke that key at the provider.",
    );
  }

  return (token, around = {}) => {
    const { note } = around;
    if (isKeyText(token)) return checkKey(token, note);
    if (isAccessText(token)) return checkAccess(token, note);
    return isClientSecretText(token) ? checkSecret(token, note) : checkIssued(token, around);
  };
}

/** Makes the way to ask about opaque tokens: each is shown to the one issuer that it may be of. */
function createIntrospections(deps: TokenCheckDeps): TokenCheck {
  const asked = deps.issuers.flatMap((issuer) => {
    const { introspection } = issuer.config;
    if (introspection === null) return [];
    const find = createKeyLookup({
      async find(_hash, token) {
        const verified = await verifyIntrospected(token, issuer, deps.now());
        if (verified === null) await deps.onWithdrawn(toOpaqueId(issuer.config.issuer, token));
        return verified;
      },
      queue: createQueue(AT_ONCE, deps.now),
      now: deps.now,
    });
    return [{ prefix: introspection.token_prefix, issuer: issuer.config.issuer, find }];
  });
  return async (token, { note } = {}) => {
    const one = isJwt(token) ? undefined : asked.find(({ prefix }) => token.startsWith(prefix));
    if (one === undefined)
      throw new GatewayError("token_invalid", "The token is malformed, or of an issuer that isn't accepted.");
    note?.("form", `an opaque token, which the issuer ${one.issuer} is asked about`);
    const verified = await one.find(token);
    if (verified === null)
      throw new GatewayError("token_invalid", "The token's issuer says that it doesn't count.");
    return verified;
  };
}

function toWords({ name, owner, purpose, tools }: Agent): string {
  return `${name} of ${owner}, ${purpose}; tools ${tools.join(", ") || "none"}`;
}

async function asUnavailable<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw new GatewayError(
      "identity_unavailable",
      "The token can't be checked: the database is out of reach.",
      { cause: error },
    );
  }
}
