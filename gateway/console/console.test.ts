// The console without a browser: who gets in, what each role may do, and what no other site can make it do.
import { hash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addConsoleLink } from "../../db/queries/console-links.ts";
import { endConsoleSessions, listConsoleSessions } from "../../db/queries/console-sessions.ts";
import { listActions } from "../../db/queries/admin-actions.ts";
import { insertRefused } from "../../db/queries/reveals.ts";
import { revoke } from "../../db/queries/revocations.ts";
import { listServiceAccounts } from "../../db/queries/list-service-accounts.ts";
import { addTokens, findToken } from "../../db/queries/tokens.ts";
import { connections, exchanges } from "../../db/schema.ts";
import { createTestIssuer } from "../../test/fixtures/test-issuer.ts";
import type { TestIssuer } from "../../test/fixtures/test-issuer.ts";
import { exampleCaller } from "../../test/fixtures/example-rows.ts";
import { insertKey } from "../../test/gateway.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { issueTokens } from "../oauth/issue-tokens.ts";
import { createLinkText, hashKey } from "../identity/key-format.ts";
import { verifyLogoutToken } from "../identity/logout-token.ts";
import { createFailures } from "../identity/failures.ts";
import type { FailureIncident } from "../identity/failures.ts";
import { createIssuerClient } from "../identity/issuer-client.ts";
import { createIssuerKeys } from "../identity/issuer-keys.ts";
import { toSubjectId } from "../identity/subject-id.ts";
import type { Attempt, SignedIn } from "../identity/sign-in.ts";
import { GatewayError } from "../errors.ts";
import { createLog } from "../log.ts";
import { newId } from "../new-id.ts";
import { createConsole } from "./console.ts";
import type { Console, ConsoleDeps } from "./console.ts";

const ORIGIN = "http://127.0.0.1:8081";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

let database: TestDatabase;
let issuer: TestIssuer;
/** Who comes back from the issuer next. */
let next: SignedIn;
let app: Console;
/** The incidents that were told. */
const reported: FailureIncident[] = [];
let withoutIssuers: Console;
beforeAll(async () => {
  database = await createTestDatabase();
  issuer = await createTestIssuer();
  app = open({});
  withoutIssuers = open({ issuers: [] });
});
afterAll(async () => {
  await issuer?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

function open(
  changes: Partial<ConsoleDeps>,
  settings: Partial<ConsoleDeps["config"]["console"]> = {},
  configured: ConsoleDeps["config"]["connections"] = [],
): Console {
  const { config } = issuer;
  const trusted = {
    config,
    keys: createIssuerKeys({ issuer: issuer.url, jwksUri: null }),
    client: createIssuerClient({ config, secret: null }),
  };
  const signIn = {
    begin: async ({ state }: Attempt) => new URL(`${issuer.url}/auth?state=${state}`),
    finish: async () => next,
  };
  const roles = {
    admin: "admins",
    reviewer: "reviewers",
    auditor: ["auditors", "others"],
    policy_editor: "editors",
    member: "developers",
  };
  return createConsole({
    db: database.db,
    origin: ORIGIN,
    version: "1.2.3",
    log: createLog({ level: "silent", format: "json" }, { write: () => undefined }),
    config: {
      connections: configured,
      policy: {
        isBuilt: false,
        bundles: [
          {
            name: "default",
            bundle: "",
            url: null,
            source: { headers: {}, poll_s: 30, wait_s: 60, authorities: null },
            maxAgeMs: null,
            isGate: true,
            signing: null,
          },
        ],
        folder: "",
        operator: null,
        signing: null,
        time_zone: "UTC",
        tenant: "default",
      },
      console: {
        roles,
        idle_s: 600,
        session_s: 3600,
        logout_ends_tokens: true,
        help: "Ask the desk.",
        ...settings,
      },
    },
    issuers: [
      {
        protocol: "oidc",
        name: "sso",
        issuer: issuer.url,
        namesCallers: true,
        signIn,
        verifyLogout: (token) => verifyLogoutToken(token, trusted, "console", Date.now()),
      },
      { protocol: "saml", name: "sso", signIn, metadata: async () => "<EntityDescriptor/>" },
    ],
    describe: async ({ exchange }) => `Exchange ${exchange.id}`,
    failures: createFailures((incident) => reported.push(incident), Date.now),
    toAddress: (c) => c.req.header("x-test-address") ?? "127.0.0.1",
    parseMoment: (text) => (text === "2h" ? new Date(Date.now() - 7_200_000) : null),
    ...changes,
  });
}

const toConfigured = (name: string): ConsoleDeps["config"]["connections"][number] => ({
  name,
  kind: "openai",
  baseUrl: "https://eu.example.com/v1",
  labels: [],
  unknownIds: "refuse",
  default: true,
  simulated: false,
  credential: "env:THERE",
  adminCredential: null,
  ca: null,
  account: { organization: null, project: null },
  timeouts: { connect_ms: 1000, first_byte_ms: 1000, idle_ms: 1000 },
});

type OidcIssuer = Extract<ConsoleDeps["issuers"][number], { protocol: "oidc" }>;

/** An issuer by OpenID at which nobody can sign in, nor out, unless `changes` say how. */
function toOidc(changes: Partial<OidcIssuer>): OidcIssuer {
  const none = () => Promise.reject(new Error("This is not asked."));
  return {
    protocol: "oidc",
    name: "sso",
    issuer: issuer.url,
    namesCallers: true,
    signIn: { begin: none, finish: none },
    verifyLogout: none,
    ...changes,
  };
}

type Ask = {
  readonly cookie?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
};

async function ask(path: string, { cookie, form, headers }: Ask = {}, of: Console = app): Promise<Response> {
  return of.request(`${ORIGIN}${path}`, {
    headers: {
      host: "127.0.0.1:8081",
      ...(cookie !== undefined && { cookie }),
      ...(form !== undefined && { origin: ORIGIN, "sec-fetch-site": "same-origin" }),
      ...headers,
    },
    ...(form !== undefined && { method: "POST", body: new URLSearchParams(form) }),
  });
}

function toCookie(answer: Response, name: string): string {
  const set = answer.headers.getSetCookie().find((one) => one.startsWith(`__Host-tollgate-${name}=`));
  return set?.split(";")[0] ?? "";
}

const toState = (began: Response): string =>
  new URL(began.headers.get("location") ?? "").searchParams.get("state") ?? "";

/** Comes back from an issuer with an answer to what was begun. */
const comeBack = (began: Response): Promise<Response> =>
  ask(`/console/oidc/sso/callback?code=x&state=${toState(began)}`, { cookie: toCookie(began, "sign-in") });

/** Signs somebody in through the issuer; gives the session's cookie. */
async function signIn(
  groups: readonly string[],
  changes: Partial<SignedIn["caller"]> & { sid?: string; cookie?: string } = {},
): Promise<string> {
  const { sid, cookie, ...caller } = changes;
  const subject = caller.subject ?? `person-${randomBytes(4).toString("hex")}`;
  next = {
    caller: { ...exampleCaller, issuer: issuer.url, kind: "human", groups: [...groups], ...caller, subject },
    issuerSubject: subject,
    issuerSession: sid ?? null,
    endsAt: null,
  };
  const back = await comeBack(await ask("/console/oidc/sso", { ...(cookie !== undefined && { cookie }) }));
  expect([back.status, back.headers.get("location")]).toEqual([303, "/console"]);
  return toCookie(back, "session");
}

const toQuery = (name: string, values: readonly string[]): string =>
  values.map((value) => `${name}=${value}`).join("&");

/** Posts what a SAML issuer's page does, which is another site's. */
async function postAnswer(form: string, cookie: string): Promise<Response> {
  return app.request(`${ORIGIN}/console/saml/sso/acs`, {
    method: "POST",
    body: new URLSearchParams(form),
    headers: {
      host: "127.0.0.1:8081",
      origin: "https://idp.example",
      "sec-fetch-site": "cross-site",
      ...(cookie !== "" && { cookie }),
    },
  });
}

const readCsrf = async (cookie: string): Promise<string> =>
  /name="csrf" value="([^"]+)"/.exec(await (await ask("/console", { cookie })).text())?.[1] ?? "";

