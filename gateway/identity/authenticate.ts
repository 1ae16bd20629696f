// The door of this stage: the authenticator on a database, for the configured issuers.
import type { Database } from "../../db/client.ts";
import { createRevocationReader, isRevoked, listenForRevocations } from "../../db/queries/revocations.ts";
import { endChildren } from "../../db/queries/tokens.ts";
import type { Ends } from "../../db/queries/revocations.ts";
import { findKeyOwner } from "../../db/queries/service-accounts.ts";
import type { IssuerConfig } from "../config/issuers.ts";
import type { Log } from "../log.ts";
export type { ProviderKeyIncident } from "./provider-keys.ts";
import type { Authenticator as TokenAuthenticator } from "./authenticate-token.ts";
import { findAccessToken } from "./access-tokens.ts";
import { createTokenAuthenticator } from "./authenticate-token.ts";
import type { ClientSecrets } from "./client-secrets.ts";
import { requireBound } from "./binding.ts";
import { createTokenCheck } from "./check-token.ts";
import type { TokenCheck, TokenCheckDeps } from "./check-token.ts";
import { openIssuers } from "./open-issuers.ts";
import type { ProviderKeyIncident } from "./provider-keys.ts";
import type { RevocationLog } from "./revocation-log.ts";
import { createRevocationLog } from "./revocation-log.ts";
import type { Turns } from "./turns.ts";

/** The authenticator, and a way to check tokens that are shown for something else than a call. */
export type Authenticator = TokenAuthenticator & {
  /** Makes the check of tokens that are shown to get others: whatever comes of that, calls are let in by their own. */
  createCheck(turns: Turns): TokenCheck;
};

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
  const checking = {
    findKeyOwner: (hash: Buffer) => findKeyOwner(db, hash),
    findClientSecret: deps.findClientSecret,
    findAccessToken: (hash: Buffer) => findAccessToken(db, hash),
    wasRevoked: (ends: Ends) => isRevoked(db, ends),
    onWithdrawn: (credentialId: string) => endChildren(db, credentialId, "its issuer, by introspection"),
    issuers: openIssuers(deps.issuers, deps.issuerSecrets),
    secret: deps.secret,
    onProviderKey: deps.onProviderKey,
    now: Date.now,
  } satisfies TokenCheckDeps;
  const authenticator = createTokenAuthenticator({
    check: createTokenCheck(checking),
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
    createCheck(turns) {
      const check = createTokenCheck({
        ...checking,
        turns,
        wasRevoked: (ends) => turns(() => checking.wasRevoked(ends)),
      });
      return async (token, around) => {
        const verified = await check(token, around);
        requireBound(verified.caller, around?.sender);
        return verified;
      };
    },
    async close() {
      await stopListening().catch(() => undefined);
      await authenticator.close();
    },
  };
}
