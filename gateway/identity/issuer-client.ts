// The gateway as a client of an issuer: asks about opaque tokens (RFC 7662), and for groups that a token had no room for.
import * as oauth from "openid-client";
import type { IssuerConfig } from "../config/issuers.ts";
import { GatewayError } from "../errors.ts";
import { fetchForClient } from "./bounded-fetch.ts";
import { discoverIssuer, issuerUnavailable, keepConfiguration, TIMEOUT_S, toAuth } from "./discovery.ts";

/** Claims as an issuer gives them. */
export type Claims = { readonly [name: string]: unknown };

export type IssuerClient = {
  /** Asks about a token; null where the issuer says that it doesn't count. Throws `identity_unavailable`. */
  introspect(token: string): Promise<Claims | null>;
  /** Asks for the claims of the token's subject. Throws `token_invalid` or `identity_unavailable`. */
  askUserInfo(token: string, subject: string): Promise<Claims>;
};

/** Makes the client. `secret` is that of the client which introspection names. */
export function createIssuerClient(options: {
  readonly config: IssuerConfig;
  readonly secret: string | null;
  readonly now?: () => number;
}): IssuerClient {
  const { config, secret } = options;
  async function configure(): Promise<oauth.Configuration> {
    const { introspection } = config;
    const clientId = introspection?.client_id ?? "tollgate";
    if (introspection !== null && introspection.endpoint !== null && config.group_overage !== "userinfo") {
      const made = new oauth.Configuration(
        { issuer: config.issuer, introspection_endpoint: introspection.endpoint },
        clientId,
        undefined,
        toAuth(secret),
      );
      made.timeout = TIMEOUT_S;
      made[oauth.customFetch] = fetchForClient;
      if (config.issuer.startsWith("http:")) oauth.allowInsecureRequests(made);
      return made;
    }
    return discoverIssuer(config.issuer, clientId, secret);
  }

  const getConfiguration = keepConfiguration(configure, options.now);

  return {
    async introspect(token) {
      const configuration = await getConfiguration();
      try {
        const { active, ...claims } = await oauth.tokenIntrospection(configuration, token);
        return active ? claims : null;
      } catch (cause) {
        throw issuerUnavailable(cause);
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
        throw issuerUnavailable(cause);
      }
    },
  };
}