const statusOf = async (cookie: string, path = "/console"): Promise<number> =>
  (await ask(path, { cookie })).status;

async function recordExchange(owner: { issuer: string; subject: string; tenant?: string }): Promise<string> {
  const row = {
    id: newId(),
    at: new Date(),
    tenant: "default",
    operation: "responses.create",
    method: "POST",
  };
  await database.db.orm
    .insert(exchanges)
    .values({ ...row, path: "/responses", stream: false, effect: "allow", ...owner });
  return row.id;
}

/** Gives a token of the gateway's own to a subject. */
async function giveToken(subject: string, at = issuer.url): Promise<{ id: string; text: string }> {
  const caller = { ...exampleCaller, issuer: at, subject };
  const life = { caller, parents: [], grantType: "x", family: null, refreshUntil: null, until: null };
  const { rows, answer } = issueTokens(life, { access_s: 60, refresh_s: 60 }, Date.now());
  await addTokens(database.db, rows, 100);
  return { id: rows[0]?.id ?? "", text: answer.access_token };
}

const hasEnded = async ({ text }: { readonly text: string }): Promise<boolean> =>
  ((await findToken(database.db, hashKey(text)))?.revokedAt ?? null) !== null;

describe("signing in", () => {
  test("a person without a session is sent to the sign-in, which names the issuers", async () => {
    const answer = await ask("/console/exchanges");
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/console/sign-in"]);
    const page = await (await ask("/console/sign-in")).text();
    expect(page).toContain('href="/console/oidc/sso"');
    expect(page).toContain('href="/console/saml/sso"');
  });

  test("the cookie is the host's own, for requests alone, and holds nothing that the database has", async () => {
    const began = await ask("/console/oidc/sso");
    next = {
      caller: { ...exampleCaller, issuer: issuer.url, kind: "human", groups: ["admins"] },
      issuerSubject: "a",
      issuerSession: null,
      endsAt: null,
    };
    const back = await comeBack(began);
    expect(began.headers.getSetCookie().join()).toMatch(
      /^__Host-tollgate-sign-in=[\w-]{43}\.; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    const set = back.headers.getSetCookie().find((one) => one.includes("session")) ?? "";
    expect(set).toMatch(/^__Host-tollgate-session=tg_cs_\w+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const text = set.slice(set.indexOf("=") + 1, set.indexOf(";"));
    const rows = await database.db.sql<
      { row: string }[]
    >`select row_to_json(s)::text as row from console_sessions s`;
    expect(rows.some(({ row }) => row.includes(text))).toBe(false);
    // The state is used up.
    expect(back.headers.getSetCookie().join()).toMatch(/__Host-tollgate-sign-in=;/);
  });

  test.each([
    ["with another state", () => ["other"], true],
    ["with no state", () => [], true],
    ["with its state twice", (state) => [state, state], true],
    ["in another browser", (state) => [state], false],
  ] satisfies [string, (state: string) => string[], boolean][])(
    "an answer %s signs nobody in, by either protocol",
    async (_what, toStates, hasCookie) => {
      for (const protocol of ["oidc", "saml"]) {
        const began = await ask(`/console/${protocol}/sso`);
        const cookie = hasCookie ? toCookie(began, "sign-in") : "";
        const states = toStates(toState(began));
        const answer =
          protocol === "oidc"
            ? await ask(`/console/oidc/sso/callback?${toQuery("state", states)}`, { cookie })
            : await postAnswer(toQuery("RelayState", states), cookie);
        expect(answer.status).toBe(401);
        expect(toCookie(answer, "session")).toBe("");
        expect(await answer.text()).toContain("Begin again");
      }
    },
  );

  test("an answer to what no sign-in has is refused", async () => {
    const cookie = "__Host-tollgate-sign-in=%7Bgarbage";
    expect((await ask("/console/oidc/sso/callback?state=x", { cookie })).status).toBe(401);
  });

  test("an issuer that is out of reach is no refusal", async () => {
    const away = () => Promise.reject(new GatewayError("identity_unavailable", "It is away."));
    const closed = open({ issuers: [toOidc({ signIn: { begin: away, finish: away } })] });
    expect((await ask("/console/oidc/sso", {}, closed)).status).toBe(503);
    const began = await ask("/console/oidc/sso");
    const path = `/console/oidc/sso/callback?code=x&state=${toState(began)}`;
    const back = await ask(path, { cookie: toCookie(began, "sign-in") }, closed);
    expect([back.status, toCookie(back, "session")]).toEqual([503, ""]);
  });

  test("what was begun at one issuer is not finished at another", async () => {
    const began = await ask("/console/oidc/sso");
    const answer = await postAnswer(toQuery("RelayState", [toState(began)]), toCookie(began, "sign-in"));
    expect([answer.status, toCookie(answer, "session")]).toEqual([401, ""]);
  });

  test("an issuer's page sends its answer back with a form, in the place of the session before", async () => {
    const former = await signIn(["developers"]);
    const began = await ask("/console/saml/sso", { cookie: former });
    const held = began.headers.getSetCookie()[0] ?? "";
    expect(held).toMatch(
      /^__Host-tollgate-sign-in=[\w-]{43}\.[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=None$/,
    );
    // The browser keeps the cookie of the session from another site's form.
    const form = toQuery("RelayState", [toState(began)]);
    const back = await postAnswer(form, toCookie(began, "sign-in"));
    expect([back.status, back.headers.get("location")]).toEqual([303, "/console"]);
    expect(back.headers.getSetCookie().join()).toMatch(/__Host-tollgate-sign-in=;/);
    expect(await statusOf(toCookie(back, "session"))).toBe(200);
    expect(await statusOf(former)).toBe(303);
  });

  test("an issuer's session that ends earlier ends the console's, and one that is over begins none", async () => {
    const subject = `short-${randomBytes(4).toString("hex")}`;
    await signIn(["developers"], { subject });
    const endsAt = Date.now() + 1_800_000;
    next = { ...next, endsAt };
    expect((await comeBack(await ask("/console/oidc/sso"))).status).toBe(303);
    // The latest comes first.
    const found = (await listConsoleSessions(database.db)).find((one) => one.subject === subject);
    expect(found?.expiresAt.getTime()).toBe(endsAt);
    next = { ...next, endsAt: Date.now() - 1 };
    expect((await comeBack(await ask("/console/oidc/sso"))).status).toBe(401);
  });

  test("an account that is no person's is not signed in", async () => {
    await signIn(["admins"]);
    next = { ...next, caller: { ...next.caller, kind: "service" } };
    const back = await comeBack(await ask("/console/oidc/sso"));
    expect([back.status, toCookie(back, "session")]).toEqual([401, ""]);
  });

  test("the console is described to a SAML issuer, and to nobody by a name that there is not", async () => {
    const answer = await ask("/console/saml/sso/metadata");
    expect(answer.headers.get("content-type")).toBe("application/samlmetadata+xml");
    expect(await answer.text()).toContain("EntityDescriptor");
    expect((await ask("/console/saml/other/metadata")).status).toBe(404);
  });

  test("signing in anew ends the session that the browser had", async () => {
    const first = await signIn(["developers"]);
    const second = await signIn(["developers"], { cookie: first });
    expect(second).not.toBe(first);
    expect([await statusOf(first), await statusOf(second)]).toEqual([303, 200]);
  });

  test("signing out ends the session, and is the session's own form alone", async () => {
    const cookie = await signIn(["developers"]);
    const answer = await ask("/console/sign-out", { cookie, form: { csrf: await readCsrf(cookie) } });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/console/sign-in"]);
    expect(answer.headers.getSetCookie().join()).toMatch(/^__Host-tollgate-session=; Max-Age=0;/);
    expect(await statusOf(cookie)).toBe(303);
  });

  test("a session is over when it was not used for long, and at its end whatever was used", async () => {
    const { sql } = database.db;
    const [idle, old] = [await signIn(["developers"]), await signIn(["developers"])];
    const toHash = (cookie: string): Buffer => hashKey(cookie.slice(cookie.indexOf("=") + 1));
    const [begun] = await sql<{ life: number }[]>`
      select extract(epoch from expires_at - started_at)::int as life
      from console_sessions where hash = ${toHash(old)}`;
    expect(begun?.life).toBe(3600);
    await sql`update console_sessions set seen_at = now() - interval '540 seconds' where hash = ${toHash(idle)}`;
    expect(await statusOf(idle)).toBe(200);
    const [seen] = await sql<{ seconds: number }[]>`
      select extract(epoch from now() - seen_at)::int as seconds
      from console_sessions where hash = ${toHash(idle)}`;
    expect(seen?.seconds).toBeLessThan(540);
    await sql`update console_sessions set seen_at = now() - interval '601 seconds' where hash = ${toHash(idle)}`;
    await sql`update console_sessions set expires_at = now() - interval '1 second' where hash = ${toHash(old)}`;
    expect([await statusOf(idle), await statusOf(old)]).toEqual([303, 303]);
    // Neither came alive again by being asked for.
    expect([await statusOf(idle), await statusOf(old)]).toEqual([303, 303]);
  });

  test("what is long over is forgotten, not what was over lately", async () => {
    const { sql } = database.db;
    const subject = `past-${randomBytes(4).toString("hex")}`;
    await signIn(["developers"], { subject });
    await signIn(["developers"], { subject });
    await sql`
      update console_sessions set expires_at = now() - case when id = (
        select id from console_sessions where subject = ${subject} limit 1
      ) then interval '91 days' else interval '89 days' end where subject = ${subject}`;
    await signIn(["developers"]);
    expect(await sql`select id from console_sessions where subject = ${subject}`).toHaveLength(1);
  });

  test("a revoked subject is out at once, and doesn't get in again", async () => {
    const subject = `revoked-${randomBytes(4).toString("hex")}`;
    const cookie = await signIn(["admins"], { subject });
    expect(await statusOf(cookie)).toBe(200);
    const id = toSubjectId({ tenant: "default", issuer: issuer.url, subject });
    await revoke(database.db, { kind: "subject", id });
    expect(await statusOf(cookie)).toBe(303);
    const back = await comeBack(await ask("/console/oidc/sso"));
    expect([back.status, toCookie(back, "session")]).toEqual([401, ""]);
  });

  test("sessions are ended by the command line's query, and that is recorded", async () => {
    const subject = `ended-${randomBytes(4).toString("hex")}`;
    const cookie = await signIn(["developers"], { subject });
    expect(await endConsoleSessions(database.db, { subject, issuer: null }, "operator:test@here")).toBe(1);
    expect(await statusOf(cookie)).toBe(303);
    const [last] = await listActions(database.db, {}, 1);
    expect(last).toMatchObject({ actor: "operator:test@here", action: "console.end_session" });
    // What has ended does not end again, nor is it listed.
    expect(await endConsoleSessions(database.db, { subject, issuer: null }, "operator:test@here")).toBe(0);
    expect((await listConsoleSessions(database.db)).some((one) => one.subject === subject)).toBe(false);
    const stays = await signIn(["developers"], { subject });
    expect(await endConsoleSessions(database.db, { subject, issuer: "another" }, "operator:test@here")).toBe(
      0,
    );
    expect(await statusOf(stays)).toBe(200);
  });

  test("a session that is revoked by its id is over", async () => {
    const subject = `credential-${randomBytes(4).toString("hex")}`;
    const cookie = await signIn(["developers"], { subject });
    const session = (await listConsoleSessions(database.db)).find((one) => one.subject === subject);
    await revoke(database.db, { kind: "credential", id: session?.id ?? "" });
    expect(await statusOf(cookie)).toBe(303);
  });
});

describe("roles", () => {
  const PAGES = [
    "/console",
    "/console/exchanges",
    "/console/connections",
    "/console/callers",
    "/console/actions",
  ];
  test.each([
    ["admins", [200, 200, 200, 200, 200]],
    ["editors", [200, 200, 200, 403, 403]],
    ["reviewers", [200, 200, 403, 403, 403]],
    ["auditors", [200, 200, 200, 200, 200]],
    ["others", [200, 200, 200, 200, 200]],
    ["developers", [200, 200, 403, 403, 403]],
    ["nobodies", [403, 403, 403, 403, 403]],
  ])("%s see their pages and no other", async (group, expected) => {
    const cookie = await signIn([group]);
    expect(await Promise.all(PAGES.map((path) => statusOf(cookie, path)))).toEqual(expected);
  });

  test("who has no role is told whom to ask, and can sign out", async () => {
    const cookie = await signIn(["nobodies"]);
    const text = await (await ask("/console", { cookie })).text();
    expect(text).toContain("Ask the desk.");
    const csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? "";
    expect((await ask("/console/sign-out", { cookie, form: { csrf } })).headers.get("location")).toBe(
      "/console/sign-in",
    );
  });

  test("people of another tenant are members at most", async () => {
    const cookie = await signIn(["admins", "developers"], { tenant: "north" });
    expect(await statusOf(cookie, "/console/exchanges")).toBe(200);
    expect(await statusOf(cookie, "/console/callers")).toBe(403);
    for (const group of ["admins", "editors", "reviewers", "auditors"])
      expect(await statusOf(await signIn([group], { tenant: "north" }))).toBe(403);
  });

  test("members see their own exchanges, not those of the same name at another issuer or tenant", async () => {
    const subject = `member-${randomBytes(4).toString("hex")}`;
    const own = await recordExchange({ issuer: issuer.url, subject });
    const others = await Promise.all([
      recordExchange({ issuer: "tollgate", subject }),
      recordExchange({ issuer: issuer.url, subject, tenant: "north" }),
      recordExchange({ issuer: issuer.url, subject: "somebody-else" }),
    ]);
    const member = await signIn(["developers"], { subject });
    const list = await (await ask("/console/exchanges?subject=somebody-else", { cookie: member })).text();
    expect(list).toContain(own);
    for (const id of others) expect(list).not.toContain(id);
    expect(await statusOf(member, `/console/exchanges/${own}`)).toBe(200);
    for (const id of others) expect(await statusOf(member, `/console/exchanges/${id}`)).toBe(404);

    const [auditor, reviewer, admin, editor] = [
      await signIn(["auditors"]),
      await signIn(["reviewers"]),
      await signIn(["admins"]),
      await signIn(["editors"]),
    ];
    for (const id of [own, ...others]) {
      for (const cookie of [auditor, reviewer, admin])
        expect(await statusOf(cookie, `/console/exchanges/${id}`)).toBe(200);
      expect(await statusOf(editor, `/console/exchanges/${id}`)).toBe(404);
    }
    const narrowed = await (
      await ask("/console/exchanges?subject=somebody-else&since=2h", { cookie: auditor })
    ).text();
    expect(narrowed).toContain(others[2]);
    expect(narrowed).not.toContain(own);
  });

  test("who had originals shown is told to those who see everybody's exchanges alone", async () => {
    const subject = `shown-${randomBytes(4).toString("hex")}`;
    const owner = { tenant: "default", issuer: issuer.url, subject };
    const exchangeId = await recordExchange(owner);
    await insertRefused(database.db, {
      ...owner,
      id: newId(),
      exchangeId,
      reason: null,
      outcome: "refused",
      code: "x",
      lines: [],
    });
    const telling = open({ describe: async ({ reveals }) => `shown ${reveals.length} times` });
    const read = async (cookie: string): Promise<string> =>
      (await ask(`/console/exchanges/${exchangeId}`, { cookie }, telling)).text();
    expect(await read(await signIn(["developers"], { subject }))).toContain("shown 0 times");
    expect(await read(await signIn(["auditors"]))).toContain("shown 1 times");
  });

  test("a moment that can't be read shows nothing, and says why", async () => {
    const text = await (
      await ask("/console/exchanges?since=soon", { cookie: await signIn(["admins"]) })
    ).text();
    expect(text).toContain("A moment is");
    expect(text).toContain("No exchange fits.");
  });

  test("what is recorded is shown as text, whatever it looks like", async () => {
    const subject = `<script>alert(1)</script>${randomBytes(4).toString("hex")}`;
    await recordExchange({ issuer: issuer.url, subject });
    const page = `/console/exchanges?subject=${encodeURIComponent(subject)}`;
    const text = await (await ask(page, { cookie: await signIn(["admins"]) })).text();
    expect(text).toContain("&lt;script&gt;alert(1)");
    expect(text).not.toContain("<script");
  });
});

describe("long lists", () => {
  test("exchanges are paged and filtered", async () => {
    const subject = `busy-${randomBytes(4).toString("hex")}`;
    const owner = { issuer: issuer.url, subject };
    const first = await recordExchange(owner);
    for (let count = 0; count < 50; count += 1) await recordExchange(owner);
    await database.db.sql`update exchanges set effect = 'deny' where id = ${first}`;
    const cookie = await signIn(["developers"], { subject });
    const read = async (path: string): Promise<string> => (await ask(path, { cookie })).text();
    const page = await read("/console/exchanges?operation=responses.create");
    expect(page).not.toContain(first);
    const older = /href="(\/console\/exchanges\?[^"]*before=[^"]*)"/.exec(page)?.[1] ?? "";
    expect(older).toContain("operation=responses.create");
    const rest = await read(older.replaceAll("&amp;", "&"));
    expect(rest.match(/href="\/console\/exchanges\/[^"]+"/g)).toEqual([`href="/console/exchanges/${first}"`]);
    const refused = await read("/console/exchanges?effect=deny");
    expect(refused.match(/href="\/console\/exchanges\/[^"]+"/g)).toHaveLength(1);
  });

  test("admin actions are paged; a page that can't be is the first one", async () => {
    const { sql } = database.db;
    await sql`
      insert into admin_actions (actor, action, object, detail)
      select 'operator:test@here', 'test.page', 'row-' || n || '.', '{}' from generate_series(1, 101) n`;
    const cookie = await signIn(["auditors"]);
    const read = async (path: string): Promise<string> => (await ask(path, { cookie })).text();
    const page = await read("/console/actions?before=x");
    expect(page).toContain("row-101.");
    expect(page).not.toContain("row-1.");
    const older = /href="(\/console\/actions\?before=\d+)"/.exec(page)?.[1] ?? "";
    expect(await read(older)).toContain("row-1.");
  });
});

describe("admins' forms", () => {
  test("an admin withdraws an account, a token and a session, which is recorded with who did it; an auditor can't", async () => {
    const { db } = database;
    await insertKey(database.url, { name: "withdrawn" });
    const token = await giveToken("grace");
    const other = await signIn(["developers"], { subject: "grace" });
    const account = (await listServiceAccounts(db)).find(({ name }) => name === "withdrawn");
    const session = (await listConsoleSessions(db)).find(({ subject }) => subject === "grace");
    const paths = [`accounts/${account?.id}`, `tokens/${token.id}`, `sessions/${session?.id}`];

    const auditor = await signIn(["auditors"]);
    const theirs = { cookie: auditor, form: { csrf: await readCsrf(auditor) } };
    for (const path of paths) expect((await ask(`/console/callers/${path}/end`, theirs)).status).toBe(403);
    expect(await (await ask("/console/callers", { cookie: auditor })).text()).not.toContain("/end");

    const admin = await signIn(["admins"], { subject: "ada" });
    expect(await (await ask("/console/callers", { cookie: admin })).text()).toContain(paths[0]);
    const form = { csrf: await readCsrf(admin) };
    for (const path of paths)
      expect((await ask(`/console/callers/${path}/end`, { cookie: admin, form })).status).toBe(303);
    expect(
      (await listServiceAccounts(db)).find(({ name }) => name === "withdrawn")?.disabledAt,
    ).not.toBeNull();
    expect(await hasEnded(token)).toBe(true);
    expect(await statusOf(other)).toBe(303);

    const recorded = (await listActions(db, {}, 3)).map(({ actor, action }) => [actor, action]);
    const actor = `ada of ${issuer.url}`;
    expect(recorded.toReversed()).toEqual([
      [actor, "service_account.revoke"],
      [actor, "token.revoke"],
      [actor, "console.end_session"],
    ]);
    const shown = await (await ask("/console/actions", { cookie: auditor })).text();
    expect(shown).toContain("service_account.revoke");
    for (const gone of [paths[2], `tokens/${newId()}`, "tokens/x"])
      expect((await ask(`/console/callers/${gone}/end`, { cookie: admin, form })).status).toBe(404);
  });

  test("an admin disables and enables a connection; its key is on no page", async () => {
    const { db } = database;
    const limits = { connectMs: 1, firstByteMs: 1, idleMs: 1, unknownIds: "refuse" } as const;
    const row = {
      id: newId(),
      name: "europe",
      kind: "openai",
      baseUrl: "https://eu.example.com/v1",
    } as const;
    await db.orm.insert(connections).values({ ...row, ...limits, createdBy: "test" });
    const named = open({}, {}, [toConfigured("europe")]);
    const editor = await signIn(["editors"]);
    for (const cookie of [editor, await signIn(["auditors"]), await signIn(["developers"])]) {
      const refused = { cookie, form: { csrf: await readCsrf(cookie) } };
      expect((await ask("/console/connections/europe/disable", refused)).status).toBe(403);
    }
    const admin = await signIn(["admins"]);
    const form = { csrf: await readCsrf(admin) };
    const read = async (): Promise<string> => (await ask("/console/connections", { cookie: admin })).text();
    expect(await read()).toContain("https://eu.example.com/v1");
    expect((await ask("/console/connections/europe/disable", { cookie: admin, form })).status).toBe(303);
    expect(await read()).toContain("disabled</span>");
    expect((await ask("/console/connections/europe/enable", { cookie: admin, form })).status).toBe(303);
    expect(await read()).not.toContain("disabled</span>");
    expect((await ask("/console/connections/asia/disable", { cookie: admin, form })).status).toBe(404);
    // What the configuration has is changed there.
    expect((await ask("/console/connections/europe/disable", { cookie: admin, form }, named)).status).toBe(
      404,
    );
    const [last] = await listActions(db, {}, 1);
    expect(last?.actor).toMatch(/^person-\w+ of http:/);
    expect(await (await ask("/console/connections", { cookie: editor })).text()).not.toContain("/disable");
  });

  test.each([
    ["no token", {}, {}],
    ["another session's token", { csrf: "A".repeat(43) }, {}],
    ["another site's origin", null, { origin: "https://evil.example" }],
    ["the origin of another port", null, { origin: "http://127.0.0.1:8080" }],
    ["a page of another site", null, { "sec-fetch-site": "cross-site" }],
    ["a page of the same site only", null, { "sec-fetch-site": "same-site" }],
    ["an opaque origin", null, { origin: "null" }],
  ])("a form with %s does nothing", async (_what, form, headers) => {
    const cookie = await signIn(["admins"]);
    const own = { csrf: await readCsrf(cookie) };
    const answer = await ask("/console/sign-out", { cookie, form: form ?? own, headers });
    expect(answer.status).toBe(403);
    expect(await statusOf(cookie)).toBe(200);
  });

  test("a form with the token of another session of the same person does nothing; no page has the session's text", async () => {
    const subject = `twice-${randomBytes(4).toString("hex")}`;
    const [one, other] = [await signIn(["admins"], { subject }), await signIn(["admins"], { subject })];
    const form = { csrf: await readCsrf(other) };
    expect((await ask("/console/sign-out", { cookie: one, form })).status).toBe(403);
    expect(await statusOf(one)).toBe(200);
    const text = one.slice(one.indexOf("=") + 1);
    const page = await (await ask("/console", { cookie: one })).text();
    for (const secret of [text, hash("sha256", text, "base64url"), hashKey(text).toString("hex")])
      expect(page).not.toContain(secret);
  });

  test.each([
    ["of another type", (csrf: string) => `csrf=${csrf}`, "text/plain"],
    [
      "with its token twice",
      (csrf: string) => `csrf=${csrf}&csrf=${csrf}`,
      "application/x-www-form-urlencoded",
    ],
  ])("a form %s does nothing", async (_what, toBody, type) => {
    const cookie = await signIn(["admins"]);
    const headers = { host: "127.0.0.1:8081", cookie, origin: ORIGIN, "content-type": type };
    const body = toBody(await readCsrf(cookie));
    const answer = await app.request(`${ORIGIN}/console/sign-out`, { method: "POST", body, headers });
    expect([answer.status, await statusOf(cookie)]).toEqual([403, 200]);
  });

  test("a request without a word of where its form stood does nothing", async () => {
    const cookie = await signIn(["admins"]);
    const body = new URLSearchParams({ csrf: await readCsrf(cookie) });
    const headers = { host: "127.0.0.1:8081", cookie };
    expect((await app.request(`${ORIGIN}/console/sign-out`, { method: "POST", body, headers })).status).toBe(
      403,
    );
  });
});

describe("every answer", () => {
  test.each(["/console", "/console/sign-in", "/console/nothing", "/console/saml/none", "/console/style.css"])(
    "%s can't be framed, kept or scripted",
    async (path) => {
      const { headers } = await ask(path);
      expect(headers.get("content-security-policy")).toBe(
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      expect(headers.get("x-frame-options")).toBe("DENY");
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("permissions-policy")).toContain("camera=()");
      expect(headers.get("strict-transport-security")).toBeNull();
    },
  );

  test("where it is opened by TLS browsers are told to stay with that; a host's name has no case", async () => {
    const secure = open({ origin: "https://console.example" });
    const answer = await ask("/console/sign-in", { headers: { host: "Console.Example" } }, secure);
    expect([answer.status, answer.headers.get("strict-transport-security")]).toEqual([
      200,
      "max-age=31536000",
    ]);
  });

  test("a fault is said, and nothing of it", async () => {
    const subject = `fault-${randomBytes(4).toString("hex")}`;
    const id = await recordExchange({ issuer: issuer.url, subject });
    const faulty = open({ describe: () => Promise.reject(new Error("what nobody should read")) });
    const cookie = await signIn(["developers"], { subject });
    const answer = await ask(`/console/exchanges/${id}`, { cookie }, faulty);
    expect([answer.status, answer.headers.get("x-frame-options")]).toEqual([500, "DENY"]);
    expect(await answer.text()).not.toContain("nobody should read");
  });

  test("another host's name is answered with the console's own address, and nothing else", async () => {
    const cookie = await signIn(["admins"]);
    const answer = await ask("/console", { cookie, headers: { host: "evil.example:8081" } });
    expect(answer.status).toBe(421);
    const text = await answer.text();
    expect(text).toContain(`${ORIGIN}/console`);
    expect(text).not.toContain("admins");
  });

  test("a form that is too long is refused; a SAML issuer's answer is longer", async () => {
    const cookie = await signIn(["admins"]);
    expect((await ask("/console/sign-out", { cookie, form: { csrf: "x".repeat(70_000) } })).status).toBe(413);
    const began = toCookie(await ask("/console/saml/sso"), "sign-in");
    expect((await postAnswer(`SAMLResponse=${"x".repeat(70_000)}`, began)).status).toBe(401);
    expect((await postAnswer(`SAMLResponse=${"x".repeat(600_000)}`, began)).status).toBe(413);
  });

  test("a database that is out of reach is said, with the same headers", async () => {
    const closed = open({ db: { ...database.db, orm: database.db.orm, sql: database.db.sql } });
    const cookie = await signIn(["admins"]);
    await database.db.sql`alter table console_sessions rename to console_sessions_away`;
    const answer = await ask("/console", { cookie }, closed);
    await database.db.sql`alter table console_sessions_away rename to console_sessions`;
    expect([answer.status, answer.headers.get("x-frame-options")]).toEqual([503, "DENY"]);
  });
});

describe("one-time links", () => {
  async function makeLink(role: string, lifeSeconds = 600): Promise<string> {
    const secret = createLinkText();
    await addConsoleLink(database.db, {
      hash: hashKey(secret),
      role,
      createdBy: "operator:root@here",
      lifeSeconds,
    });
    return secret;
  }
  const use = (secret: string, of = withoutIssuers): Promise<Response> =>
    ask("/console/link", { form: { secret } }, of);

  test("a link signs in once, as whoever made it and with its role; looking at it doesn't use it up", async () => {
    const secret = await makeLink("reviewer");
    for (const _look of [1, 2])
      expect((await ask(`/console/link/${secret}`, {}, withoutIssuers)).status).toBe(200);
    const answer = await use(secret);
    expect(answer.status).toBe(303);
    const cookie = toCookie(answer, "session");
    const home = await (await ask("/console", { cookie }, withoutIssuers)).text();
    expect(home).toContain("operator:root@here");
    expect(home).toContain("reviewer");
    expect((await ask("/console/callers", { cookie }, withoutIssuers)).status).toBe(403);
    expect((await use(secret)).status).toBe(401);
    const [used, made] = await listActions(database.db, {}, 2);
    expect([made?.action, used?.action]).toEqual(["console.link", "console.sign_in"]);
    expect(used?.detail).toMatchObject({ role: "reviewer" });
  });

  test("a link's session takes the place of the one that the browser had, and has what an admin may", async () => {
    const first = toCookie(await use(await makeLink("admin")), "session");
    const form = { secret: await makeLink("admin") };
    const second = toCookie(await ask("/console/link", { form, cookie: first }, withoutIssuers), "session");
    const read = async (cookie: string): Promise<number> =>
      (await ask("/console/callers", { cookie }, withoutIssuers)).status;
    expect([await read(first), await read(second)]).toEqual([303, 200]);
  });

  test("an old link, a made-up one and one from another site sign nobody in", async () => {
    expect((await use(await makeLink("admin", 0))).status).toBe(401);
    expect((await use(createLinkText())).status).toBe(401);
    expect((await use("x")).status).toBe(401);
    expect((await ask("/console/link/x", {}, withoutIssuers)).status).toBe(401);
    const secret = await makeLink("admin");
    const form = { form: { secret }, headers: { origin: "https://evil.example" } };
    expect((await ask("/console/link", form, withoutIssuers)).status).toBe(403);
  });

  test("once an issuer is configured no link counts, and who came by one is out", async () => {
    const before = await use(await makeLink("admin"));
    const cookie = toCookie(before, "session");
    expect((await ask("/console", { cookie }, withoutIssuers)).status).toBe(200);
    expect((await ask("/console", { cookie })).status).toBe(303);
    const secret = await makeLink("admin");
    expect((await use(secret, app)).status).toBe(401);
    expect((await ask(`/console/link/${secret}`)).status).toBe(401);
  });
});

describe("who fails to get in again and again", () => {
  const from = (address: string) => ({ headers: { "x-test-address": address } });
  const guess = (address: string, of: Console) =>
    ask("/console/link", { form: { secret: createLinkText() }, ...from(address) }, of);

  test("waits a minute, whatever it tries then, and is told of once; nobody else does, nor who is in", async () => {
    const cookie = await signIn(["developers"]);
    const callback = "/console/oidc/sso/callback?code=x&state=guessed";
    for (let count = 0; count < 60; count += 1) {
      expect((await guess("203.0.113.9", app)).status).toBe(401);
      expect((await ask(callback, from("203.0.113.9"))).status).toBe(401);
    }
    for (const answer of [
      await guess("203.0.113.9", app),
      await ask(callback, from("203.0.113.9")),
      await ask(`/console/link/${createLinkText()}`, from("203.0.113.9")),
    ])
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(reported).toEqual([{ kind: "too_many_failures", address: "203.0.113.9", unreported: 0 }]);
    expect((await guess("203.0.113.10", app)).status).toBe(401);
    expect((await ask("/console", { cookie, ...from("203.0.113.9") })).status).toBe(200);
  });
});

describe("back-channel logout", () => {
  const LOGOUT = { aud: "console", events: { [EVENT]: {} } };
  const sign = (
    claims: Readonly<Record<string, unknown>>,
    header: { typ?: string; alg?: string } = { typ: "logout+jwt" },
  ) => issuer.sign({ ...LOGOUT, jti: newId(), sub: undefined, ...claims }, header);
  const tell = (token: string, name = "sso"): Promise<Response> =>
    Promise.resolve(
      app.request(`${ORIGIN}/console/backchannel-logout/${name}`, {
        method: "POST",
        body: new URLSearchParams({ logout_token: token }),
        headers: { host: "127.0.0.1:8081" },
      }),
    );

  test("a logout of a subject ends its sessions and tokens, and nobody else's", async () => {
    const tokens = [
      await giveToken("lin"),
      await giveToken("lin", "https://other.example"),
      await giveToken("max"),
    ];
    const [one, two, other] = [
      await signIn(["developers"], { subject: "lin" }),
      await signIn(["developers"], { subject: "lin" }),
      await signIn(["developers"], { subject: "max" }),
    ];
    const elsewhere = await signIn(["developers"], { subject: "lin", issuer: "https://other.example" });
    const told = await tell(await sign({ sub: "lin" }));
    expect([told.status, told.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect([await statusOf(one), await statusOf(two), await statusOf(other)]).toEqual([303, 303, 200]);
    expect(await statusOf(elsewhere)).toBe(200);
    expect(await Promise.all(tokens.map(hasEnded))).toEqual([true, false, false]);
  });

  test("a logout of one session ends that one, and whose it was loses their tokens", async () => {
    const token = await giveToken("kim");
    const [one, two] = [
      await signIn(["developers"], { subject: "kim", sid: "s-1" }),
      await signIn(["developers"], { subject: "kim", sid: "s-2" }),
    ];
    expect((await tell(await sign({ sid: "s-1" }))).status).toBe(200);
    expect([await statusOf(one), await statusOf(two)]).toEqual([303, 200]);
    expect(await hasEnded(token)).toBe(true);
    // Both must fit where both are named.
    expect((await tell(await sign({ sub: "max", sid: "s-2" }))).status).toBe(200);
    expect(await statusOf(two)).toBe(200);
  });

  test("a logout that can't be checked is to be told again, and ends nothing", async () => {
    const cookie = await signIn(["developers"], { subject: "lou" });
    const token = await sign({ sub: "lou" });
    issuer.behave("fail");
    // Another gateway, which has no keys of the issuer yet.
    const body = new URLSearchParams({ logout_token: token });
    const answer = await open({}).request(`${ORIGIN}/console/backchannel-logout/sso`, {
      method: "POST",
      body,
      headers: { host: "127.0.0.1:8081" },
    });
    issuer.behave("well");
    expect([answer.status, await statusOf(cookie)]).toEqual([503, 200]);
    expect((await tell(token)).status).toBe(200);
  });

  test("a logout token counts as long as the clocks may differ, and is known as long; other algorithms don't count", async () => {
    const { config } = issuer;
    const keys = createIssuerKeys({ issuer: issuer.url, jwksUri: null });
    const verify = (token: string, nowMs: number, changes = {}) =>
      verifyLogoutToken(token, { config: { ...config, ...changes }, keys }, "console", nowMs);
    const exp = 1_900_000_000;
    const last = (exp + config.clock_skew_s) * 1000;
    const token = await sign({ sub: "zoe", jti: "same", iat: exp - 60, exp });
    const counted = await verify(token, last - 1000);
    expect(counted.until.getTime()).toBe(last);
    await expect(verify(token, last)).rejects.toMatchObject({ code: "token_invalid" });
    await expect(verify(token, last - 1000, { algorithms: ["RS256"] })).rejects.toMatchObject({
      code: "token_invalid",
    });
    const iss = "https://other.example";
    const other = await sign({ sub: "zoe", jti: "same", iat: exp - 60, exp, iss });
    expect((await verify(other, last - 1000, { issuer: iss })).hash).not.toEqual(counted.hash);
  });

  test("where another claim names callers a logout ends who the subject is, and no namesake's tokens", async () => {
    await signIn(["developers"], { subject: "nia" });
    next = { ...next, issuerSubject: "sub-9" };
    const cookie = toCookie(await comeBack(await ask("/console/oidc/sso")), "session");
    const tokens = [await giveToken("nia"), await giveToken("sub-9")];
    const until = new Date(Date.now() + 60_000);
    const said = { subject: "sub-9", session: null, hash: randomBytes(32), until };
    const named = open({ issuers: [toOidc({ namesCallers: false, verifyLogout: async () => said })] });
    const told = await named.request(`${ORIGIN}/console/backchannel-logout/sso`, {
      method: "POST",
      body: new URLSearchParams({ logout_token: "x" }),
      headers: { host: "127.0.0.1:8081" },
    });
    expect([told.status, await statusOf(cookie)]).toEqual([200, 303]);
    expect(await Promise.all(tokens.map(hasEnded))).toEqual([true, false]);
  });

  test("a logout token counts once", async () => {
    const token = await sign({ sub: "pat" });
    expect((await tell(token)).status).toBe(200);
    const again = await tell(token);
    expect([again.status, await again.json()]).toMatchObject([400, { error: "invalid_request" }]);
  });

  test("a logout that fails half-way has not been told, and ends everything when it is told again", async () => {
    const cookie = await signIn(["developers"], { subject: "noa" });
    const token = await sign({ sub: "noa" });
    await database.db.sql`alter table tokens rename to tokens_away`;
    expect((await tell(token)).status).toBe(503);
    await database.db.sql`alter table tokens_away rename to tokens`;
    expect(await statusOf(cookie)).toBe(200);
    expect((await tell(token)).status).toBe(200);
    expect(await statusOf(cookie)).toBe(303);
    expect((await tell(token)).status).toBe(400);
  });

  test.each([
    ["another type", { sub: "zoe" }, { typ: "at+jwt" }],
    ["no event", { sub: "zoe", events: undefined }, undefined],
    ["another event", { sub: "zoe", events: { "http://schemas.example/other": {} } }, undefined],
    ["a nonce", { sub: "zoe", nonce: "n" }, undefined],
    ["neither sub nor sid", {}, undefined],
    ["no id", { sub: "zoe", jti: undefined }, undefined],
    ["an event without a body", { sub: "zoe", events: { [EVENT]: "yes" } }, undefined],
    ["no time of issue", { sub: "zoe", iat: undefined }, undefined],
    ["no expiry", { sub: "zoe", exp: undefined }, undefined],
    ["an expiry in the past", { sub: "zoe", exp: 1 }, undefined],
    ["another client's audience", { sub: "zoe", aud: "tollgate" }, undefined],
    ["another issuer", { sub: "zoe", iss: "https://evil.example" }, undefined],
  ])("a logout token with %s is refused, and ends nothing", async (_what, claims, header) => {
    const cookie = await signIn(["developers"], { subject: "zoe" });
    expect((await tell(await sign(claims, header))).status).toBe(400);
    expect(await statusOf(cookie)).toBe(200);
  });

  test("a token whose signature is wrong, an ID token and an unknown issuer's are refused", async () => {
    const token = await sign({ sub: "zoe" });
    const [head, body, signature = ""] = token.split(".");
    const changed = `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect((await tell(changed)).status).toBe(400);
    expect((await tell(await issuer.sign({ aud: "console", sub: "zoe", nonce: "n" }))).status).toBe(400);
    expect((await tell(token, "other")).status).toBe(400);
  });

  test("where it is so configured the subject's tokens stay", async () => {
    const keeping = open({}, { logout_ends_tokens: false });
    const token = await giveToken("sam");
    const body = new URLSearchParams({ logout_token: await sign({ sub: "sam" }) });
    const headers = { host: "127.0.0.1:8081" };
    const told = await keeping.request(`${ORIGIN}/console/backchannel-logout/sso`, {
      method: "POST",
      body,
      headers,
    });
    expect(told.status).toBe(200);
    expect(await hasEnded(token)).toBe(false);
  });
});
