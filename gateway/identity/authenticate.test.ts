import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/client.ts";
import { revoke } from "../../db/queries/revocations.ts";
import { createKey, revokeServiceAccount } from "../../db/queries/service-accounts.ts";
import { addTokens, endSubjectAs } from "../../db/queries/tokens.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import { createSilentLog } from "../log.ts";
import { issueTokens } from "../oauth/issue-tokens.ts";
import { createAuthenticator } from "./authenticate.ts";
import type { Authenticator, ProviderKeyIncident } from "./authenticate.ts";
import { createKeyText, hashKey, toHint } from "./key-format.ts";
import { toSubjectId } from "./subject-id.ts";
import { createTestIssuer } from "../../test/fixtures/test-issuer.ts";
import type { TestIssuer } from "../../test/fixtures/test-issuer.ts";

let database: TestDatabase;
let issuer: TestIssuer;
let authenticator: Authenticator;
const incidents: ProviderKeyIncident[] = [];

function open(db = database.db, of = issuer): Promise<Authenticator> {
  return createAuthenticator({
    findClientSecret: async () => null,
    db,
    issuers: [of.config],
    issuerSecrets: new Map([[of.url, "introspection-secret"]]),
    secret: Buffer.alloc(32, 1),
    log: createSilentLog(),
    onProviderKey: (incident) => incidents.push(incident),
  });
}

