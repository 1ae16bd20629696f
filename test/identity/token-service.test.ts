// The token service through a whole gateway: each grant with a real client of OAuth, and what must be refused.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { Readable } from "node:stream";
import OpenAI, { APIError } from "openai";
import * as oauth from "openid-client";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { addClientKey } from "../../db/queries/client-keys.ts";
import { revoke } from "../../db/queries/revocations.ts";
import { createKey, revokeServiceAccount } from "../../db/queries/service-accounts.ts";
import { revokeTokens } from "../../db/queries/tokens.ts";
import { createKeyText, hashKey } from "../../gateway/identity/key-format.ts";
import { toSubjectId } from "../../gateway/identity/subject-id.ts";
import { createSilentLog } from "../../gateway/log.ts";
import { readPublicKey } from "../../gateway/oauth/public-key.ts";
import { openTokenService } from "../../gateway/oauth/token-service.ts";
import { signAnew } from "../fixtures/sign-anew.ts";
import { createSamlProvider, toSamlConfig } from "../fixtures/saml-provider.ts";
import type { Said, SamlProvider } from "../fixtures/saml-provider.ts";
import { createTestIssuer } from "../fixtures/test-issuer.ts";
import type { TestIssuer } from "../fixtures/test-issuer.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { runCommandLine } from "../../gateway/cli/program.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS = "urn:ietf:params:oauth:token-type:access_token";

let people: TestIssuer;
let agents: TestIssuer;
let directory: SamlProvider;
let database: TestDatabase;
let gateway: RunningGateway;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-keys-"));
  [people, agents] = await Promise.all([createTestIssuer(), createTestIssuer()]);
  directory = createSamlProvider("https://replaced.example.com");
  await writeFile(join(folder, "directory.xml"), directory.metadata);
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - { issuer: "${people.url}", audience: tollgate, group_map: { staff: [developers, admins] } }
  - { issuer: "${agents.url}", audience: tollgate, kind: agent, group_map: { bots: [developers, bots] } }
saml_issuers:
  - entity_id: ${directory.entityId}
    metadata_file: ${join(folder, "directory.xml")}
    audience: https://tollgate.example.com/saml
    group_map: { staff: [developers, admins] }
