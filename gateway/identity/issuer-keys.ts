// The signing keys of one issuer: found by discovery, kept, fetched again when they rotate, never fetched in a storm.
import { createLocalJWKSet, errors } from "jose";
import type { CryptoKey, FlattenedJWSInput, JWSHeaderParameters } from "jose";
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import { boundedFetch } from "./bounded-fetch.ts";

export type IssuerKeys = {
  /** Gives the key that a token names; throws jose's `JWKSNoMatchingKey`, or `identity_unavailable`. */
  find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>;
};

export type IssuerKeysOptions = {
  readonly issuer: string;
  /** Null: found by OpenID discovery. */
  readonly jwksUri: string | null;
  readonly now?: () => number;
  /** Least time between two fetches, whatever tokens ask for. */
  readonly cooldownMs?: number;
  /** Age from which keys are fetched again, while those at hand still serve. */
  readonly refreshMs?: number;
  /** Age from which keys serve no more: an issuer that can't be asked may have withdrawn them. */
  readonly maxAgeMs?: number;
  readonly timeoutMs?: number;
};

type Keys = { readonly find: ReturnType<typeof createLocalJWKSet>; readonly at: number };

/** Keeps an issuer's keys. Fetches nothing until the first token. */
export function createIssuerKeys(options: IssuerKeysOptions): IssuerKeys {
  const now = options.now ?? Date.now;
  const cooldownMs = options.cooldownMs ?? 10_000;
  const refreshMs = options.refreshMs ?? 600_000;
  const maxAgeMs = options.maxAgeMs ?? 3_600_000;
  let keys: Keys | null = null;
  let jwksUri = options.jwksUri;
  let attemptAt = Number.NEGATIVE_INFINITY;
  let hasFailed = false;
  let pending: Promise<void> | null = null;

  async function load(): Promise<void> {
    attemptAt = now();
    const signal = AbortSignal.timeout(options.timeoutMs ?? 5000);
    try {
      const uri = jwksUri ?? (await discover(options.issuer, signal));
      const set = z
        .object({ keys: z.array(z.looseObject({ kty: z.string() })) })
        .parse(await fetchJson(uri, signal));
      keys = { find: createLocalJWKSet(set), at: now() };
      jwksUri = uri;
      hasFailed = false;
    } catch (error) {
      hasFailed = true;
      // A provider may move its keys: the next attempt looks them up again.
      jwksUri = options.jwksUri;
      throw unavailable(error);
    }
  }

  /** Fetches, together with everyone who waits; within the cooldown nobody fetches. */
  async function refresh(): Promise<void> {
    if (pending === null) {
      if (now() - attemptAt < cooldownMs) {
        if (hasFailed) throw unavailable(null);
        return;
      }
      pending = load().finally(() => (pending = null));
    }
    await pending;
  }

  return {
    async find(header, token) {
      const age = keys === null ? Number.POSITIVE_INFINITY : now() - keys.at;
      if (age > maxAgeMs) await refresh();
      else if (age > refreshMs) void refresh().catch(() => undefined);
      const known = keys;
      if (known === null || now() - known.at > maxAgeMs) throw unavailable(null);
      try {
        return await known.find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        await refresh();
        if (keys === known || keys === null) throw error;
        return keys.find(header, token);
      }
    },
  };
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError(
    "identity_unavailable",
    "The keys of the token's issuer are out of reach; try again.",
    { cause },
  );
}

/** OpenID Connect Discovery 1.0, section 4: the document must name the very issuer that it was asked for. */
async function discover(issuer: string, signal: AbortSignal): Promise<string> {
  const document = z.object({ issuer: z.literal(issuer), jwks_uri: z.url({ protocol: /^https?$/ }) });
  const found = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, signal);
  const { jwks_uri: uri } = document.parse(found);
  if (new URL(uri).protocol === "http:" && new URL(issuer).protocol === "https:") {
    throw new Error("The discovery document names keys on an unprotected address.");
  }
  return uri;
}

async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await boundedFetch(url, { signal, headers: { accept: "application/json" } });
  if (response.status !== 200) throw new Error(`The issuer answered with status ${response.status}.`);
  const value: unknown = await response.json();
  return value;
}
