// The door of this stage: the authenticator on a database, for the configured issuers.
import type { Database } from "../../db/client.ts";
import { createRevocationReader, isRevoked, listenForRevocations } from "../../db/queries/revocations.ts";
import { findKeyOwner } from "../../db/queries/service-accounts.ts";
import type { IssuerConfig } from "../config/config.ts";
import type { Log } from "../log.ts";
export type { Authenticator } from "./authenticate-token.ts";
export type { ProviderKeyIncident } from "./provider-keys.ts";
import type { Authenticator } from "./authenticate-token.ts";
import { createTokenAuthenticator } from "./authenticate-token.ts";
import type { ClientSecrets } from "./client-secrets.ts";
import { createIssuerKeys } from "./issuer-keys.ts";
import type { ProviderKeyIncident } from "./provider-keys.ts";
import type { RevocationLog } from "./revocation-log.ts";
import { createRevocationLog } from "./revocation-log.ts";

/** Longest time that the database may take to confirm the log; under the second for which a confirmation counts. */
const READ_LIMIT_MS = 900;

/** Creates the authenticator of a gateway. `secret` keys the hashes of presented provider keys. */
export async function createAuthenticator(deps: {
  readonly db: Database;
  readonly findClientSecret: ClientSecrets["find"];
  readonly issuers: readonly IssuerConfig[];
  readonly secret: Buffer;
  readonly log: Log;
  readonly onProviderKey: (incident: ProviderKeyIncident) => void;
}): Promise<Authenticator> {
  const { db, log } = deps;
  const opened: { log?: RevocationLog } = {};
  const authenticator = createTokenAuthenticator({
    findKeyOwner: (hash) => findKeyOwner(db, hash),
    findClientSecret: deps.findClientSecret,
    wasRevoked: (credentialId, subjectId) => isRevoked(db, credentialId, subjectId),
    followRevocations(onRevocation) {
      opened.log = createRevocationLog({
        reader: createRevocationReader(db, READ_LIMIT_MS),
        onRevocation,
        log,
      });
      return opened.log;
    },
    issuers: deps.issuers.map((config) => ({
      config,
      keys: createIssuerKeys({ issuer: config.issuer, jwksUri: config.jwks_uri }),
    })),
    secret: deps.secret,
    onProviderKey: deps.onProviderKey,
  });
  const stopListening = await listenForRevocations(db, () => opened.log?.wake());
  return {
    ...authenticator,
    async close() {
      await stopListening().catch(() => undefined);
      await authenticator.close();
    },
  };
}
