// The token service on a database: what its grants ask and keep.
import type { Hono } from "hono";
import type { Database } from "../../db/client.ts";
import { findClientAccount, useAssertion } from "../../db/queries/client-keys.ts";
import { isRevoked } from "../../db/queries/revocations.ts";
import { addTokens, findToken, revokeTokens, rotateToken } from "../../db/queries/tokens.ts";
import type { SamlIssuerConfig } from "../config/saml-issuers.ts";
import type { TokenCheck } from "../identity/check-token.ts";
import { toEnds } from "../identity/subject-id.ts";
import { createTurns } from "../identity/turns.ts";
import type { Turns } from "../identity/turns.ts";
import type { Log } from "../log.ts";
import type { SamlIncident } from "../saml/assertion-check.ts";
import { createAssertionCheck, createAttackReporter } from "../saml/assertion-check.ts";
import { openSamlIssuers } from "../saml/issuers.ts";
import type { Lifetimes } from "./issue-tokens.ts";
import { createTokenService, toTokenEndpoint } from "./routes.ts";
import type { TokenServiceDeps } from "./routes.ts";

/** Questions to the database at once: however many ask for tokens, callers are still looked up. */
const AT_ONCE = 2;

/** Opens the token service of a gateway. `createCheck` makes what tells the tokens that are exchanged. */
export function openTokenService(deps: {
  readonly db: Database;
  readonly createCheck: (turns: Turns) => TokenCheck;
  readonly publicUrl: () => string;
  readonly lifetimes: Lifetimes & { readonly per_subject: number };
  readonly longest: TokenServiceDeps["longest"];
  readonly toSender: TokenServiceDeps["toSender"];
  readonly failures: TokenServiceDeps["failures"];
  readonly logins: TokenServiceDeps["logins"];
  readonly onReuse: TokenServiceDeps["onReuse"];
  readonly samlIssuers: readonly SamlIssuerConfig[];
  readonly onSamlAttack: (incident: SamlIncident) => void;
  readonly log: Log;
}): Hono {
  const { db } = deps;
  const now = Date.now;
  const turns = createTurns(AT_ONCE, now);
  const useUp = (hash: Buffer, expiresAt: Date): Promise<boolean> =>
    turns(() => useAssertion(db, hash, expiresAt));
  return createTokenService({
    ...deps,
    check: deps.createCheck(turns),
    checkAssertion: createAssertionCheck({
      issuers: openSamlIssuers(deps.samlIssuers, now),
      useAssertion: useUp,
      onAttack: createAttackReporter(deps.onSamlAttack, now),
      recipient: () => toTokenEndpoint(deps.publicUrl()),
      now,
    }),
    findAccount: (name) => turns(() => findClientAccount(db, name)),
    useAssertion: useUp,
    add: (rows) => turns(() => addTokens(db, rows, deps.lifetimes.per_subject)),
    rotate: (hash, make) => turns(() => rotateToken(db, hash, make, deps.lifetimes.per_subject)),
    wasRevoked: (parents, caller) => turns(() => isRevoked(db, toEnds(caller, parents))),
    end: (hash) =>
      turns(async () => {
        const token = await findToken(db, hash);
        if (token === null) return false;
        const which = token.use === "refresh" ? { family: token.family } : { id: token.id };
        await revokeTokens(db, which, `${token.subject} of ${token.issuer}`);
        return true;
      }),
    now,
  });
}
