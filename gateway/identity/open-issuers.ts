// Opens the configured issuers: their keys, and the gateway as their client. Nothing is fetched before the first token.
import type { IssuerConfig } from "../config/issuers.ts";
import { createIssuerClient } from "./issuer-client.ts";
import { createIssuerKeys } from "./issuer-keys.ts";
import type { TrustedIssuer } from "./verify-token.ts";

/** Opens each issuer. `secrets` are those of the gateway's own clients, by `iss`. */
export function openIssuers(
  issuers: readonly IssuerConfig[],
  secrets: ReadonlyMap<string, string>,
): TrustedIssuer[] {
  return issuers.map((config) => ({
    config,
    keys: createIssuerKeys({ issuer: config.issuer, jwksUri: config.jwks_uri }),
    client: createIssuerClient({ config, secret: secrets.get(config.issuer) ?? null }),
  }));
}