`,
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await people?.[Symbol.asyncDispose]();
  await agents?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const person = (claims = {}) => people.sign({ groups: ["staff"], ...claims });

type Answer = { readonly status: number; readonly body: Record<string, unknown> };

async function post(
  form: Record<string, string> | string,
  headers = {},
  path = "/oauth/token",
): Promise<Answer> {
  const body = typeof form === "string" ? form : new URLSearchParams(form).toString();
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(gateway.origin + path, {
    method: "POST",
    headers: { ...type, ...headers },
    body,
  });
  expect(response.headers.get("cache-control")).toBe("no-store");
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? {} : z.record(z.string(), z.unknown()).parse(JSON.parse(text)),
  };
}

const exchange = async (token: string, more: Record<string, string> = {}) =>
  post({ grant_type: EXCHANGE, subject_token: token, subject_token_type: JWT, ...more });

async function getToken(more: Record<string, string> = {}, claims = {}): Promise<string> {
  const { status, body } = await exchange(await person(claims), more);
  expect(status, JSON.stringify(body)).toBe(200);
  return String(body["access_token"]);
}

function ask(token: string, model = "gpt-4.1"): Promise<string> {
  const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: token, maxRetries: 0 });
  return client.responses.create({ model, input: "echo: hello" }).then(
    (answer) => answer.output_text,
    (error: unknown) => (error instanceof APIError ? String(error.code) : String(error)),
  );
}

describe("a SAML assertion", () => {
  const BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer";
  const SAML = "urn:ietf:params:oauth:token-type:saml2";
  const encode = (xml: string): string => Buffer.from(xml).toString("base64url");
  const assertion = async (said: Said = {}): Promise<string> =>
    encode(await directory.assert({ recipient: `${gateway.origin}/oauth/token`, ...said }));

  test("gives a token, by the grant of its own and by token exchange", async () => {
    const granted = await post({ grant_type: BEARER, assertion: await assertion(), scope: "model:gpt-4.1" });
    expect(granted).toMatchObject({ status: 200, body: { scope: "model:gpt-4.1", token_type: "Bearer" } });
    expect(await ask(String(granted.body["access_token"]))).toBe("hello");
    const rows = await database.db.sql<Record<string, unknown>[]>`
      select subject, issuer, groups, caller_kind from exchanges order by at desc limit 1`;
    expect(rows).toEqual([
      { subject: "ada", issuer: directory.entityId, groups: ["admins", "developers"], caller_kind: "human" },
    ]);
    const exchanged = await exchange(await assertion(), {
      subject_token_type: SAML,
      scope: "offline_access",
    });
    expect(exchanged.body["refresh_token"]).toMatch(/^tg_rt_/);
    expect(await ask(String(exchanged.body["access_token"]))).toBe("hello");
  });

  test("counts once, with all gateways of a database together", async () => {
    const services = [1, 2].map(() =>
      openTokenService({
        db: database.db,
        check: () => Promise.reject(new Error("Nothing else is checked.")),
        publicUrl: () => gateway.origin,
        lifetimes: { access_s: 60, refresh_s: 60 },
        samlIssuers: [toSamlConfig(directory)],
        onReuse: () => undefined,
        onSamlAttack: () => undefined,
        log: createSilentLog(),
      }),
    );
    const body = new URLSearchParams({ grant_type: BEARER, assertion: await assertion() }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const answers = await Promise.all(
      services.map(async (one) =>
        one.request("http://gateway/oauth/token", { method: "POST", headers, body }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 400]);
    expect(await post(body)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("that was altered gives nothing, is not echoed, and is an incident", async () => {
    const xml = await directory.assert({ recipient: `${gateway.origin}/oauth/token` });
    const { status, body } = await post({
      grant_type: BEARER,
      assertion: encode(xml.replace(">ada<", ">mallory<")),
    });
    expect({ status, body }).toEqual({
      status: 400,
      body: {
        error: "invalid_grant",
        error_description: expect.stringMatching(/^The assertion isn't accepted: .*signature is wrong/),
      },
    });
    await vi.waitFor(async () => {
      const rows = await database.db.sql<{ detail: unknown }[]>`
        select detail from incidents where kind = 'saml_assertion_refused' order by at desc limit 1`;
      expect(rows).toMatchObject([{ detail: { reason: "signature" } }]);
    }, 30_000);
    expect(gateway.log()).not.toContain("mallory");
  });

  test("ends with its subject, and what came of it too", async () => {
    const { body } = await post({ grant_type: BEARER, assertion: await assertion({ nameId: "leaver" }) });
    const token = String(body["access_token"]);
    expect(await ask(token)).toBe("hello");
    const subject = { tenant: "default", issuer: directory.entityId, subject: "leaver" };
    await revoke(database.db, { kind: "subject", id: toSubjectId(subject) });
    await vi.waitFor(async () => expect(await ask(token)).toBe("token_revoked"), 30_000);
    const again = await post({ grant_type: BEARER, assertion: await assertion({ nameId: "leaver" }) });
    expect(again).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test.each([
    ["another address", { recipient: "https://tollgate.example.com/console/saml/acs" }, /recipient/],
    ["nobody any more", { until: -60, from: -90, issued: -90 }, /expired/],
    ["another audience", { audience: "urn:other" }, /audience/],
  ])("that was made for %s gives nothing", async (_name, said, words) => {
    const { status, body } = await post({ grant_type: BEARER, assertion: await assertion(said) });
    expect(status).toBe(400);
    expect(body["error_description"]).toMatch(words);
  });
});

describe("token exchange", () => {
  test("gives an opaque token for an issuer's, which works with the client and says who calls", async () => {
    const { body } = await exchange(await person());
    expect(body).toEqual({
      access_token: expect.stringMatching(/^tg_at_[0-9A-Za-z]{39}$/),
      issued_token_type: ACCESS,
      token_type: "Bearer",
      expires_in: 3600,
      scope: "",
    });
    const token = String(body["access_token"]);
    expect(await ask(token)).toBe("hello");
    const rows = await database.db.sql<Record<string, unknown>[]>`
      select subject, issuer, groups, caller_kind from exchanges order by at desc limit 1`;
    expect(rows).toEqual([
      { subject: "ada", issuer: people.url, groups: ["admins", "developers"], caller_kind: "human" },
    ]);
    const kept = await database.db.sql<{ row: string }[]>`select tokens::text as row from tokens`;
    expect(kept.map(({ row }) => row).join("\n")).not.toContain(token);
    const hash = createHash("sha256").update(token).digest("hex");
    expect(kept.some(({ row }) => row.includes(hash))).toBe(true);
  });

  test("lets a token be narrowed, which policy then holds it to", async () => {
    const token = await getToken({ scope: "model:gpt-4.1 operation:responses.*" });
    expect(await ask(token)).toBe("hello");
    expect(await ask(token, "gpt-4.1-mini")).toBe("scope_exceeded");
    const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: token, maxRetries: 0 });
    await expect(client.models.list()).rejects.toMatchObject({ status: 403, code: "scope_exceeded" });
    const wider = await exchange(token, { subject_token_type: ACCESS, scope: "model:*" });
    expect(wider).toMatchObject({ status: 400, body: { error: "invalid_scope" } });
  });

  test("lets an agent act for a person: both are told, and only what both may is allowed", async () => {
    const agent = await agents.sign({ sub: "report-writer", groups: ["bots"] });
    const { body } = await exchange(await person(), { actor_token: agent, actor_token_type: JWT });
    const token = String(body["access_token"]);
    expect(await ask(token)).toBe("hello");
    const rows = await database.db.sql<Record<string, unknown>[]>`
      select subject, acts_for, caller_kind, groups from exchanges order by at desc limit 1`;
    expect(rows).toEqual([
      { subject: "report-writer", acts_for: "ada", caller_kind: "agent", groups: ["developers"] },
    ]);
    const chain = await exchange(token, {
      subject_token_type: ACCESS,
      actor_token: agent,
      actor_token_type: JWT,
    });
    expect(chain).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });

  test("ends with the token that asked for it, with its subject, and with itself", async () => {
    const token = await getToken();
    expect(await ask(token)).toBe("hello");
    const ended = await fetch(`${gateway.origin}/oauth/token`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}` },
    });
    expect(ended.status).toBe(204);
    await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");

    const [other, third] = [await getToken(), await getToken()];
    expect(await ask(other)).toBe("hello");
    expect((await post({ token: other }, {}, "/oauth/revoke")).status).toBe(200);
    expect((await post({ token: "tg_at_unknown" }, {}, "/oauth/revoke")).status).toBe(200);
    await expect.poll(() => ask(other), { timeout: 10_000 }).toBe("token_revoked");
    expect(await ask(third)).toBe("hello");

    const { code, stdout } = await gateway.cli("tokens", "revoke", "--subject", "ada");
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Revoked \d+ tokens/) });
    await expect.poll(() => ask(third), { timeout: 10_000 }).toBe("token_revoked");
    expect(await ask(await getToken())).toBe("hello");
  });
});

