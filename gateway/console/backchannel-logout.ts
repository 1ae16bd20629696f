// An issuer tells that somebody is out (OpenID Connect Back-Channel Logout 1.0): the console's sessions end, and tokens too.
import type { Hono } from "hono";
import type { Database } from "../../db/client.ts";
import { endAtLogout } from "../../db/queries/end-at-logout.ts";
import { GatewayError } from "../errors.ts";
import type { Logout } from "../identity/logout-token.ts";
import type { Log } from "../log.ts";
import { readFields } from "./door.ts";

/** An issuer that may tell so. */
export type LogoutIssuer = {
  readonly name: string;
  /** Its `iss`. */
  readonly issuer: string;
  /** Whether callers are named by the issuer's `sub`, so that it names their tokens too. */
  readonly namesCallers: boolean;
  /** Verifies a logout token. Throws `token_invalid` or `identity_unavailable`. */
  verifyLogout(token: string): Promise<Logout>;
};

/** Adds the route. */
export function addBackchannelLogout(
  app: Hono,
  deps: {
    readonly db: Database;
    readonly issuers: readonly LogoutIssuer[];
    readonly endsTokens: boolean;
    readonly log: Log;
  },
): void {
  const { db, issuers, endsTokens, log } = deps;

  async function take(from: LogoutIssuer, token: string): Promise<void> {
    const { issuer, namesCallers } = from;
    const logout = await from.verifyLogout(token);
    const sessions = await endAtLogout(db, { ...logout, issuer, namesCallers, endsTokens });
    if (sessions === null) throw new GatewayError("token_invalid", "The logout token was used before.");
    log.info({ issuer: from.name, sessions }, "An issuer ended somebody's sessions.");
  }

  app.post("/console/backchannel-logout/:name", async (c) => {
    const from = issuers.find(({ name }) => name === c.req.param("name"));
    const token = (await readFields(c)).get("logout_token");
    if (from === undefined || token === undefined) return c.json({ error: "invalid_request" }, 400);
    try {
      await take(from, token);
      return c.body(null, 200);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      log.warn({ issuer: from.name, err: error }, "A logout token was refused.");
      const { message } = error;
      if (error.code === "identity_unavailable")
        return c.json({ error: "temporarily_unavailable", error_description: message }, 503);
      return c.json({ error: "invalid_request", error_description: message }, 400);
    }
  });
}