beforeAll(async () => {
  database = await createTestDatabase();
  issuer = await createTestIssuer();
  authenticator = await open();
});
afterAll(async () => {
  await authenticator?.close();
  await issuer?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

let made = 0;
async function createAccount(ttlMs = 60_000): Promise<{ name: string; key: string; keyId: string }> {
  const key = createKeyText();
  made += 1;
  const name = `account-${made}`;
  const created = await createKey(database.db, {
    tenant: "default",
    name,
    groups: ["developers"],
    createdBy: "test",
    hash: hashKey(key),
    hint: toHint(key),
    expiresAt: new Date(Date.now() + ttlMs),
    existing: "refuse",
  });
  return { name, key, keyId: created?.keyId ?? "" };
}

async function outcome(token: string | undefined, by = authenticator): Promise<string> {
  try {
    await by.authenticate(token === undefined ? undefined : `Bearer ${token}`);
    return "accepted";
  } catch (error) {
    return error instanceof GatewayError ? error.code : `fault: ${String(error)}`;
  }
}

function isCaller(found: Caller | Promise<Caller>): found is Caller {
  return !(found instanceof Promise);
}

describe("a key of a service account", () => {
  test("gives its caller, and at once the next time", async () => {
    const { name, key, keyId } = await createAccount();
    const first = authenticator.authenticate(`Bearer ${key}`);
    expect(isCaller(first)).toBe(false);
    expect(await first).toMatchObject({
      issuer: "tollgate",
      subject: name,
      kind: "service",
      groups: ["developers"],
      credentialId: keyId,
    });
    expect(isCaller(authenticator.authenticate(`Bearer ${key}`))).toBe(true);
  });

  test("is unknown where it was never issued", async () => {
    expect(await outcome(createKeyText())).toBe("token_invalid");
  });

  test("expires, also where it is known", async () => {
    const { key } = await createAccount(3_000);
    expect(await outcome(key)).toBe("accepted");
    await expect.poll(() => outcome(key), { timeout: 10_000 }).toBe("token_expired");
    expect(await outcome(key)).toBe("token_expired");
  });

  test("is refused by every process within a second of its revocation", async () => {
    const { name, key, keyId } = await createAccount();
    const other = await open();
    const caller = await authenticator.authenticate(`Bearer ${key}`);
    const cut: string[] = [];
    other.onRevoked((isEnded) => isEnded(caller) && cut.push(caller.credentialId));
    expect([await outcome(key), await outcome(key, other)]).toEqual(["accepted", "accepted"]);
    await revokeServiceAccount(database.db, name);
    const began = Date.now();
    const processes = [authenticator, other];
    while (processes.some((one) => !one.isRevoked(caller)) && Date.now() - began < 10_000) await sleep(5);
    // A second is what it takes; the rest is what a busy machine may be late by.
    expect(Date.now() - began).toBeLessThan(5_000);
    expect([await outcome(key), await outcome(key, other)]).toEqual(["token_revoked", "token_revoked"]);
    expect(cut).toEqual([keyId]);
    await other.close();
  });

  test("stays refused for a process that starts after its revocation", async () => {
    const { name, key } = await createAccount();
    await revokeServiceAccount(database.db, name);
    const later = await open();
    expect(await outcome(key, later)).toBe("token_revoked");
    await later.close();
  });

  test("is refused after a rotation, and its successor isn't", async () => {
    const { name, key } = await createAccount();
    const next = createKeyText();
    const input = {
      tenant: "default",
      name,
      groups: ["admins"],
      createdBy: "test",
      hash: hashKey(next),
      hint: toHint(next),
    };
    const expiresAt = new Date(Date.now() + 60_000);
    expect(await createKey(database.db, { ...input, expiresAt, existing: "refuse" })).toBeNull();
    expect(await createKey(database.db, { ...input, expiresAt, existing: "replace" })).not.toBeNull();
    expect([await outcome(key), await outcome(next)]).toEqual(["token_revoked", "accepted"]);
  });
});

describe("an issuer's token", () => {
  test("gives its caller, and is revoked by its name", async () => {
    const token = await issuer.sign({ sub: "grace", jti: "one" });
    const caller = await authenticator.authenticate(`Bearer ${token}`);
    expect(caller.subject).toBe("grace");
    await revoke(database.db, { kind: "credential", id: caller.credentialId });
    await expect.poll(() => outcome(token), { timeout: 5_000 }).toBe("token_revoked");
    expect(await outcome(await issuer.sign({ sub: "grace", jti: "two" }))).toBe("accepted");
  });

  test("falls with its subject, and so does every later one", async () => {
    const token = await issuer.sign({ sub: "mallory" });
    const caller = await authenticator.authenticate(`Bearer ${token}`);
    const cut: string[] = [];
    const stop = authenticator.onRevoked((isEnded) => isEnded(caller) && cut.push(caller.credentialId));
    await revoke(database.db, { kind: "subject", id: toSubjectId(caller) });
    await expect.poll(() => outcome(token), { timeout: 5_000 }).toBe("token_revoked");
    await expect.poll(() => cut, { timeout: 5_000 }).toEqual([caller.credentialId]);
    stop();
    expect(await outcome(await issuer.sign({ sub: "mallory", jti: "other" }))).toBe("token_revoked");
  });

  test("ends with what its subject had at a moment, at every process, and a later one counts", async () => {
    const now = Math.floor(Date.now() / 1000);
    const tokens = {
      early: await issuer.sign({ sub: "hedy" }),
      // As an issuer's that doesn't say when it issued it.
      undated: await issuer.sign({ sub: "hedy", iat: undefined }),
      ahead: await issuer.sign({ sub: "hedy", iat: now + issuer.config.clock_skew_s - 2 }),
    };
    const later = await issuer.sign({ sub: "hedy", iat: now + 60 });
    const other = await issuer.sign({ sub: "emmy" });
    const second = await open();
    const callers: Caller[] = [];
    for (const token of Object.values(tokens))
      callers.push(
        await second.authenticate(`Bearer ${token}`),
        await authenticator.authenticate(`Bearer ${token}`),
      );
    const cut = new Set<Caller>();
    for (const one of [authenticator, second])
      one.onRevoked((isEnded) => {
        for (const caller of callers) if (isEnded(caller)) cut.add(caller);
      });
    const ended = await endSubjectAs(database.db, { issuer: issuer.url, subject: "hedy" }, "test");
    expect(ended).toEqual({ tokens: 0, agents: [] });
    await expect.poll(() => cut.size, { timeout: 5_000 }).toBe(callers.length);
    const started = await open();
    for (const by of [authenticator, second, started]) {
      for (const token of Object.values(tokens)) expect(await outcome(token, by)).toBe("token_revoked");
      expect([await outcome(later, by), await outcome(other, by)]).toEqual(["accepted", "accepted"]);
    }
    await endSubjectAs(database.db, { issuer: "https://elsewhere.example", subject: "emmy" }, "test");
    expect(await outcome(other, started)).toBe("accepted");
    await endSubjectAs(database.db, { issuer: null, subject: "emmy" }, "test");
    await expect.poll(() => outcome(other, started), { timeout: 5_000 }).toBe("token_revoked");
    await Promise.all([second.close(), started.close()]);
  });

  test("that is asked about takes along what came of it, once its issuer no longer vouches for it", async () => {
    const introspection = { endpoint: null, client_id: "tollgate", token_prefix: "op_", cache_s: 0 };
    const asked = await createTestIssuer({ introspection });
    const by = await open(database.db, asked);
    asked.opaque.set("op_1", { sub: "grete", aud: "tollgate", jti: "named" });
    const parent = await by.authenticate("Bearer op_1");
    const { credentialId, expiresAt: _ends, ...caller } = parent;
    const life = { parents: [credentialId], grantType: "x", family: null, refreshUntil: null, until: null };
    const child = issueTokens({ caller, ...life }, { access_s: 60, refresh_s: 60 }, Date.now());
    await addTokens(database.db, child.rows, 10);
    const other = issueTokens({ caller, ...life, parents: [] }, { access_s: 60, refresh_s: 60 }, Date.now());
    await addTokens(database.db, other.rows, 10);
    const [token, another] = [child.answer.access_token, other.answer.access_token];
    expect([await outcome(token), await outcome(another), await outcome("op_1", by)]).toEqual([
      "accepted",
      "accepted",
      "accepted",
    ]);
    const cut: string[] = [];
    by.onRevoked((isEnded) => isEnded(parent) && cut.push(parent.credentialId));
    asked.opaque.delete("op_1");
    expect(await outcome("op_1", by)).toBe("token_invalid");
    expect(cut).toEqual([credentialId]);
    await expect.poll(() => outcome(token), { timeout: 5_000 }).toBe("token_revoked");
    expect(await outcome(another)).toBe("accepted");
    await by.close();
    await asked[Symbol.asyncDispose]();
  });

  test("of an issuer that isn't configured is refused", async () => {
    expect(await outcome(await issuer.sign({ iss: "https://elsewhere.example" }))).toBe("token_invalid");
  });
});

describe("a provider's own key", () => {
  test.each([
    ["sk-0123456789abcdef", "openai"],
    ["sk-proj-0123456789abcdef", "openai"],
    ["sk-ant-api03-0123456789", "anthropic"],
    ["gsk_0123456789abcdef", "groq"],
  ])("is told apart and becomes an incident without itself: %s", async (key, provider) => {
    incidents.length = 0;
    expect(await outcome(key)).toBe("provider_key_presented");
    expect(incidents).toMatchObject([{ kind: "provider_key_presented", provider }]);
    expect(JSON.stringify(incidents)).not.toContain(key.slice(-8));
  });

  test("is one incident however often it comes", async () => {
    incidents.length = 0;
    for (let i = 0; i < 20; i += 1)
      expect(await outcome("sk-proj-again-and-again")).toBe("provider_key_presented");
    expect(incidents).toHaveLength(1);
  });

  test("may be a token of the provider's workload identity", async () => {
    incidents.length = 0;
    expect(await outcome(await issuer.sign({ iss: "https://auth.openai.com" }))).toBe(
      "provider_key_presented",
    );
    expect(incidents).toHaveLength(1);
  });
});

describe("anything else", () => {
  test.each([
    [undefined, "token_missing"],
    ["", "token_missing"],
    ["hello", "token_invalid"],
    ["tg_at_0123456789", "token_invalid"],
    ["eyJhbGciOiJub25lIn0.e30.", "token_invalid"],
  ])("is refused: %s", async (token, code) => {
    expect(await outcome(token)).toBe(code);
  });
});

describe("a database that can't be reached", () => {
  test("refuses known and unknown tokens alike, once nothing has been confirmed for a second", async () => {
    const { key } = await createAccount();
    await using gone = await createTestDatabase();
    const db = openDatabase(gone.url);
    const cutOff = await open(db);
    const name = "known";
    const input = {
      tenant: "default",
      name,
      groups: [],
      createdBy: "test",
      hash: hashKey(key),
      hint: toHint(key),
    };
    await createKey(db, { ...input, expiresAt: new Date(Date.now() + 60_000), existing: "refuse" });
    expect(await outcome(key, cutOff)).toBe("accepted");
    const database_ = new URL(gone.url).pathname.slice(1);
    await database.db.sql.unsafe(`alter database ${database_} allow_connections false`);
    await database.db
      .sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database_}`;
    await expect.poll(() => outcome(key, cutOff), { timeout: 10_000 }).toBe("identity_unavailable");
    expect(await outcome(createKeyText(), cutOff)).toBe("identity_unavailable");
    await database.db.sql.unsafe(`alter database ${database_} allow_connections true`);
    await expect.poll(() => outcome(key, cutOff), { timeout: 10_000 }).toBe("accepted");
    await cutOff.close();
    await db.close();
  });
});
