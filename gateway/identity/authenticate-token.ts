// Who is calling: from an Authorization header to a caller, at once for a token that is known.
import { hash as digest } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { KeyOwner } from "../../db/queries/service-accounts.ts";
import type { Revocation } from "../../db/queries/revocations.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { parseBearer } from "./bearer.ts";
import { isClientSecretText, isKeyText } from "./key-format.ts";
import { createKeyLookup } from "./key-lookup.ts";
import type { ProviderKeyIncident } from "./provider-keys.ts";
import { findProvider, findProviderOfIssuer } from "./provider-keys.ts";
import { createProviderKeyReporter } from "./report-provider-key.ts";
import type { RevocationLog } from "./revocation-log.ts";
import type { TrustedIssuer, VerifiedToken } from "./verify-token.ts";
import { isJwt, readIssuer, verifyToken } from "./verify-token.ts";

/** The issuer of service accounts' callers. */
const OWN_ISSUER = "tollgate";

export type Authenticator = {
  /**
   * Gives the caller: at once for a token that is known, else a promise. Throws, or rejects with, `token_missing`,
   * `token_invalid`, `token_expired`, `token_revoked`, `provider_key_presented` or `identity_unavailable`.
   */
  authenticate(authorization: string | undefined): Caller | Promise<Caller>;
  /**
   * Asks about a caller whose client secret has opened a socket: the secret may have expired since, the caller's own
   * credential must not. Throws, or rejects with, `token_expired`, `token_revoked` or `identity_unavailable`.
   */
  confirm(caller: Caller): Caller | Promise<Caller>;
  /** Says whether this process has seen the credential's revocation. */
  isRevoked(credentialId: string): boolean;
  /** Calls back with each credential that is revoked, so that its open streams can be cut; gives the way to stop. */
  onRevoked(callback: (credentialId: string) => void): () => void;
  close(): Promise<void>;
};

export type TokenAuthenticatorDeps = {
  readonly findKeyOwner: (hash: Buffer) => Promise<KeyOwner | null>;
  /** Finds what a client secret stands for; `until` is its expiry. */
  readonly findClientSecret: (hash: Buffer) => Promise<VerifiedToken | null>;
  /** Says whether an issuer's token, or its subject, was ever revoked. */
  readonly wasRevoked: (credentialId: string, subjectId: string) => Promise<boolean>;
  readonly followRevocations: (onRevocation: (revocation: Revocation) => void) => RevocationLog;
  readonly issuers: readonly TrustedIssuer[];
  /** Keys the hash of presented provider keys. */
  readonly secret: Buffer;
  readonly onProviderKey: (incident: ProviderKeyIncident) => void;
  readonly now?: () => number;
  readonly cacheSize?: number;
};

type Known = VerifiedToken & { readonly subjectId: string };
type Refused = {
  readonly code: "token_invalid" | "token_revoked" | "token_expired";
  readonly message: string;
};

/** Names a subject in the log of revocations. */
export function toSubjectId(caller: Pick<Caller, "tenant" | "issuer" | "subject">): string {
  return JSON.stringify([caller.tenant, caller.issuer, caller.subject]);
}

