// How people come in by a one-time link, where no issuer is configured.
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { isLinkText } from "../identity/key-format.ts";
import type { Log } from "../log.ts";
import { giveSession, readSession } from "./cookies.ts";
import { foreign, problem, readFields } from "./door.ts";
import { isSameOrigin } from "./guard.ts";
import { toPlainPage } from "./layout.ts";
import type { People } from "./people.ts";
import { toSessionHash } from "./people.ts";

/** Adds the routes. */
export function addLinkSignIn(
  app: Hono,
  deps: {
    readonly people: People;
    readonly origin: string;
    readonly hasIssuers: boolean;
    readonly log: Log;
  },
): void {
  const { people, origin, hasIssuers, log } = deps;

  // A look at a link, as mail programs and chats take one, doesn't use it up: the button does.
  app.get("/console/link/:secret", (c) => {
    const secret = c.req.param("secret");
    if (hasIssuers || !isLinkText(secret)) return deadLink(c);
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
    const former = toSessionHash(readSession(c));
    const session = isLinkText(secret) ? await people.useLink(secret, former) : null;
    if (session === null) {
      log.warn({}, "A one-time link into the console was refused.");
      return deadLink(c);
    }
    giveSession(c, session);
    log.info({}, "Somebody signed in to the console by a one-time link.");
    return c.redirect("/console", 303);
  });
}

function deadLink(c: Context): Response | Promise<Response> {
  const text = "A link works once, for ten minutes, and only while no issuer is configured for the console.";
  return problem(c, 401, "The link doesn't count", text);
}
