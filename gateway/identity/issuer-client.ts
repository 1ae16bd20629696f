// The gateway as a client of an issuer: asks about opaque tokens (RFC 7662), and for groups that a token had no room for.
import * as oauth from "openid-client";
import type { IssuerConfig } from "../config/issuers.ts";
import { GatewayError } from "../errors.ts";
import { fetchForClient } from "./bounded-fetch.ts";

/** Claims as an issuer gives them. */
export type Claims = { readonly [name: string]: unknown };

export type IssuerClient = {
  /** Asks about a token; null where the issuer says that it doesn't count. Throws `identity_unavailable`. */
  introspect(token: string): Promise<Claims | null>;
  /** Asks for the claims of the token's subject. Throws `token_invalid` or `identity_unavailable`. */
  askUserInfo(token: string, subject: string): Promise<Claims>;
};

const TIMEOUT_S = 5;
/** Least time between two attempts to discover an issuer that fails. */
const COOLDOWN_MS = 10_000;

/** Makes the client. `secret` is that of the client which introspection names. */
export function createIssuerClient(options: {
  readonly config: IssuerConfig;
  readonly secret: string | null;
  readonly now?: () => number;
}): IssuerClient {
  const { config, secret } = options;
  const now = options.now ?? Date.now;
  let found: Promise<oauth.Configuration> | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;

  async function configure(): Promise<oauth.Configuration> {
    const { introspection } = config;
    const clientId = introspection?.client_id ?? "tollgate";
    const auth = secret === null ? oauth.None() : oauth.ClientSecretBasic(secret);
    const isPlain = config.issuer.startsWith("http:");
    if (introspection !== null && introspection.endpoint !== null && config.group_overage !== "userinfo") {
      const made = new oauth.Configuration(
        { issuer: config.issuer, introspection_endpoint: introspection.endpoint },
        clientId,
        undefined,
        auth,
      );
      made.timeout = TIMEOUT_S;
      made[oauth.customFetch] = fetchForClient;
      if (isPlain) oauth.allowInsecureRequests(made);
      return made;
    }
    return oauth.discovery(new URL(config.issuer), clientId, undefined, auth, {
      timeout: TIMEOUT_S,
      [oauth.customFetch]: fetchForClient,
      execute: isPlain ? [oauth.allowInsecureRequests] : [],
    });
  }

  async function getConfiguration(): Promise<oauth.Configuration> {
    if (found === null) {
      if (now() - failedAt < COOLDOWN_MS) throw unavailable(null);
      found = configure();
    }
    try {
      return await found;
    } catch (cause) {
      if (found !== null) failedAt = now();
      found = null;
      throw cause instanceof GatewayError ? cause : unavailable(cause);
    }
  }

  return {
    async introspect(token) {
      const configuration = await getConfiguration();
      try {
        const { active, ...claims } = await oauth.tokenIntrospection(configuration, token);
        return active ? claims : null;
      } catch (cause) {
        throw unavailable(cause);
      }
    },
    async askUserInfo(token, subject) {
      const configuration = await getConfiguration();
      try {
        return await oauth.fetchUserInfo(configuration, token, subject);
      } catch (cause) {
        if (cause instanceof oauth.WWWAuthenticateChallengeError)
          throw new GatewayError("token_invalid", "The issuer doesn't give the groups of this token.", {
            cause,
          });
        throw unavailable(cause);
      }
    },
  };
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError("identity_unavailable", "The token's issuer is out of reach; try again.", {
    cause,
  });
}
