import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, connect } from "node:net";
import type { Server, Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase } from "../../db/client.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import {
  exampleCaller,
  toCall,
  toClosed,
  toContext,
  toDecided,
  toDecision,
  toFacts,
  toOpened,
  toSession,
} from "../../test/fixtures/example-rows.ts";
import { createRecorder } from "./recorder.ts";
import type { Recorder, RecorderDeps } from "./recorder.ts";
import { createBox } from "./seal.ts";

let database: TestDatabase;
const box = createBox({ keys: [{ id: "k1", key: randomBytes(32) }], digestKey: randomBytes(32) });
const log = { error: () => undefined };

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

function createTested(options: Partial<RecorderDeps> = {}): Recorder {
  return createRecorder({ db: database.db, box, originals: box, log, ...options });
}

test("has committed an exchange with its session when opened() resolves", async () => {
  const recorder = createTested();
  const row = toOpened({
    decision: toDecision({ label: [{ code: "tainted", label: "pii" }] }),
    prompt: { hash: "h1", pointer: "/input/0" },
    callOutputs: ["call_1"],
    session: toSession({ origin: "header", name: "run 7" }),
  });
  await recorder.opened({ ...row, facts: toFacts(row.id, { findings: { email: 2 } }) });
  const [stored] = await database.db.sql`select * from exchanges where id = ${row.id}`;
  expect(stored).toMatchObject({
    session_id: row.session?.id,
    tenant: "default",
    issuer: "tollgate",
    subject: "build-agent",
    caller_kind: "service",
    groups: ["developers"],
    credential_id: "key-1",
    connection: "openai",
    operation: "responses.create",
    method: "POST",
    path: "/responses",
    model: "gpt-4.1-mini",
    stream: true,
    client: "OpenAI/JS 7.57.0",
    effect: "allow",
    codes: ["tainted"],
    classes: ["email"],
    revision: "r1",
    data_revision: "d1",
    prompt_hash: "h1",
    prompt_pointer: "/input/0",
    call_outputs: ["call_1"],
    timings: row.timings,
    decision: row.decision,
  });
  expect(stored?.["facts"]).toEqual(toFacts(row.id, { findings: { email: 2 } }));
  expect(new Date(stored?.["at"]).getTime()).toBe(row.at);
  const [session] = await database.db.sql`select * from sessions where id = ${row.session?.id ?? ""}`;
  expect(session).toMatchObject({
    origin: "header",
    name: "run 7",
    subject: "build-agent",
    connection: "openai",
  });
  await recorder.drain();
});

test("records later decisions and the end", async () => {
  const recorder = createTested();
  const row = toOpened();
  await recorder.opened(row);
  await recorder.decided(
    toDecided(row.id, {
      effect: "deny",
      decision: toDecision({ deny: [{ code: "sql_drop", call: "call_1" }] }),
      calls: [toCall("call_1", { outcome: "denied", codes: ["sql_drop"] })],
    }),
  );
  const end = toClosed(row.id, { history: "digest" });
  await recorder.closed(end);
  const [decision] = await database.db.sql`select * from decisions where exchange_id = ${row.id}`;
  expect(decision).toMatchObject({ seq: 1, phase: "tool_call", effect: "deny", codes: ["sql_drop"] });
  expect(decision?.["calls"]).toEqual([toCall("call_1", { outcome: "denied", codes: ["sql_drop"] })]);
  const [stored] = await database.db.sql`select * from exchange_ends where exchange_id = ${row.id}`;
  expect(stored).toMatchObject({
    outcome: "completed",
    http_status: 200,
    model: end.model,
    usage: end.usage,
    response_ids: ["resp_1"],
    history: "digest",
    request_bytes: "900",
    answer_bytes: "1400",
  });
  await recorder.drain();
});

test("records a refusal of nobody", async () => {
  const recorder = createTested();
  const row = toOpened({
    caller: null,
    session: null,
    facts: null,
    decision: null,
    effect: "error",
    errorCode: "token_missing",
    version: null,
  });
  await recorder.opened(row);
  const [stored] = await database.db.sql`select * from exchanges where id = ${row.id}`;
  expect(stored).toMatchObject({ subject: null, effect: "error", codes: ["token_missing"], facts: null });
  await recorder.drain();
});

test("never records a body or texts with the facts", async () => {
  const recorder = createTested();
  const row = toOpened();
  const facts = toFacts(row.id, {
    body: { input: "a secret prompt" },
    texts: [{ pointer: "/input", kind: "message", role: "user", text: "a secret prompt" }],
  });
  await recorder.opened({ ...row, facts });
  await recorder.decided(toDecided(row.id, { facts }));
  const stored = await database.db.sql`
    select facts::text from exchanges where id = ${row.id} union all select facts::text from decisions where exchange_id = ${row.id}`;
  expect(stored).toHaveLength(2);
  expect(JSON.stringify(stored)).not.toContain("secret");
  await recorder.drain();
});

