import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { exportSPKI, generateKeyPair } from "jose";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import {
  decisions,
  denials,
  exchangeEnds,
  exchanges,
  incidents,
  serviceAccounts,
  toolCalls,
} from "../../db/schema.ts";
import { isKeyText } from "../identity/key-format.ts";
import { runCommandLine } from "./program.ts";

let database: TestDatabase;
let folder = "";
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), "tollgate-cli-"));
  await seed();
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await runCommandLine(args, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    stdin: Readable.from([]),
    env: { DATABASE_URL: database.url },
    cwd: folder,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

const EXCHANGE = "01900000-0000-7000-8000-000000000001";
const LATER = "01900000-0000-7000-8000-000000000002";
const SESSION = "01900000-0000-7000-8000-0000000000aa";
const HOSTILE = "gpt-\u001b[2J\u202eevil\nforged line";

async function seed(): Promise<void> {
  const { orm } = database.db;
  const at = new Date("2026-02-03T04:05:06.007Z");
  const common = {
    at,
    sessionId: SESSION,
    tenant: "default",
    issuer: "tollgate",
    subject: "ada",
    callerKind: "service",
    groups: ["developers"],
    connection: "openai",
    operation: "responses.create",
    method: "POST",
    path: "/responses",
    stream: true,
    effect: "allow" as const,
    revision: "rev-1",
    dataRevision: "data-1",
  };
  await orm.insert(exchanges).values([
    { ...common, id: EXCHANGE, model: HOSTILE, promptHash: "abcdef0123456789", promptPointer: "/input/0" },
    { ...common, id: LATER, model: "gpt-5", callOutputs: ["call_1"] },
  ]);
  await orm.insert(decisions).values({
    exchangeId: EXCHANGE,
    seq: 1,
    phase: "tool_call",
    at,
    effect: "deny",
    codes: ["sql_destructive"],
  });
  await orm.insert(exchangeEnds).values({
    exchangeId: EXCHANGE,
    at: new Date(at.getTime() + 250),
    outcome: "completed",
    httpStatus: 200,
    usage: {
      input_tokens: 10,
      cached_tokens: 4,
      output_tokens: 3,
      reasoning_tokens: 0,
      total_tokens: 13,
      estimated: true,
    },
  });
  await orm.insert(denials).values({
    exchangeId: EXCHANGE,
    seq: 1,
    code: "token_expired",
    callId: "call_2",
    phase: "tool_call",
    observed: false,
    at,
    tenant: "default",
  });
  const call = {
    exchangeId: EXCHANGE,
    at,
    type: "function_call",
    tenant: "default",
    issuer: "tollgate",
    subject: "ada",
    sessionId: SESSION,
  };
  const prompt = { promptHash: "abcdef0123456789", promptPointer: "/input/0" };
  await orm.insert(toolCalls).values([
    {
      ...call,
      ...prompt,
      callId: "call_1",
      seq: 0,
      name: "get_weather",
      outcome: "released",
      outputExchangeId: LATER,
    },
    {
      ...call,
      ...prompt,
      callId: "call_2",
      seq: 1,
      name: "run_sql",
      outcome: "denied",
      codes: ["sql_destructive"],
    },
  ]);
}

describe("service accounts", () => {
  test("are created with a key that is shown once, listed without it, and revoked", async () => {
    const created = await run(
      "service-accounts",
      "create",
      "builder",
      "--group",
      "developers",
      "--group",
      "ci",
      "--ttl",
      "8h",
      "--json",
    );
    expect(created.code).toBe(0);
    const issued = z
      .strictObject({
        id: z.uuid(),
        subject: z.string(),
        groups: z.array(z.string()),
        key: z.string(),
        expires_at: z.iso.datetime(),
      })
      .parse(JSON.parse(created.out));
    expect(issued).toMatchObject({ subject: "builder", groups: ["developers", "ci"] });
    expect(isKeyText(issued.key)).toBe(true);
    expect(Math.abs(Date.parse(issued.expires_at) - Date.now() - 8 * 3_600_000)).toBeLessThan(60_000);

    const listed = await run("service-accounts", "list", "--json");
    const list = z
      .array(z.looseObject({ id: z.string(), subject: z.string(), status: z.string() }))
      .parse(JSON.parse(listed.out));
    expect(list.find(({ id }) => id === issued.id)).toMatchObject({ subject: "builder", status: "active" });
    expect(listed.out).not.toContain(issued.key);

    expect((await run("service-accounts", "revoke", "builder")).out).toBe("Revoked 1 key of builder.\n");
    expect((await run("service-accounts", "revoke", "builder")).out).toBe("Revoked 0 keys of builder.\n");
    expect((await run("service-accounts", "list")).out).toMatch(/builder .*revoked/);
  });

  test("have names of their own, unless their keys are replaced", async () => {
    const args = ["service-accounts", "create", "twice", "--group", "developers"];
    expect((await run(...args)).code).toBe(0);
    const again = await run(...args);
    expect([again.code, again.out]).toEqual([1, ""]);
    expect(again.err).toContain("--rotate");
    expect((await run(...args, "--rotate")).code).toBe(0);
    const listed = z
      .array(
        z.looseObject({
          subject: z.string(),
          keys: z.array(z.looseObject({ revoked_at: z.string().nullable() })),
        }),
      )
      .parse(JSON.parse((await run("service-accounts", "list", "--json")).out));
    const keys = listed
      .find(({ subject }) => subject === "twice")
      ?.keys.map((key) => key.revoked_at === null);
    expect(keys).toEqual([false, true]);
  });

  test("keep who made them when their keys are replaced, and name who revoked each key", async () => {
    const { orm } = database.db;
    await orm.insert(serviceAccounts).values({
      id: "01900000-0000-7000-8000-0000000000bb",
      tenant: "default",
      name: "kept",
      groups: ["developers"],
      createdBy: "operator:grace@elsewhere",
    });
    const create = ["service-accounts", "create", "kept", "--group", "developers", "--rotate"];
    for (let n = 0; n < 2; n += 1) expect((await run(...create)).code).toBe(0);
    expect((await run("service-accounts", "revoke", "kept")).code).toBe(0);
    const account = z.looseObject({
      subject: z.string(),
      created_by: z.string(),
      keys: z.array(z.looseObject({ revoked_by: z.string().nullable() })),
    });
    const listed = z.array(account).parse(JSON.parse((await run("service-accounts", "list", "--json")).out));
    const kept = listed.find(({ subject }) => subject === "kept");
    const me = `operator:${userInfo().username}@${hostname()}`;
    expect(kept?.created_by).toBe("operator:grace@elsewhere");
    expect(kept?.keys.map((key) => key.revoked_by)).toEqual([me, me]);
    expect((await run(...create)).code).toBe(0);
    expect((await run("service-accounts", "list", "--json")).out).not.toContain("grace");
  });

  test("may be agents, with an owner, a purpose and tools, which their keys' replacement leaves", async () => {
    const create = ["service-accounts", "create", "writer", "-g", "developers"];
    const agent = ["--kind", "agent", "--owner", "ada", "--purpose", "writes reports"];
    const given = [...agent, "--tool", "look_up", "--tool", "mcp:docs", "--attribute", "team=a=b"];
    expect((await run(...create, ...given, "--initiator", "schedule")).code).toBe(0);
    expect((await run(...create, "--rotate")).code).toBe(0);
    const read = async () =>
      z
        .array(z.looseObject({ subject: z.string() }))
        .parse(JSON.parse((await run("service-accounts", "list", "--json")).out))
        .find(({ subject }) => subject === "writer");
    expect(await read()).toMatchObject({
      kind: "agent",
      agent: { owner: "ada", purpose: "writes reports", tools: ["look_up", "mcp:docs"] },
      attributes: { team: "a=b" },
      initiator: "schedule",
    });
    expect((await run("service-accounts", "list")).out).toMatch(/writer +agent +developers/);
    expect((await run("service-accounts", "revoke", "writer")).code).toBe(0);
    expect((await run(...create)).code).toBe(0);
    expect(await read()).toMatchObject({ kind: "service", agent: null, attributes: {}, initiator: null });
  });

  test("leave on record who made, changed and ended them, and never a key", async () => {
    const create = ["service-accounts", "create", "traced", "-g", "developers", "--json"];
    const made = await run(...create);
    const rotated = await run(...create, "--rotate");
    const { key } = z.object({ key: z.string() }).parse(JSON.parse(rotated.out));
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    writeFileSync(join(folder, "traced.pem"), await exportSPKI(publicKey));
    await run("service-accounts", "add-key", "traced", "--public-key", "traced.pem");
    await run("service-accounts", "revoke", "traced");
    const listed = await run("actions", "list", "--object", "traced", "--area", "service_account", "--json");
    const rows = z.array(z.looseObject({ action: z.string() })).parse(JSON.parse(listed.out));
    const me = `operator:${userInfo().username}@${hostname()}`;
    expect(rows.map(({ action }) => action)).toEqual(
      ["revoke", "add_public_key", "rotate", "create"].map((what) => `service_account.${what}`),
    );
    expect(rows.every(({ actor, object }) => actor === me && object === "traced")).toBe(true);
    expect(rows.at(-1)).toMatchObject({ detail: { groups: ["developers"], tenant: "default" } });
    const told = (await run("actions", "list", "--actor", me, "--since", "1h")).out;
    expect(told).toContain("service_account.rotate");
    for (const text of [listed.out, told]) {
      for (const shown of [key, z.object({ key: z.string() }).parse(JSON.parse(made.out)).key])
        expect(text).not.toContain(shown);
    }
    expect((await run("actions", "list", "--object", "nobody")).out).toBe("Nothing was changed.\n");
    await expect(database.db.sql`delete from admin_actions`).rejects.toThrow("only added");
  });

  test("that nobody knows can't be revoked", async () => {
    expect(await run("service-accounts", "revoke", "nobody")).toMatchObject({ code: 1, out: "" });
  });

  test.each([
    [["service-accounts", "create", "x"]],
    [["service-accounts", "create", "x", "--group", "developers", "--ttl", "forever"]],
    [["service-accounts", "create", "x", "--group", "developers", "--ttl", "9000d"]],
    [["service-accounts", "create", "a b", "--group", "developers"]],
    [["service-accounts", "create", "x", "--group", "a\nb"]],
    [["service-accounts", "create", "x", "--group", "a", "--kind", "agent", "--owner", "ada"]],
    [["service-accounts", "create", "x", "--group", "a", "--tool", "look_up"]],
    [["service-accounts", "create", "x", "--group", "a", "--attribute", "team"]],
    [["service-accounts", "create", "x", "--group", "a", "--attribute", "a=1", "--attribute", "a=2"]],
    [["service-accounts", "create", "x", "--group", "a", "--initiator", "nobody"]],
    [["exchanges", "list", "--limit", "0"]],
    [["exchanges", "list", "--since", "yesterday-ish"]],
    [["exchanges", "list", "--effect", "perhaps"]],
    [["nonsense"]],
    [["exchanges", "show"]],
  ])("and commands that are called wrongly end with 2: %j", async (args) => {
    const result = await run(...args);
    expect(result.code).toBe(2);
    expect(result.err).not.toBe("");
    expect(result.out).toBe("");
  });
});

describe("exchanges", () => {
  test("are listed newest first, with what became of them", async () => {
    const { code, out } = await run("exchanges", "list");
    expect(code).toBe(0);
    const lines = out.trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(new RegExp(`${LATER}.* allow +lost`));
    expect(lines[2]).toMatch(/ada +responses\.create .*deny +200 +sql_destructive/);
  });

  test("are narrowed by what is asked for", async () => {
    const ids = async (...filter: string[]) =>
      z
        .array(z.looseObject({ id: z.string() }))
        .parse(JSON.parse((await run("exchanges", "list", "--json", ...filter)).out))
        .map(({ id }) => id);
    expect(await ids("--rule", "sql_destructive")).toEqual([EXCHANGE]);
    expect(await ids("--tool", "get_weather")).toEqual([EXCHANGE]);
    expect(await ids("--model", "gpt-5")).toEqual([LATER]);
    expect(await ids("--session", SESSION, "--limit", "1")).toEqual([LATER]);
    expect(await ids("--before", LATER)).toEqual([EXCHANGE]);
    expect(await ids("--subject", "grace")).toEqual([]);
  });

  test("tell who, what, which rule with its remedy, which revision, and the chain of each tool call", async () => {
    const { code, out } = await run("exchanges", "show", EXCHANGE);
    expect(code).toBe(0);
    for (const part of [
      "ada (service of tollgate, tenant default, groups developers)",
      "responses.create (POST /responses), streamed",
      "revision rev-1",
      "allow, then deny in its answer: sql_destructive",
      "completed, HTTP 200, after 250 ms",
      "10 tokens in (4 cached), 3 out, estimated",
      "token_expired  denied  (tool call, call call_2)",
      "remedy: Fetch a fresh token",
      "get_weather  call_1  (function_call)  released",
      `prompt abcdef012345 at /input/0, first in exchange ${EXCHANGE} (this one)`,
      `output in exchange ${LATER}`,
      "run_sql  call_2  (function_call)  denied by sql_destructive",
      "never ran",
    ]) {
      expect(out).toContain(part);
    }
    const later = await run("exchanges", "show", LATER);
    expect(later.out).toMatch(/ended +lost: its process died/);
    expect(later.out).toContain("Tool calls whose outputs it carries");
    expect(later.out).toContain(`called in exchange ${EXCHANGE}`);
    const json = z.looseObject({
      exchange: z.looseObject({ data_revision: z.string() }),
      calls: z.array(z.unknown()),
    });
    expect(
      json.parse(JSON.parse((await run("exchanges", "show", EXCHANGE, "--json")).out)).calls,
    ).toHaveLength(2);
  });

  test("never let a program's text steer the terminal", async () => {
    for (const args of [
      ["exchanges", "list"],
      ["exchanges", "show", EXCHANGE],
      ["exchanges", "list", "--json"],
    ]) {
      const { out } = await run(...args);
      expect(out).toContain("evil");
      expect(out).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
      expect(out).not.toMatch(/^forged line/m);
    }
  });

  test("that don't exist are told so", async () => {
    expect(await run("exchanges", "show", "nothing")).toMatchObject({
      code: 1,
      err: "tollgate: No exchange has this id.\n",
    });
    expect(await run("sessions", "show", SESSION)).toMatchObject({ code: 1 });
  });
});

test("an exchange that one rule refused shows what another did as a contribution", async () => {
  const id = "01900000-0000-7000-8000-000000000009";
  const at = new Date("2026-02-01T00:00:00Z");
  const codes = ["parameters_set", "values_masked"];
  const asked = {
    operation: "responses.create",
    method: "POST",
    path: "/responses",
    stream: false,
    groups: [],
  };
  await database.db.orm
    .insert(exchanges)
    .values({ id, at, tenant: "default", ...asked, effect: "deny", codes });
  await database.db.orm
    .insert(exchangeEnds)
    .values({ exchangeId: id, at, outcome: "refused", httpStatus: 403, errorCode: "values_masked" });
  const { out } = await run("exchanges", "show", id);
  expect(out).toContain("parameters_set  contributed");
  expect(out).toContain("values_masked  refused");
});

describe("incidents", () => {
  test("are listed newest first, from a moment on, in pages", async () => {
    expect((await run("incidents", "list")).out).toBe("There are no incidents.\n");
    const ids: string[] = [];
    for (const [index, day] of ["2026-02-01", "2026-02-02", "2026-02-03"].entries()) {
      const at = new Date(`${day}T00:00:00Z`);
      const id = uuid({ msecs: at.getTime() });
      ids.push(id);
      await database.db.orm.insert(incidents).values({
        id,
        at,
        kind: "provider_key_presented",
        tenant: "default",
        detail: { provider: "openai", keyHash: `hash-${index}\u001b[2J`, unreported: 0 },
      });
    }
    const rows = z.array(z.looseObject({ id: z.string(), detail: z.looseObject({ key_hash: z.string() }) }));
    const list = async (...args: string[]) =>
      rows
        .parse(JSON.parse((await run("incidents", "list", "--json", ...args)).out))
        .map(({ id }) => ids.indexOf(id));
    expect(await list()).toEqual([2, 1, 0]);
    expect(await list("--since", "2026-02-02")).toEqual([2, 1]);
    expect(await list("--limit", "1", "--before", ids[2] ?? "")).toEqual([1]);
    const { out } = await run("incidents", "list", "--limit", "2");
    expect(out).toMatch(/2026-02-03 00:00:00\.000 .* provider_key_presented .*hash-2/);
    expect(out).toContain(`There are more: --before ${ids[1]}`);
    expect(out).not.toContain("\u001b");
  });
});

describe("the configuration", () => {
  test("is checked whole, and ends with 2 where it is wrong", async () => {
    writeFileSync(join(folder, "wrong.yaml"), "listne: x\nworkers: 0\n");
    const { code, err } = await run("config", "check", "--config", "wrong.yaml");
    expect(code).toBe(2);
    expect(err).toContain("did you mean listen?");
    expect(err).toContain("workers: expected at least 1");
  });

  test("is checked with the operator's file, which names what it may", async () => {
    writeFileSync(join(folder, "masks.yaml"), "lists: {masks: [{class: secrets, with: redact}]}\n");
    writeFileSync(join(folder, "secret"), randomBytes(32).toString("base64"));
    writeFileSync(
      join(folder, "masked.yaml"),
      "policy: {operator: masks.yaml}\nencryption_key: file:secret\nconnections: [{name: main, credential: file:secret}]\n",
    );
    const wrong = await run("config", "check", "--config", "masked.yaml");
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("the class secrets in lists.masks");
    expect(wrong.out).toBe("");
    writeFileSync(join(folder, "masks.yaml"), "lists: {masks: [{class: secret, with: redact}]}\n");
    const right = await run("config", "check", "--config", "masked.yaml");
    expect(right.err).toBe("");
    expect(right.out).toContain("masks.yaml");
  });

  test("lists connections without their credentials", async () => {
    writeFileSync(join(folder, "key"), "sk-very-secret");
    writeFileSync(
      join(folder, "right.yaml"),
      "connections: [{name: main, credential: 'file:key', labels: [production]}]\n",
    );
    const { out } = await run("connections", "list", "--config", "right.yaml");
    expect(out).toMatch(/main \(default\) +openai +\/v1 +https:\/\/api\.openai\.com\/v1 +production +set/);
    expect(out).not.toContain("sk-very-secret");
  });
});

test("a database that can't be reached is told in one line, without its password", async () => {
  let err = "";
  const code = await runCommandLine(["exchanges", "list"], {
    stdout: { write: () => undefined },
    stderr: { write: (text) => (err += text) },
    stdin: Readable.from([]),
    env: { DATABASE_URL: "postgres://user:hunter2@127.0.0.1:1/none" },
    cwd: folder,
    signal: new AbortController().signal,
  });
  expect(code).toBe(1);
  expect(err.trim().split("\n")).toHaveLength(1);
  expect(err).toContain("out of reach");
  expect(err).not.toContain("hunter2");
});

test("help names every command", async () => {
  const { code, out } = await run("--help");
  expect(code).toBe(0);
  for (const name of [
    "start",
    "config",
    "service-accounts",
    "connections",
    "exchanges",
    "sessions",
    "actions",
    "incidents",
    "doctor",
  ])
    expect(out).toContain(name);
});
