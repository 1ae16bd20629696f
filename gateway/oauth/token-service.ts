// The token service on a database: what its grants ask and keep.
import type { Hono } from "hono";
import type { Database } from "../../db/client.ts";
import { findClientAccount, useAssertion } from "../../db/queries/client-keys.ts";
import { isRevoked } from "../../db/queries/revocations.ts";
import { addTokens, findToken, revokeTokens, rotateToken } from "../../db/queries/tokens.ts";
import type { SamlIssuerConfig } from "../config/saml-issuers.ts";
import type { TokenCheck } from "../identity/check-token.ts";
import { toSubjectId } from "../identity/subject-id.ts";
import type { Log } from "../log.ts";
import type { SamlIncident } from "../saml/assertion-check.ts";
import { createAssertionCheck, createAttackReporter } from "../saml/assertion-check.ts";
import { openSamlIssuers } from "../saml/issuers.ts";
import type { Lifetimes } from "./issue-tokens.ts";
import { createTokenService, toTokenEndpoint } from "./routes.ts";

/** Opens the token service of a gateway. `check` tells the tokens that are exchanged. */
export function openTokenService(deps: {
  readonly db: Database;
  readonly check: TokenCheck;
  readonly publicUrl: () => string;
  readonly lifetimes: Lifetimes;
  readonly onReuse: () => void;
  readonly samlIssuers: readonly SamlIssuerConfig[];
  readonly onSamlAttack: (incident: SamlIncident) => void;
  readonly log: Log;
}): Hono {
  const { db } = deps;
  const uses = {
    useAssertion: (hash: Buffer, expiresAt: Date) => useAssertion(db, hash, expiresAt),
    now: Date.now,
  };
  return createTokenService({
    ...deps,
    ...uses,
    findAccount: (name) => findClientAccount(db, name),
    checkAssertion: createAssertionCheck({
      ...uses,
      issuers: openSamlIssuers(deps.samlIssuers, Date.now),
      onAttack: createAttackReporter(deps.onSamlAttack, Date.now),
      recipient: () => toTokenEndpoint(deps.publicUrl()),
    }),
    add: (rows) => addTokens(db, rows),
    rotate: (hash, make) => rotateToken(db, hash, make),
    wasRevoked: (parents, caller) => isRevoked(db, [...parents, toSubjectId(caller)]),
    async end(hash) {
      const token = await findToken(db, hash);
      if (token === null) return;
      const which = token.use === "refresh" ? { family: token.family } : { id: token.id };
      await revokeTokens(db, which, `${token.subject} of ${token.issuer}`);
    },
  });
}