test("stores strings that PostgreSQL has no room for: NUL and lone surrogates become U+FFFD", async () => {
  const recorder = createTested();
  const row = toOpened({ client: "a\0b\uD800" });
  const facts = toFacts(row.id, { patterns: { "k\0\uDC00": 1 } });
  await recorder.opened({
    ...row,
    facts: { ...facts, request: { ...facts.request, model: "gpt\0-\uD800 \\u0000" } },
  });
  const [stored] = await database.db.sql`select client, model, facts from exchanges where id = ${row.id}`;
  expect(stored).toMatchObject({ client: "a\uFFFDb\uFFFD", model: "gpt\uFFFD-\uFFFD \\u0000" });
  expect(stored?.["facts"].patterns).toEqual({ "k\uFFFD\uFFFD": 1 });
  // Policy saw other strings than these.
  expect(stored?.["facts"].basis).toEqual({ altered: [""] });
  await recorder.drain();
});

test("commits the good rows of a batch that holds a bad one, and rejects that one alone", async () => {
  const recorder = createTested();
  const rows = Array.from({ length: 9 }, () => toOpened());
  const bad = toOpened({ id: "not a uuid" });
  const results = await Promise.allSettled(
    [...rows.slice(0, 4), bad, ...rows.slice(4)].map((row) => recorder.opened(row)),
  );
  expect(results.map(({ status }) => status)).toEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => (n === 4 ? "rejected" : "fulfilled")),
  );
  expect(results[4]).toMatchObject({ reason: { code: "record_unavailable" } });
  const [count] = await database.db
    .sql`select count(*)::int as n from exchanges where id = any(${rows.map(({ id }) => id)})`;
  expect(count?.["n"]).toBe(9);
  await recorder.drain();
});

test("shares round trips under load", async () => {
  const recorder = createTested();
  const rows = Array.from({ length: 200 }, () => toOpened());
  await Promise.all(rows.map((row) => recorder.opened(row)));
  await recorder.drain();
  const xids = await database.db
    .sql`select distinct xmin::text from exchanges where id = any(${rows.map(({ id }) => id)})`;
  expect(xids.length).toBeLessThan(5);
});

test("keeps the first owner of an object, and tells of owners that are really new", async () => {
  const seen: string[] = [];
  const recorder = createTested({ onOwned: ({ id }, { caller }) => seen.push(`${id} ${caller.subject}`) });
  await recorder.owns([{ kind: "response", id: "resp_a" }], toContext());
  const other = toContext({ caller: { ...exampleCaller, subject: "other" } });
  await recorder.owns(
    [
      { kind: "response", id: "resp_a" },
      { kind: "response", id: "resp_b" },
    ],
    other,
  );
  expect(seen).toEqual(["resp_a build-agent", "resp_b other"]);
  const rows = await database.db
    .sql`select id, subject from objects where id in ('resp_a', 'resp_b') order by id`;
  expect([...rows]).toEqual([
    { id: "resp_a", subject: "build-agent" },
    { id: "resp_b", subject: "other" },
  ]);
  await recorder.drain();
});

test("stores a text once for a tenant, sealed, and opens it only where it was put", async () => {
  const recorder = createTested();
  const segments = [{ pointer: "/input/0", kind: "message", role: "user", text: "Hello, wörld" }] as const;
  const ids = [toOpened().id, toOpened().id, toOpened().id];
  for (const [index, exchangeId] of ids.entries()) {
    await recorder.texts({
      exchangeId,
      tenant: index === 2 ? "other" : "default",
      direction: "request",
      segments,
      at: Date.now(),
    });
  }
  const texts = await database.db.sql<
    { tenant: string; hash: string; sealed: Buffer; key_id: string }[]
  >`select * from texts order by tenant`;
  expect(texts.map(({ tenant }) => tenant)).toEqual(["default", "other"]);
  const [first, second] = texts;
  if (first === undefined || second === undefined) throw new Error("No texts.");
  expect(first.hash).not.toBe(second.hash);
  expect(first.sealed.includes("Hello")).toBe(false);
  const sealed = { sealed: Buffer.from(first.sealed), keyId: first.key_id };
  expect(box.open(sealed, `default\0${first.hash}`)).toBe("Hello, wörld");
  expect(() => box.open(sealed, `other\0${first.hash}`)).toThrow();
  const [reference] = await database.db
    .sql`select segments from exchange_texts where exchange_id = ${ids[1] ?? ""}`;
  expect(reference?.["segments"]).toEqual([
    { pointer: "/input/0", kind: "message", role: "user", hash: first.hash },
  ]);
  await recorder.drain();
});

test("rejects in time while the database is away, and goes on when it is back", async () => {
  const proxy = await createProxy(database.url);
  const db = openDatabase(proxy.url);
  const recorder = createTested({ db, deadlineMs: 2_000 });
  await recorder.opened(toOpened());
  await proxy.cut();
  const started = Date.now();
  await expect(recorder.opened(toOpened())).rejects.toMatchObject({
    code: "record_unavailable",
    status: 503,
  });
  expect(Date.now() - started).toBeLessThan(10_000);
  expect(recorder.status().failing).toBe(true);
  await proxy.restore();
  const row = toOpened();
  await recorder.opened(row);
  expect(await database.db.sql`select 1 from exchanges where id = ${row.id}`).toHaveLength(1);
  expect(recorder.status().failing).toBe(false);
  await recorder.drain();
  await db.close();
  await proxy.close();
});

