// How people come in by an issuer: to its page, and back with its answer in the browser that began.
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { randomBytes } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { SignIn } from "../identity/sign-in.ts";
import { toAttempt } from "../identity/sign-in.ts";
import type { Log } from "../log.ts";
import { giveSession, giveSignIn, readSession, takeSignIn } from "./cookies.ts";
import type { Fields } from "./door.ts";
import { problem, readFields, toFields } from "./door.ts";
import { isSameSecret } from "./guard.ts";
import { toPlainPage } from "./layout.ts";
import type { SignInLimit } from "./limit-sign-in.ts";
import type { People } from "./people.ts";
import { toSessionHash } from "./people.ts";

/** An issuer whose people may sign in. */
export type SignInIssuer = {
  /** As its addresses have it. */
  readonly name: string;
  readonly signIn: SignIn;
} & (
  | { readonly protocol: "oidc" }
  | {
      readonly protocol: "saml";
      /** Gives what the issuer is to know of the console, as XML. */
      metadata(): Promise<string>;
    }
);

/** The field of an answer that says to what it is one. */
const STATE = { oidc: "state", saml: "RelayState" } as const;
type Protocol = keyof typeof STATE;

/** Adds the routes. */
export function addIssuerSignIn(
  app: Hono,
  deps: {
    readonly people: People;
    readonly issuers: readonly SignInIssuer[];
    readonly toAddress: SignInLimit["toAddress"];
    readonly log: Log;
  },
): void {
  const { people, issuers, toAddress, log } = deps;
  const find = (c: Context, protocol: Protocol): SignInIssuer | undefined =>
    issuers.find((one) => one.protocol === protocol && one.name === c.req.param("name"));

  app.get("/console/sign-in", (c) => c.html(toSignInPage(issuers)));
  app.get("/console/oidc/:name", (c) => begin(c, "oidc"));
  app.get("/console/oidc/:name/callback", (c) =>
    finish(c, "oidc", async () => toFields(new URL(c.req.url).searchParams)),
  );
  app.get("/console/saml/:name", (c) => begin(c, "saml"));
  // The issuer's page sends this form, so it is told by the cookie alone.
  app.post("/console/saml/:name/acs", (c) => finish(c, "saml", () => readFields(c)));
  app.get("/console/saml/:name/metadata", async (c) => {
    const issuer = find(c, "saml");
    return issuer?.protocol === "saml"
      ? c.body(await issuer.metadata(), 200, { "content-type": "application/samlmetadata+xml" })
      : unknownIssuer(c);
  });

  async function begin(c: Context, protocol: Protocol): Promise<Response> {
    const issuer = find(c, protocol);
    if (issuer === undefined) return unknownIssuer(c);
    const secret = randomBytes(32).toString("base64url");
    const url = await issuer.signIn.begin(toAttempt(secret, toPath(issuer)));
    giveSignIn(c, { secret, former: toSessionHash(readSession(c)) }, protocol === "saml");
    return c.redirect(url.href, 303);
  }

  async function finish(c: Context, protocol: Protocol, read: () => Promise<Fields>): Promise<Response> {
    const issuer = find(c, protocol);
    const begun = takeSignIn(c);
    if (issuer === undefined) return unknownIssuer(c);
    const attempt = begun === null ? null : toAttempt(begun.secret, toPath(issuer));
    const fields = attempt === null ? new Map<string, string>() : await read();
    // Only the browser that began can know the state: whoever has another brings somebody else's answer.
    if (begun === null || attempt === null || !isSameSecret(fields.get(STATE[protocol]), attempt.state))
      return refuse(c, issuer);
    try {
      const signedIn = await issuer.signIn.finish(fields, attempt, toAddress(c));
      giveSession(c, await people.signIn(signedIn, begun.former));
      log.info({ issuer: issuer.name }, "Somebody signed in to the console.");
      return c.redirect("/console", 303);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code === "identity_unavailable") throw error;
      return refuse(c, issuer, error);
    }
  }

  async function refuse(c: Context, { name }: SignInIssuer, error?: GatewayError): Promise<Response> {
    log.warn(
      { issuer: name, code: error?.code ?? "state", address: toAddress(c), ...(error && { err: error }) },
      "A sign-in to the console was refused.",
    );
    const text =
      error?.message ??
      "It was begun in another browser, elsewhere than at the console, or too long ago, or its answer isn't meant for you.";
    const next = "Begin again at the console. If that fails too, tell whoever runs it what stands here.";
    return problem(c, 401, "Not signed in", `${text} ${next}`);
  }
}

function toPath({ protocol, name }: SignInIssuer): string {
  return `/console/${protocol}/${name}`;
}

async function unknownIssuer(c: Context): Promise<Response> {
  return problem(c, 404, "Not found", "Nobody signs in to the console there.");
}

function toSignInPage(issuers: readonly SignInIssuer[]) {
  const ways = issuers.map(
    (one) => html`<p><a class="button main" href="${toPath(one)}">Sign in with ${one.name}</a></p>`,
  );
  const none = html`<p>
      No issuer is configured for the console. Whoever runs the gateway gets in by a one-time link:
    </p>
    <pre>tollgate console link</pre>`;
  return toPlainPage("Sign in", issuers.length === 0 ? none : html`${ways}`);
}