describe("a token that was obtained with another of the gateway's own", () => {
  const renew = (token: string, more = {}) => exchange(token, { subject_token_type: ACCESS, ...more });

  test("ends when that does, so that nobody stays in by renewing", async () => {
    const first = await getToken();
    const end = new Date(Date.now() + 600_000);
    const hash = createHash("sha256").update(first).digest();
    await database.db.sql`update tokens set expires_at = ${end.toISOString()} where hash = ${hash}`;
    const { body } = await renew(first, { scope: "offline_access" });
    expect(Number(body["expires_in"])).toBeLessThanOrEqual(600);
    expect(body).not.toHaveProperty("refresh_token");

    const agent = await agents.sign({ sub: "report-writer", groups: ["bots"] });
    const delegated = await renew(first, { actor_token: agent, actor_token_type: JWT });
    expect(Number(delegated.body["expires_in"])).toBeLessThanOrEqual(600);
  });

  test("is not exchanged on and on", async () => {
    let token = await getToken();
    const answers: Answer[] = [];
    for (let count = 0; count < 17; count += 1) {
      const answer = await renew(token);
      answers.push(answer);
      const next = answer.body["access_token"];
      if (typeof next === "string") token = next;
    }
    expect(answers.slice(0, 10).every(({ status }) => status === 200)).toBe(true);
    expect(answers.at(-1)).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
  });
});

