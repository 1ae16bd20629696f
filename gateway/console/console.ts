// The console: pages for people on the admin listener. docs/console.md says what they are for.
import { Hono } from "hono";
import type { Context } from "hono";
import type { Database } from "../../db/client.ts";
import { DatabaseError } from "../../db/errors.ts";
import { endConsoleSessions, toActor } from "../../db/queries/console-sessions.ts";
import type { Config } from "../config/config.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import { addBackchannelLogout } from "./backchannel-logout.ts";
import type { LogoutIssuer } from "./backchannel-logout.ts";
import { takeSession } from "./cookies.ts";
import { createDoor, problem } from "./door.ts";
import { addHeaders, isOwnHost, limitBody } from "./guard.ts";
import { addIssuerSignIn } from "./issuer-sign-in.ts";
import type { SignInIssuer } from "./issuer-sign-in.ts";
import { addLinkSignIn } from "./link-sign-in.ts";
import { limitSignIn } from "./limit-sign-in.ts";
import type { SignInLimit } from "./limit-sign-in.ts";
import { createPeople } from "./people.ts";
import { addActions } from "./show-actions.ts";
import { addCallers } from "./show-callers.ts";
import { addConnectionPages } from "./show-connections.ts";
import { addExchangePages } from "./show-exchanges.ts";
import type { ExchangePages } from "./show-exchanges.ts";
import { addHome } from "./show-home.ts";
import { STYLE } from "./style.ts";

/** An issuer whose people use the console; by OpenID it may tell that they are out. */
export type ConsoleIssuer =
  | (Extract<SignInIssuer, { protocol: "oidc" }> & LogoutIssuer)
  | Extract<SignInIssuer, { protocol: "saml" }>;

/** What the console needs. */
export type ConsoleDeps = Pick<ExchangePages, "describe" | "parseMoment"> &
  SignInLimit & {
    readonly db: Database;
    readonly config: Pick<Config, "console" | "connections" | "policy">;
    readonly issuers: readonly ConsoleIssuer[];
    /** The console's own origin, as its users see it. */
    readonly origin: string;
    readonly version: string;
    readonly log: Log;
  };

/** The console, as its listener asks it. */
export type Console = Hono;

const FORM_BYTES = 64 * 1024;
/** A SAML issuer's answer, as a form has it. */
const ANSWER_BYTES = 512 * 1024;
const ANSWER_PATH = /^\/console\/saml\/[^/]+\/acs$/;

/** Creates it. */
export function createConsole(deps: ConsoleDeps): Console {
  const { db, config, issuers, origin, toAddress, log } = deps;
  const app = new Hono();
  const hasIssuers = issuers.length > 0;
  const people = createPeople({
    db,
    settings: config.console,
    homeTenant: config.policy.tenant,
    hasIssuers,
  });
  const door = createDoor(people, origin, config.console.help);

  app.use("*", addHeaders(origin.startsWith("https:")), async (c, next) => {
    if (!isOwnHost(c, origin))
      return problem(c, 421, "Another address", `The console is at ${origin}/console (admin_url).`);
    return next();
  });
  app.use("*", limitSignIn(deps));
  app.use(
    "*",
    limitBody((path) => (ANSWER_PATH.test(path) ? ANSWER_BYTES : FORM_BYTES)),
  );
  app.get("/console/style.css", (c) => c.text(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));
  addIssuerSignIn(app, { people, issuers, toAddress, log });
  addLinkSignIn(app, { people, origin, hasIssuers, log });
  app.post(
    "/console/sign-out",
    door.action(null, async (c, { session }) => {
      await endConsoleSessions(db, { id: session.id }, toActor(session));
      takeSession(c);
      return "/console/sign-in";
    }),
  );
  addBackchannelLogout(app, {
    db,
    issuers: issuers.filter((one) => one.protocol === "oidc"),
    endsTokens: config.console.logout_ends_tokens,
    log,
  });
  addHome(app, { db, door, version: deps.version });
  addExchangePages(app, { db, door, describe: deps.describe, parseMoment: deps.parseMoment });
  addConnectionPages(app, { db, door, configured: config.connections });
  addCallers(app, { db, door });
  addActions(app, { db, door });
  app.notFound((c) => problem(c, 404, "Not found", "There is no such page."));
  app.onError((error, c) => toFailure(error, c, log));
  return app;
}

function toFailure(error: Error, c: Context, log: Log): Response | Promise<Response> {
  log.error({ err: error }, "A page of the console failed.");
  if (error instanceof GatewayError && error.code === "identity_unavailable")
    return problem(c, 503, "Try again", "The issuer is out of reach.");
  if (error instanceof DatabaseError) return problem(c, 503, "Try again", "The database is out of reach.");
  return problem(c, 500, "A fault", "Something is wrong here; the gateway's log says what.");
}
