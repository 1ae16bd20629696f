// How people come in and go: by an issuer, by a one-time link where there is none, and out again.
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import type { Database } from "../../db/client.ts";
import { endConsoleSessions, toActor } from "../../db/queries/console-sessions.ts";
import { GatewayError } from "../errors.ts";
import { isLinkText } from "../identity/key-format.ts";
import type { OidcSignIn } from "../identity/sign-in.ts";
import type { Log } from "../log.ts";
import { giveSession, giveSignIn, readSession, takeSession, takeSignIn } from "./cookies.ts";
import type { Door } from "./door.ts";
import { foreign, problem, readFields } from "./door.ts";
import { isSameOrigin } from "./guard.ts";
import { toPlainPage } from "./layout.ts";
import type { People } from "./people.ts";

/** An issuer whose people may sign in. */
export type SignInIssuer = {
  /** As its addresses have it. */
  readonly name: string;
  readonly oidc: OidcSignIn;
};

/** Adds the routes. */
export function addSignIn(
  app: Hono,
  deps: {
    readonly db: Database;
    readonly people: People;
    readonly door: Door;
    readonly origin: string;
    readonly issuers: readonly SignInIssuer[];
    readonly log: Log;
  },
): void {
  const { db, people, door, origin, issuers, log } = deps;

  app.get("/console/sign-in", (c) => c.html(toSignInPage(issuers.map(({ name }) => name))));

  app.get("/console/oidc/:name", async (c) => {
    const issuer = issuers.find(({ name }) => name === c.req.param("name"));
    if (issuer === undefined) return unknownIssuer(c);
    const { url, held } = await issuer.oidc.begin();
    giveSignIn(c, { ...held, name: issuer.name });
    return c.redirect(url.href, 303);
  });

  app.get("/console/oidc/:name/callback", async (c) => {
    const issuer = issuers.find(({ name }) => name === c.req.param("name"));
    const held = takeSignIn(c);
    if (issuer === undefined) return unknownIssuer(c);
    const cameTo = new URL(c.req.url);
    // Told apart by the state, which only the browser knows that began: whoever has another brings somebody else's answer.
    if (held === null || held.name !== issuer.name || cameTo.searchParams.get("state") !== held.state)
      return refuse(c, "state");
    try {
      const signedIn = await issuer.oidc.finish(new URL(`${origin}${cameTo.pathname}${cameTo.search}`), held);
      giveSession(c, await people.signIn(signedIn, readSession(c)));
      log.info({ issuer: issuer.name }, "Somebody signed in to the console.");
      return c.redirect("/console", 303);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code === "identity_unavailable") throw error;
      return refuse(c, error.code, error);
    }
  });

  // A look at a link, as mail programs and chats take one, doesn't use it up: the button does.
  app.get("/console/link/:secret", (c) => {
    const secret = c.req.param("secret");
    if (issuers.length > 0 || !isLinkText(secret)) return deadLink(c);
    return c.html(
      toPlainPage(
        "One-time link",
        html`<p>This link signs you in once, in this browser.</p>
          <form method="post" action="/console/link">
            <input type="hidden" name="secret" value="${secret}" /><button class="main">Sign in</button>
          </form>`,
      ),
    );
  });
  app.post("/console/link", async (c) => {
    if (!isSameOrigin(c, origin)) return foreign(c);
    const secret = (await readFields(c)).get("secret") ?? "";
    const session = isLinkText(secret) ? await people.useLink(secret, readSession(c)) : null;
    if (session === null) {
      log.warn({}, "A one-time link into the console was refused.");
      return deadLink(c);
    }
    giveSession(c, session);
    log.info({}, "Somebody signed in to the console by a one-time link.");
    return c.redirect("/console", 303);
  });

  app.post(
    "/console/sign-out",
    door.action(null, async (c, { session }) => {
      await endConsoleSessions(db, { id: session.id }, toActor(session));
      takeSession(c);
      return "/console/sign-in";
    }),
  );

  function refuse(c: Context, code: string, error?: GatewayError): Response | Promise<Response> {
    log.warn({ code, ...(error !== undefined && { err: error }) }, "A sign-in to the console was refused.");
    const text =
      error?.message ?? "It was begun in another browser or too long ago, or its answer isn't meant for you.";
    return problem(c, 401, "Not signed in", text);
  }
}

function unknownIssuer(c: Context): Response | Promise<Response> {
  return problem(c, 404, "Not found", "Nobody signs in to the console there.");
}

function deadLink(c: Context): Response | Promise<Response> {
  const text = "A link works once, for ten minutes, and only while no issuer is configured for the console.";
  return problem(c, 401, "The link doesn't count", text);
}

function toSignInPage(names: readonly string[]) {
  const ways = names.map(
    (name) => html`<p><a class="button main" href="/console/oidc/${name}">Sign in with ${name}</a></p>`,
  );
  const none = html`<p>
      No issuer is configured for the console. Whoever runs the gateway gets in by a one-time link:
    </p>
    <pre>tollgate console link</pre>`;
  return toPlainPage("Sign in", names.length === 0 ? none : html`${ways}`);
}