describe("what came of a token", () => {
  const call = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${gateway.baseUrl}/models`, { headers });
    return z.object({ error: z.object({ code: z.string() }) }).parse(await response.json()).error.code;
  };

  test("a client secret too, ends with the first token of all", async () => {
    const token = await getToken({}, { sub: "hedy", jti: "hedy's" });
    const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: token, maxRetries: 0 });
    const { value } = await client.realtime.clientSecrets.create({
      session: { type: "realtime", model: "gpt-realtime" },
    });
    expect(await call(value)).not.toBe("token_revoked");
    const [row] = await database.db.sql<{ parents: string[] }[]>`
      select parents from tokens where subject = 'hedy'`;
    await revoke(database.db, { kind: "credential", id: row?.parents[0] ?? "" });
    await expect.poll(() => call(value), { timeout: 10_000 }).toBe("token_revoked");
  });

  test("for an agent ends with all of the person's", async () => {
    const agent = await agents.sign({ sub: "report-writer", groups: ["bots"] });
    const token = await getToken({ actor_token: agent, actor_token_type: JWT }, { sub: "mary" });
    expect(await ask(token)).toBe("hello");
    expect(await revokeTokens(database.db, { subject: "mary", issuer: agents.url }, "test")).toBe(0);
    expect(await revokeTokens(database.db, { subject: "mary", issuer: people.url }, "test")).toBe(1);
    await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");

    const other = await getToken({ actor_token: agent, actor_token_type: JWT }, { sub: "joan" });
    expect(await ask(other)).toBe("hello");
    const person = { tenant: "default", issuer: people.url, subject: "joan" };
    await revoke(database.db, { kind: "subject", id: toSubjectId(person) });
    await expect.poll(() => ask(other), { timeout: 10_000 }).toBe("token_revoked");
  });

  test("by a refresh at the very moment of its end, ends too", async () => {
    await exchange(await person({ sub: "lise" }), { scope: "offline_access" });
    const { sql } = database.db;
    const ended = await sql.begin(async (tx) => {
      await tx`select from tokens where subject = 'lise' and use = 'refresh' for update`;
      const ending = revokeTokens(database.db, { subject: "lise", issuer: null }, "test");
      const waits = async () =>
        (await sql`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%"tokens"%'`)
          .length;
      await expect.poll(waits, { timeout: 4_000 }).toBe(1);
      await tx`insert into tokens select gen_random_uuid(), family, use, ${randomBytes(32)}, tenant, issuer, subject,
        acts_for, caller, parents, grant_type, issued_at, expires_at from tokens
        where subject = 'lise' and use = 'refresh'`;
      return { ending };
    });
    expect(await ended.ending).toBe(3);
  });
});

