// The token service on a database: what its grants ask and keep.
import type { Hono } from "hono";
import type { Database } from "../../db/client.ts";
import { findClientAccount, useAssertion } from "../../db/queries/client-keys.ts";
import { isRevoked } from "../../db/queries/revocations.ts";
import { addTokens, findToken, revokeTokens, rotateToken } from "../../db/queries/tokens.ts";
import type { TokenCheck } from "../identity/check-token.ts";
import { toSubjectId } from "../identity/subject-id.ts";
import type { Log } from "../log.ts";
import type { Lifetimes } from "./issue-tokens.ts";
import { createTokenService } from "./routes.ts";
import type { TokenServiceDeps } from "./routes.ts";

/** Opens the token service of a gateway. `check` tells the tokens that are exchanged. */
export function openTokenService(deps: {
  readonly db: Database;
  readonly check: TokenCheck;
  readonly publicUrl: () => string;
  readonly lifetimes: Lifetimes;
  readonly toSender: TokenServiceDeps["toSender"];
  readonly onReuse: TokenServiceDeps["onReuse"];
  readonly log: Log;
}): Hono {
  const { db } = deps;
  return createTokenService({
    ...deps,
    findAccount: (name) => findClientAccount(db, name),
    useAssertion: (hash, expiresAt) => useAssertion(db, hash, expiresAt),
    add: (rows) => addTokens(db, rows),
    rotate: (hash, make) => rotateToken(db, hash, make),
    wasRevoked: (parents, caller) => isRevoked(db, [...parents, toSubjectId(caller)]),
    async end(hash) {
      const token = await findToken(db, hash);
      if (token === null) return;
      const which = token.use === "refresh" ? { family: token.family } : { id: token.id };
      await revokeTokens(db, which, `${token.subject} of ${token.issuer}`);
    },
    now: Date.now,
  });
}
