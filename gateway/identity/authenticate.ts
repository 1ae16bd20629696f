// The door of this stage: the authenticator on a database, for the configured issuers.
import type { Database } from "../../db/client.ts";
import { createRevocationReader, isRevoked, listenForRevocations } from "../../db/queries/revocations.ts";
import { findKeyOwner } from "../../db/queries/service-accounts.ts";
import type { IssuerConfig } from "../config/issuers.ts";
import type { Log } from "../log.ts";
export type { Authenticator } from "./authenticate-token.ts";
export type { ProviderKeyIncident } from "./provider-keys.ts";
import type { Authenticator } from "./authenticate-token.ts";
import { findAccessToken } from "./access-tokens.ts";
import { createTokenAuthenticator } from "./authenticate-token.ts";
import type { ClientSecrets } from "./client-secrets.ts";
import { createTokenCheck } from "./check-token.ts";
import { openIssuers } from "./open-issuers.ts";
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
  /** The secrets of the gateway's own clients at issuers, by `iss`. */
  readonly issuerSecrets: ReadonlyMap<string, string>;
  readonly secret: Buffer;
  readonly log: Log;
  readonly onProviderKey: (incident: ProviderKeyIncident) => void;
}): Promise<Authenticator> {
  const { db, log } = deps;
  const opened: { log?: RevocationLog } = {};
  const check = createTokenCheck({
    findKeyOwner: (hash) => findKeyOwner(db, hash),
    findClientSecret: deps.findClientSecret,
    findAccessToken: (hash) => findAccessToken(db, hash),
    wasRevoked: (names) => isRevoked(db, names),
    issuers: openIssuers(deps.issuers, deps.issuerSecrets),
    secret: deps.secret,
    onProviderKey: deps.onProviderKey,
    now: Date.now,
  });
  const authenticator = createTokenAuthenticator({
    check,
    followRevocations(onRevocation) {
      opened.log = createRevocationLog({
        reader: createRevocationReader(db, READ_LIMIT_MS),
        onRevocation,
        log,
      });
      return opened.log;
    },
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