describe("a refresh token", () => {
  const sign = async () => {
    const { body } = await exchange(await person({ sub: "grace" }), { scope: "offline_access" });
    return { access: String(body["access_token"]), refresh: String(body["refresh_token"]) };
  };
  const refresh = (token: string) => post({ grant_type: "refresh_token", refresh_token: token });

  test("gives the next pair, once; used again it ends all that came of the sign-in", async () => {
    const first = await sign();
    const { status, body } = await refresh(first.refresh);
    expect(status).toBe(200);
    const second = String(body["access_token"]);
    expect(await ask(second)).toBe("hello");
    const again = await refresh(first.refresh);
    expect(again).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
    await expect.poll(() => ask(second), { timeout: 10_000 }).toBe("token_revoked");
    expect((await refresh(String(body["refresh_token"]))).status).toBe(400);
    await expect
      .poll(() => database.db.sql`select kind from incidents where kind = 'refresh_token_reused'`, {
        timeout: 10_000,
      })
      .toHaveLength(1);
  });

  test("is used up by exactly one of many at once", async () => {
    const { refresh: token } = await sign();
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test("is none to call with, and none for programs or agents", async () => {
    const { refresh: token } = await sign();
    expect(await ask(token)).toBe("token_invalid");
    const agent = await agents.sign({ groups: ["bots"] });
    expect((await exchange(agent, { scope: "offline_access" })).body).not.toHaveProperty("refresh_token");
  });
});

describe("a service account", () => {
  const configure = (auth: oauth.ClientAuth, id: string): oauth.Configuration => {
    const configuration = new oauth.Configuration(
      { issuer: gateway.origin, token_endpoint: `${gateway.origin}/oauth/token` },
      id,
      undefined,
      auth,
    );
    oauth.allowInsecureRequests(configuration);
    return configuration;
  };

  test("gets short-lived tokens for its key, which end with the key", async () => {
    const made = await gateway.cli("service-accounts", "create", "nightly", "-g", "developers", "--json");
    const { key } = z.object({ key: z.string() }).parse(JSON.parse(made.stdout));
    const client = configure(oauth.ClientSecretBasic(key), "nightly");
    const { access_token: token } = await oauth.clientCredentialsGrant(client, { scope: "model:gpt-4.1" });
    expect(await ask(token)).toBe("hello");
    const wrong = configure(oauth.ClientSecretBasic(key), "another");
    await expect(oauth.clientCredentialsGrant(wrong, {})).rejects.toMatchObject({ status: 401 });
    await gateway.cli("service-accounts", "revoke", "nightly");
    await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");
  });

  test("proves itself by a signature instead, and each assertion counts once", async () => {
    await gateway.cli("service-accounts", "create", "signer", "-g", "developers");
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const file = join(folder, "signer.pem");
    await writeFile(file, await exportSPKI(publicKey));
    expect(await gateway.cli("service-accounts", "add-key", "signer", "--public-key", file)).toMatchObject({
      code: 0,
    });
    const client = configure(oauth.PrivateKeyJwt(privateKey), "signer");
    const { access_token: token } = await oauth.clientCredentialsGrant(client, {});
    expect(await ask(token)).toBe("hello");

    const assertion = (claims = {}, lifetime = "60s") =>
      new SignJWT({ iss: "signer", sub: "signer", aud: `${gateway.origin}/oauth/token`, ...claims })
        .setProtectedHeader({ alg: "ES256" })
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(privateKey);
    const present = (client_assertion: string, more = {}) =>
      post({
        grant_type: "client_credentials",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion,
        ...more,
      });
    const once = await assertion();
    expect((await present(once)).status).toBe(200);
    const refused = { status: 401, body: { error: "invalid_client" } };
    expect(await present(once)).toMatchObject(refused);
    expect(await present(signAnew(once))).toMatchObject(refused);
    expect(await present(`!!.${once.split(".")[1]}.x`)).toMatchObject(refused);
    expect(await present(await assertion({ aud: "https://other.example.com" }))).toMatchObject(refused);
    expect(await present(await assertion({ sub: "nightly" }))).toMatchObject(refused);
    expect(await present(await assertion({}, "1h"))).toMatchObject(refused);
    expect(await present(await assertion({ exp: 1 }, "-1h"))).toMatchObject(refused);
    expect(await present(await assertion(), { client_id: "nightly" })).toMatchObject(refused);
    const other = await generateKeyPair("ES256");
    const forged = configure(oauth.PrivateKeyJwt(other.privateKey), "signer");
    await expect(oauth.clientCredentialsGrant(forged, {})).rejects.toMatchObject({ error: "invalid_client" });
    const shared = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
    const confused = await new SignJWT({ iss: "signer", sub: "signer", aud: gateway.origin, jti: "1" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("60s")
      .sign(shared);
    expect(await present(confused)).toMatchObject(refused);
  });

  /** An account that proves itself by a public key, made where the command line makes it. */
  async function addSigner(name: string) {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const read = await readPublicKey(await exportSPKI(publicKey));
    if ("problem" in read) throw new TypeError(read.problem);
    const create = (groups: readonly string[]) =>
      createKey(database.db, {
        tenant: "default",
        name,
        groups,
        createdBy: "test",
        hint: "",
        existing: "refuse",
        hash: randomBytes(32),
        expiresAt: new Date(Date.now() + 3_600_000),
      });
    await create(["developers"]);
    const id = await addClientKey(database.db, name, { ...read, createdBy: "test" });
    const client = configure(oauth.PrivateKeyJwt(privateKey), name);
    return { id: id ?? "", create, ask: () => oauth.clientCredentialsGrant(client, {}) };
  }

  test("has no public key left once it was revoked, nor when another is opened under its name", async () => {
    const signer = await addSigner("leaver");
    const { access_token: token } = await signer.ask();
    expect(await ask(token)).toBe("hello");
    await revokeServiceAccount(database.db, "leaver");
    await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");
    expect(await signer.create(["admins"])).not.toBeNull();
    await expect(signer.ask()).rejects.toMatchObject({ error: "invalid_client" });
  });

  test("loses one public key by its id, with what came of it", async () => {
    const signer = await addSigner("rotated");
    const { access_token: token } = await signer.ask();
    expect(await ask(token)).toBe("hello");
    expect(await revokeServiceAccount(database.db, signer.id)).toMatchObject({ keyIds: [signer.id] });
    await expect.poll(() => ask(token), { timeout: 10_000 }).toBe("token_revoked");
    await expect(signer.ask()).rejects.toMatchObject({ error: "invalid_client" });
  });

  test("gets no token that outlives its key", async () => {
    const key = createKeyText();
    await createKey(database.db, {
      tenant: "default",
      name: "short",
      groups: [],
      createdBy: "test",
      hint: "",
      existing: "refuse",
      hash: hashKey(key),
      expiresAt: new Date(Date.now() + 600_000),
    });
    const client = configure(oauth.ClientSecretPost(key), "short");
    const { expires_in: seconds } = await oauth.clientCredentialsGrant(client, {});
    expect(seconds).toBeLessThanOrEqual(600);
  });

  test("can't register a private key", async () => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const file = join(folder, "private.json");
    await writeFile(file, JSON.stringify(await exportJWK(privateKey)));
    const { code, stderr } = await gateway.cli("service-accounts", "add-key", "x", "--public-key", file);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining("private") });
  });
});

describe("the command for programs", () => {
  async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const written = { stdout: "", stderr: "" };
    const code = await runCommandLine(["token", ...args], {
      stdout: { write: (text: string) => (written.stdout += text) },
      stderr: { write: (text: string) => (written.stderr += text) },
      stdin: Readable.from([]),
      env: { TOLLGATE_URL: gateway.baseUrl, ...env },
      cwd: folder,
      signal: new AbortController().signal,
    });
    return { code, ...written };
  }

  test("prints a token for an issuer's in a file, narrowed", async () => {
    const file = join(folder, "projected");
    await writeFile(file, await person());
    const { code, stdout } = await run(["--token-file", file, "--scope", "model:gpt-4.1"]);
    expect(code).toBe(0);
    expect(await ask(stdout.trim())).toBe("hello");
    expect(await ask(stdout.trim(), "gpt-4.1-mini")).toBe("scope_exceeded");
  });

  test("signs as a service account", async () => {
    await gateway.cli("service-accounts", "create", "beside", "-g", "developers");
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
    const [open, secret] = [join(folder, "beside.pub"), join(folder, "beside.pem")];
    await writeFile(open, await exportSPKI(publicKey));
    await writeFile(secret, await exportPKCS8(privateKey));
    expect(await run(["--account", "beside", "--private-key", secret])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("invalid_client"),
    });
    await gateway.cli("service-accounts", "add-key", "beside", "--public-key", open);
    const { stdout } = await run(["--account", "beside", "--private-key", secret, "--json"]);
    const { access_token: token } = z.object({ access_token: z.string() }).parse(JSON.parse(stdout));
    expect(await ask(token)).toBe("hello");
  });

  test("shows the ID token of a job of GitHub Actions", async () => {
    const asked: string[] = [];
    const github = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${request.url}`);
      void people.sign({ groups: ["staff"] }).then((value) => response.end(JSON.stringify({ value })));
    });
    github.listen(0, "127.0.0.1");
    await once(github, "listening");
    const address = github.address();
    const port = typeof address === "object" ? address?.port : 0;
    const { code, stdout } = await run(["--github-actions", "tollgate"], {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/id?api-version=2`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job",
    });
    github.close();
    expect(code).toBe(0);
    expect(asked).toEqual(["Bearer job /id?api-version=2&audience=tollgate"]);
    expect(await ask(stdout.trim())).toBe("hello");
  });

  test.each([
    [["--token-file", "missing"], 2, "can't be read"],
    [[], 2, "Say what to show"],
    [["--account", "a"], 2, "Say what to show"],
    [["--github-actions", "x"], 1, "id-token: write"],
    [["--gateway", "http://gateway.example.com", "--token-file", "x"], 2, "an https URL"],
    [["--gateway", "http://127.0.0.1:1", "--token-file", "-"], 2, "Standard input held no token"],
  ])("says what to do about %j", async (args, code, words) => {
    expect(await run(args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(words) });
  });

  test("tells a token that is refused, without repeating it", async () => {
    const file = join(folder, "expired");
    const token = await person({ exp: 1 });
    await writeFile(file, token);
    const { code, stderr } = await run(["--token-file", file]);
    expect(code).toBe(1);
    expect(stderr).toContain("expired");
    expect(stderr).not.toContain(token.slice(-20));
  });
});

