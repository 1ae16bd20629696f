// Who is calling: from an Authorization header to a caller, at once for a token that is known.
import { hash as digest } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Ends, Revocation } from "../../db/queries/revocations.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { admit } from "./binding.ts";
import { parseBearer } from "./bearer.ts";
import type { TokenCheck } from "./check-token.ts";
import { tokenExpired, tokenRevoked } from "./refusals.ts";
import { createRevoked, endsBy } from "./revoked.ts";
import type { RevocationLog } from "./revocation-log.ts";
import type { Sender } from "./sender.ts";
import { toCallerEnds } from "./subject-id.ts";
import type { VerifiedToken } from "./verify-token.ts";

export type Authenticator = {
  /**
   * Gives the caller: at once for a token that is known, else a promise. Throws, or rejects with, `token_missing`,
   * `token_invalid`, `token_expired`, `token_revoked`, `provider_key_presented` or `identity_unavailable`.
   */
  authenticate(authorization: string | undefined, sender?: Sender): Caller | Promise<Caller>;
  /**
   * Asks about a caller whose client secret has opened a socket: the secret may have expired since, the caller's own
   * credential must not. Throws, or rejects with, `token_expired`, `token_revoked` or `identity_unavailable`.
   */
  confirm(caller: Caller): Caller | Promise<Caller>;
  /** Says whether this process has seen a revocation that ends the caller. */
  isRevoked(caller: Caller): boolean;
  /** Calls back at each revocation with what tells whom it ends, so that open streams can be cut; gives the way to stop. */
  onRevoked(callback: (isEnded: (caller: Caller) => boolean) => void): () => void;
  close(): Promise<void>;
};

export type TokenAuthenticatorDeps = {
  readonly check: TokenCheck;
  readonly followRevocations: (onRevocation: (revocation: Revocation) => void) => RevocationLog;
  readonly now?: () => number;
  readonly cacheSize?: number;
};

type Known = VerifiedToken & { readonly ends: Ends };
type Refused = {
  readonly code: "token_invalid" | "token_revoked" | "token_expired";
  readonly message: string;
};

/** What is open is asked about at each revocation. */
const openEnds = new WeakMap<Caller, Ends>();

function toOpenEnds(caller: Caller): Ends {
  const ends = openEnds.get(caller) ?? toCallerEnds(caller);
  openEnds.set(caller, ends);
  return ends;
}

/** Creates the authenticator. It keeps verified tokens by a hash of the header until they expire or are revoked. */
export function createTokenAuthenticator(deps: TokenAuthenticatorDeps): Authenticator {
  const now = deps.now ?? Date.now;
  const known = new LRUCache<string, Known>({ max: deps.cacheSize ?? 20_000 });
  const refused = new LRUCache<string, Refused>({ max: 10_000, ttl: 60_000 });
  const revoked = createRevoked();
  const pending = new Map<string, Promise<Caller>>();
  const callbacks = new Set<(isEnded: (caller: Caller) => boolean) => void>();
  const revocations = deps.followRevocations(onRevocation);

  function onRevocation(revocation: Revocation): void {
    revoked.add(revocation);
    for (const [key, entry] of known.entries()) if (endsBy(entry.ends, revocation)) known.delete(key);
    for (const callback of callbacks) callback((caller) => endsBy(toOpenEnds(caller), revocation));
  }

  /** The issuer says that a token which it vouched for before doesn't count any more: what runs by it ends. */
  function drop(key: string, { caller: { credentialId } }: Known): void {
    known.delete(key);
    for (const callback of callbacks) callback((caller) => toOpenEnds(caller).names.includes(credentialId));
  }

  async function lookUp(authorization: string, key: string, sender?: Sender): Promise<Caller> {
    // Confirmed before the look-up: whatever is revoked from here on arrives through the log.
    if (!revocations.isFresh()) await revocations.confirm();
    const held = known.get(key);
    if (held !== undefined && held.until > now()) return held.caller;
    const token = parseBearer(authorization);
    const verified = await deps.check(token, { sender }).catch((error: unknown) => {
      if (held !== undefined && error instanceof GatewayError && error.code === "token_invalid")
        drop(key, held);
      throw error;
    });
    const entry = { ...verified, ends: toCallerEnds(verified.caller) };
    if (revoked.ends(entry.ends)) throw tokenRevoked();
    known.set(key, entry);
    return entry.caller;
  }

  function start(authorization: string, key: string, sender?: Sender): Promise<Caller> {
    const running = pending.get(key);
    if (running !== undefined) return running;
    const started = lookUp(authorization, key, sender)
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

  function find(header: string, sender?: Sender): Caller | Promise<Caller> {
    const key = digest("sha256", header, "base64url");
    const entry = known.get(key);
    if (entry !== undefined) {
      if (entry.until <= now()) {
        if (entry.isRenewable === true) return start(header, key, sender);
        // A socket that a client secret has opened outlives it, and ends with its caller.
        if (entry.caller.grant === undefined) known.delete(key);
        throw tokenExpired();
      }
      if (revocations.isFresh()) return entry.caller;
      return start(header, key, sender);
    }
    const refusal = refused.get(key);
    if (refusal !== undefined) throw new GatewayError(refusal.code, refusal.message);
    return start(header, key, sender);
  }

  return {
    authenticate(authorization, sender) {
      if (authorization === undefined) parseBearer(authorization);
      const found = find(authorization ?? "", sender);
      return "then" in found ? found.then((caller) => admit(caller, sender)) : admit(found, sender);
    },
    confirm(caller) {
      if (caller.expiresAt !== null && caller.expiresAt <= now()) throw tokenExpired();
      const settle = (): Caller => {
        if (revoked.ends(toCallerEnds(caller))) throw tokenRevoked();
        return caller;
      };
      return revocations.isFresh() ? settle() : revocations.confirm().then(settle);
    },
    isRevoked: (caller) => revoked.ends(toCallerEnds(caller)),
    onRevoked(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    close: () => revocations.close(),
  };
}