test("waits out a short absence of the database", async () => {
  const proxy = await createProxy(database.url);
  const db = openDatabase(proxy.url);
  const recorder = createTested({ db, deadlineMs: 5_000 });
  await recorder.opened(toOpened());
  await proxy.cut();
  setTimeout(() => void proxy.restore(), 300);
  const row = toOpened();
  await recorder.opened(row);
  expect(await database.db.sql`select 1 from exchanges where id = ${row.id}`).toHaveLength(1);
  await recorder.drain();
  await db.close();
  await proxy.close();
});

test("rejects in time when the database hangs, also what waits behind, and goes on afterwards", async () => {
  const proxy = await createProxy(database.url);
  const db = openDatabase(proxy.url);
  const recorder = createTested({ db, deadlineMs: 2_000 });
  await recorder.opened(toOpened());
  proxy.freeze();
  const started = Date.now();
  const first = expect(recorder.opened(toOpened())).rejects.toMatchObject({ code: "record_unavailable" });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const second = expect(recorder.opened(toOpened())).rejects.toMatchObject({ code: "record_unavailable" });
  await Promise.all([first, second]);
  expect(Date.now() - started).toBeLessThan(10_000);
  proxy.thaw();
  await recorder.opened(toOpened());
  await recorder.drain();
  await db.close();
  await proxy.close();
});

test("refuses at once when too much waits", async () => {
  const proxy = await createProxy(database.url);
  const db = openDatabase(proxy.url);
  const recorder = createTested({ db, deadlineMs: 3_000, maxWaiting: 3 });
  await recorder.opened(toOpened());
  proxy.freeze();
  const first = recorder.opened(toOpened());
  await new Promise((resolve) => setTimeout(resolve, 50));
  const rest = Array.from({ length: 4 }, () => recorder.opened(toOpened()));
  let isFirstOver = false;
  first.catch(() => undefined).finally(() => (isFirstOver = true));
  await expect(rest[3]).rejects.toMatchObject({ code: "record_unavailable" });
  expect(isFirstOver).toBe(false);
  await Promise.allSettled([first, ...rest]);
  proxy.thaw();
  await recorder.drain();
  await db.close();
  await proxy.close();
});

test("records an incident, and lets no crowd of them take the place of decisions", async () => {
  const recorder = createTested({ maxWaiting: 3 });
  const incident = {
    at: Date.now(),
    kind: "provider_key_presented",
    tenant: "crowd",
    subject: null,
    exchangeId: null,
    detail: { provider: "openai", keyHash: "hash", unreported: 4 },
  };
  const crowd = Promise.allSettled(Array.from({ length: 200 }, () => recorder.incident(incident)));
  await expect(recorder.opened(toOpened())).resolves.toBeUndefined();
  await recorder.drain();
  const taken = (await crowd).filter(({ status }) => status === "fulfilled").length;
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(200);
  const rows = await database.db.sql`select * from incidents where tenant = 'crowd'`;
  expect(rows).toHaveLength(taken);
  expect(rows[0]).toMatchObject({ kind: incident.kind, detail: incident.detail, exchange_id: null });
});

test("commits what waits when it drains, and takes no more", async () => {
  const recorder = createTested();
  const rows = Array.from({ length: 20 }, () => toOpened());
  const written = Promise.all(rows.map((row) => recorder.opened(row)));
  await recorder.drain();
  await written;
  const [count] = await database.db
    .sql`select count(*)::int as n from exchanges where id = any(${rows.map(({ id }) => id)})`;
  expect(count?.["n"]).toBe(20);
  await expect(recorder.opened(toOpened())).rejects.toMatchObject({ code: "record_unavailable" });
});

/** A way to the database that can be cut (connections refused) or frozen (nothing passes). */
async function createProxy(target: string): Promise<{
  url: string;
  cut(): Promise<void>;
  restore(): Promise<void>;
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}> {
  const url = new URL(target);
  const port = Number(url.port);
  const sockets = new Set<Socket>();
  let frozen = false;
  let server: Server = createServer(accept);
  function accept(client: Socket): void {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    client.on("data", (chunk) => frozen || upstream.write(chunk)).on("close", () => upstream.destroy());
    upstream.on("data", (chunk) => frozen || client.write(chunk)).on("close", () => client.destroy());
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("No port.");
  url.port = String(address.port);
  async function cut(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  }
  return {
    url: url.href,
    cut,
    async restore() {
      if (address === null || typeof address === "string") return;
      server = createServer(accept);
      server.listen(address.port, "127.0.0.1");
      await once(server, "listening");
    },
    freeze: () => (frozen = true),
    thaw: () => {
      frozen = false;
      // What was swallowed is lost, so these connections are of no use.
      for (const socket of sockets) socket.destroy();
    },
    close: cut,
  };
}
