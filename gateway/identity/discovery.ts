// An issuer as openid-client knows it: found once, kept, and after a failure not asked again in a storm.
import * as oauth from "openid-client";
import { GatewayError } from "../errors.ts";
import { fetchForClient } from "./bounded-fetch.ts";

/** Seconds that one question to an issuer may take. */
export const TIMEOUT_S = 5;
/** Least time between two attempts to discover an issuer that fails. */
const COOLDOWN_MS = 10_000;

/** Discovers an issuer for a client of ours; plain HTTP is for issuers on this machine. */
export function discoverIssuer(
  issuer: string,
  clientId: string,
  secret: string | null,
): Promise<oauth.Configuration> {
  return oauth.discovery(new URL(issuer), clientId, undefined, toAuth(secret), {
    timeout: TIMEOUT_S,
    [oauth.customFetch]: fetchForClient,
    execute: issuer.startsWith("http:") ? [oauth.allowInsecureRequests] : [],
  });
}

/** Gives how a client of ours proves itself. */
export function toAuth(secret: string | null): oauth.ClientAuth {
  return secret === null ? oauth.None() : oauth.ClientSecretBasic(secret);
}

/** Keeps what `make` gives; throws `identity_unavailable` where that fails, and for a while after it did. */
export function keepConfiguration(
  make: () => Promise<oauth.Configuration>,
  now: () => number = Date.now,
): () => Promise<oauth.Configuration> {
  let found: Promise<oauth.Configuration> | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (found === null) {
      if (now() - failedAt < COOLDOWN_MS) throw issuerUnavailable(null);
      found = make();
    }
    try {
      return await found;
    } catch (cause) {
      if (found !== null) failedAt = now();
      found = null;
      throw cause instanceof GatewayError ? cause : issuerUnavailable(cause);
    }
  };
}

/** Says that an issuer can't be asked. */
export function issuerUnavailable(cause: unknown): GatewayError {
  return new GatewayError("identity_unavailable", "The token's issuer is out of reach; try again.", {
    cause,
  });
}