describe("the token endpoint", () => {
  test("is found by its metadata (RFC 8414)", async () => {
    const response = await fetch(`${gateway.origin}/.well-known/oauth-authorization-server`);
    expect(await response.json()).toMatchObject({
      issuer: gateway.origin,
      token_endpoint: `${gateway.origin}/oauth/token`,
      grant_types_supported: [
        EXCHANGE,
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "client_credentials",
        "refresh_token",
      ],
    });
  });

  test.each([
    ["no form", "{}", { "content-type": "application/json" }, "invalid_request"],
    ["no grant", "a=b", {}, "invalid_request"],
    ["a grant that there is not", "grant_type=password&username=a&password=b", {}, "unsupported_grant_type"],
    ["a parameter twice", "grant_type=refresh_token&grant_type=refresh_token", {}, "invalid_request"],
    ["a body without end", `grant_type=${"x".repeat(70_000)}`, {}, "invalid_request"],
    ["no subject token", `grant_type=${encodeURIComponent(EXCHANGE)}`, {}, "invalid_request"],
    ["an unknown refresh token", "grant_type=refresh_token&refresh_token=tg_rt_x", {}, "invalid_grant"],
    ["a client without proof", "grant_type=client_credentials&client_id=a", {}, "invalid_request"],
    [
      "a client with a wrong secret",
      "grant_type=client_credentials&client_id=a&client_secret=b",
      {},
      "invalid_client",
    ],
    [
      "a client with two proofs",
      "grant_type=client_credentials&client_id=a&client_secret=b",
      { authorization: "Basic YTpi" },
      "invalid_request",
    ],
    ["a broken header", "grant_type=client_credentials", { authorization: "Basic %%%" }, "invalid_client"],
  ])("refuses %s", async (_name, form, headers, error) => {
    const { status, body } = await post(form, headers);
    expect(body).toEqual({ error, error_description: expect.any(String) });
    expect(status).toBe(error === "invalid_client" ? 401 : 400);
  });

  test("refuses tokens that would not be let in, and those for somebody else", async () => {
    const refused = async (token: string, more = {}) => (await exchange(token, more)).body["error"];
    expect(await refused(await person({ exp: 1 }))).toBe("invalid_grant");
    expect(await refused(await person({ aud: "other" }))).toBe("invalid_grant");
    expect(await refused(`${await person()}x`)).toBe("invalid_grant");
    expect(await refused(await person({ padding: "x".repeat(20_000) }))).toBe("invalid_grant");
    expect(await refused(`${await person()}\n`)).toBe("invalid_grant");
    expect(await refused(await person(), { audience: "https://other.example.com" })).toBe("invalid_target");
    expect(await refused(await person(), { requested_token_type: JWT })).toBe("invalid_request");
    expect(await refused(await person(), { subject_token_type: "urn:x" })).toBe("invalid_request");
  });

  test("takes no parameters from the query, and no other method", async () => {
    const { body } = await post({ grant_type: "refresh_token" }, {}, "/oauth/token?refresh_token=x");
    expect(body["error"]).toBe("invalid_request");
    expect((await fetch(`${gateway.origin}/oauth/token`)).status).toBe(405);
  });

  test("shows nothing of what was sent in the gateway's log", async () => {
    const token = await person({ sub: "log-canary" });
    await exchange(token);
    await exchange(`${token}x`);
    for (const part of token.split(".")) expect(gateway.log()).not.toContain(part);
  });
});