/** Creates the authenticator. It keeps verified tokens by a hash of the header until they expire or are revoked. */
export function createTokenAuthenticator(deps: TokenAuthenticatorDeps): Authenticator {
  const now = deps.now ?? Date.now;
  const known = new LRUCache<string, Known>({ max: deps.cacheSize ?? 20_000 });
  const refused = new LRUCache<string, Refused>({ max: 10_000, ttl: 60_000 });
  const revokedIds = new LRUCache<string, true>({ max: 100_000 });
  const reportProviderKey = createProviderKeyReporter({ ...deps, now });
  const findOwner = createKeyLookup({ find: deps.findKeyOwner, now });
  const findSecret = createKeyLookup({ find: deps.findClientSecret, now });
  const pending = new Map<string, Promise<Caller>>();
  const callbacks = new Set<(credentialId: string) => void>();
  const issuers = new Map(deps.issuers.map((issuer) => [issuer.config.issuer, issuer]));
  const revocations = deps.followRevocations(onRevocation);

  function onRevocation(revocation: Revocation): void {
    revokedIds.set(`${revocation.kind}\0${revocation.id}`, true);
    const hit = new Set<string>(revocation.kind === "credential" ? [revocation.id] : []);
    for (const [key, entry] of known.entries()) {
      const isHit = revocation.kind === "credential" ? entry.caller.credentialId : entry.subjectId;
      if (isHit !== revocation.id) continue;
      known.delete(key);
      hit.add(entry.caller.credentialId);
    }
    for (const id of hit) {
      revokedIds.set(`credential\0${id}`, true);
      for (const callback of callbacks) callback(id);
    }
  }

  function isSeenRevoked(entry: Pick<Known, "caller" | "subjectId">): boolean {
    return (
      revokedIds.has(`credential\0${entry.caller.credentialId}`) ||
      revokedIds.has(`subject\0${entry.subjectId}`)
    );
  }

  async function lookUp(authorization: string, key: string): Promise<Caller> {
    // Confirmed before the look-up: whatever is revoked from here on arrives through the log.
    if (!revocations.isFresh()) await revocations.confirm();
    const held = known.get(key);
    if (held !== undefined && held.until > now()) return held.caller;
    const token = parseBearer(authorization);
    const verified = await check(token);
    const entry = { ...verified, subjectId: toSubjectId(verified.caller) };
    if (isSeenRevoked(entry)) throw revoked();
    known.set(key, entry);
    return entry.caller;
  }

  function check(token: string): Promise<VerifiedToken> {
    if (isKeyText(token)) return checkKey(token);
    return isClientSecretText(token) ? checkSecret(token) : checkToken(token);
  }

  /** A client secret counts as long as the credential does with which it was asked for. */
  async function checkSecret(token: string): Promise<VerifiedToken> {
    const found = await findSecret(token);
    if (found === null) throw new GatewayError("token_invalid", "The client secret is unknown.");
    if (found.until <= now()) throw expired();
    await requireUnrevoked(found.caller);
    return found;
  }

  async function requireUnrevoked(caller: Caller): Promise<void> {
    if (await asUnavailable(deps.wasRevoked(caller.credentialId, toSubjectId(caller)))) throw revoked();
  }

  async function checkKey(token: string): Promise<VerifiedToken> {
    const owner = await findOwner(token);
    if (owner === null) throw new GatewayError("token_invalid", "The token is unknown.");
    if (owner.isRevoked) throw revoked();
    const expiresAt = owner.expiresAt?.getTime() ?? null;
    if (expiresAt !== null && expiresAt <= now()) throw expired();
    const caller: Caller = {
      tenant: owner.tenant,
      issuer: OWN_ISSUER,
      subject: owner.name,
      kind: "service",
      groups: owner.groups,
      scopes: owner.scopes,
      claims: {},
      actsFor: null,
      credentialId: owner.keyId,
      expiresAt,
    };
    return { caller, until: expiresAt ?? Number.POSITIVE_INFINITY };
  }

  async function checkToken(token: string): Promise<VerifiedToken> {
    const issuer = isJwt(token) ? readIssuer(token) : null;
    const trusted = issuer === null ? undefined : issuers.get(issuer);
    if (trusted === undefined) throw refuseUnknown(token, issuer);
    const verified = await verifyToken(token, trusted, now());
    await requireUnrevoked(verified.caller);
    return verified;
  }

  function refuseUnknown(token: string, issuer: string | null): GatewayError {
    const provider = findProvider(token) ?? (issuer === null ? null : findProviderOfIssuer(issuer));
    if (provider === null)
      return new GatewayError(
        "token_invalid",
        "The token is malformed, or of an issuer that isn't accepted.",
      );
    reportProviderKey(provider, token);
    return new GatewayError(
      "provider_key_presented",
      "This is a provider's own key. Use a Tollgate token instead, and revoke that key at the provider.",
    );
  }

  function start(authorization: string, key: string): Promise<Caller> {
    const running = pending.get(key);
    if (running !== undefined) return running;
    const started = lookUp(authorization, key)
      .catch((error: unknown) => {
        if (error instanceof GatewayError) remember(key, error);
        throw error;
      })
      .finally(() => pending.delete(key));
    pending.set(key, started);
    return started;
  }

  /** Remembers answers that can't change; an issuer's keys rotate, so its tokens are tried again. */
  function remember(key: string, error: GatewayError): void {
    if (error.code === "token_revoked" || error.code === "token_expired") {
      refused.set(key, { code: error.code, message: error.message });
    }
  }

  return {
    authenticate(authorization) {
      if (authorization === undefined) parseBearer(authorization);
      const header = authorization ?? "";
      const key = digest("sha256", header, "base64url");
      const entry = known.get(key);
      if (entry !== undefined) {
        if (entry.until <= now()) {
          // A socket that a client secret has opened outlives it, and ends with its caller.
          if (entry.caller.grant === undefined) known.delete(key);
          throw expired();
        }
        if (revocations.isFresh()) return entry.caller;
        return start(header, key);
      }
      const refusal = refused.get(key);
      if (refusal !== undefined) throw new GatewayError(refusal.code, refusal.message);
      return start(header, key);
    },
    confirm(caller) {
      if (caller.expiresAt !== null && caller.expiresAt <= now()) throw expired();
      const settle = (): Caller => {
        if (isSeenRevoked({ caller, subjectId: toSubjectId(caller) })) throw revoked();
        return caller;
      };
      return revocations.isFresh() ? settle() : revocations.confirm().then(settle);
    },
    isRevoked: (credentialId) => revokedIds.has(`credential\0${credentialId}`),
    onRevoked(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    close: () => revocations.close(),
  };
}

function revoked(): GatewayError {
  return new GatewayError("token_revoked", "The token was revoked; ask an operator for a new one.");
}

function expired(): GatewayError {
  return new GatewayError("token_expired", "The token has expired; fetch a fresh one.");
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
