import { randomBytes } from "node:crypto";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
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
import { createRecorder } from "../../gateway/record/recorder.ts";
import type { Recorder } from "../../gateway/record/recorder.ts";
import { createBox } from "../../gateway/record/seal.ts";
import type { Operation, Usage } from "../../gateway/exchange.ts";
import type { CallRow } from "../../gateway/record/rows.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import { findExchange, listExchanges } from "./exchanges.ts";
import { projectAll, projectBatch, PROJECTOR_LOCK } from "./projections.ts";
import { findSession, listSessions } from "./sessions.ts";
import { tailExchanges } from "./tail-exchanges.ts";

let database: TestDatabase;
let recorder: Recorder;

beforeAll(async () => {
  database = await createTestDatabase();
  recorder = createRecorder({
    db: database.db,
    box: createBox({ keys: [{ id: "k1", key: randomBytes(32) }], digestKey: randomBytes(32) }),
    originals: { seal: () => ({ sealed: Buffer.alloc(0), keyId: "k1" }) },
    log: { error: () => undefined },
  });
});
afterAll(async () => {
  await recorder.drain();
  await database[Symbol.asyncDispose]();
});

/** A run of an agent: a prompt, a released and a denied call, and the turn that carries the output. */
async function recordRun(subject: string): Promise<{ first: string; second: string; session: string }> {
  const caller = { ...exampleCaller, subject };
  const session = toSession({ history: randomBytes(8).toString("hex") });
  const prompt = { hash: `prompt of ${subject}`, pointer: "/input/0" };
  const first = toOpened({ caller, session, prompt });
  await recorder.opened(first);
  await recorder.decided(toDecided(first.id, { seq: 1, calls: [toCall(`${subject}-ok`)] }));
  await recorder.decided(
    toDecided(first.id, {
      seq: 2,
      effect: "deny",
      decision: toDecision({
        deny: [{ code: "sql_drop", call: `${subject}-bad` }],
        observe: [{ code: "watched" }],
      }),
      facts: toFacts(first.id, { findings: { card: 1 } }),
      calls: [toCall(`${subject}-bad`, { name: "drop_database", outcome: "denied", codes: ["sql_drop"] })],
    }),
  );
  await recorder.closed(toClosed(first.id));
  const second = toOpened({
    caller,
    session: { ...session, isNew: false },
    prompt,
    callOutputs: [`${subject}-ok`],
    operation: "chat.completions.create",
  });
  await recorder.opened(second);
  await recorder.closed(toClosed(second.id, { outcome: "aborted" }));
  return { first: first.id, second: second.id, session: session.id };
}

async function listIds(filter: ExchangeFilter): Promise<readonly string[]> {
  const { rows } = await listExchanges(database.db, filter, { limit: 100 });
  return rows.map(({ id }) => id);
}

test("shows an exchange with its decisions, denials, end, and each call's prompt and output", async () => {
  const { first, second } = await recordRun("show");
  const details = await findExchange(database.db, first);
  expect(details?.exchange).toMatchObject({
    id: first,
    subject: "show",
    revision: "r1",
    decision: toDecision(),
  });
  expect(details?.decisions.map(({ seq, effect }) => [seq, effect])).toEqual([
    [1, "allow"],
    [2, "deny"],
  ]);
  expect(details?.end).toMatchObject({ outcome: "completed", httpStatus: 200 });
  expect(details?.denials).toMatchObject([
    { code: "sql_drop", callId: "show-bad", observed: false, seq: 2, phase: "tool_call", revision: "r1" },
    { code: "watched", callId: "", observed: true },
  ]);
  expect(details?.calls).toMatchObject([
    {
      callId: "show-ok",
      outcome: "released",
      promptHash: "prompt of show",
      promptExchangeId: first,
      outputExchangeId: second,
    },
    {
      callId: "show-bad",
      outcome: "denied",
      codes: ["sql_drop"],
      promptExchangeId: first,
      outputExchangeId: null,
    },
  ]);
  const next = await findExchange(database.db, second);
  expect(next?.calls).toEqual([]);
  expect(next?.answered).toMatchObject([{ callId: "show-ok", exchangeId: first, promptExchangeId: first }]);
});

test("gives null for what does not exist", async () => {
  expect(await findExchange(database.db, uuid())).toBeNull();
  expect(await findExchange(database.db, "'; drop table exchanges")).toBeNull();
  expect(await findSession(database.db, uuid())).toBeNull();
  expect(await findSession(database.db, "x")).toBeNull();
});

test("lists by each filter", async () => {
  const { first, second, session } = await recordRun("filter");
  const facts = toFacts(uuid(), { findings: { email: 1 } });
  const odd = toOpened({
    caller: { ...exampleCaller, subject: "filter", tenant: "acme" },
    connection: "second",
    effect: "deny",
    decision: toDecision({ deny: [{ code: "model_group" }] }),
    facts: { ...facts, request: { ...facts.request, model: "gpt-4" } },
    version: { revision: "r2", dataRevision: "d2" },
  });
  await recorder.opened(odd);
  const nobody = toOpened({
    caller: null,
    session: null,
    facts: null,
    decision: null,
    effect: "error",
    errorCode: "token_expired",
  });
  await recorder.opened(nobody);
  const by = (filter: ExchangeFilter): Promise<readonly string[]> =>
    listIds({ subject: "filter", ...filter });
  expect(await by({})).toEqual([odd.id, second, first]);
  expect(await by({ session })).toEqual([second, first]);
  expect(await by({ session: "not an id" })).toEqual([]);
  expect(await by({ tenant: "acme" })).toEqual([odd.id]);
  expect(await by({ model: "gpt-4" })).toEqual([odd.id]);
  expect(await by({ connection: "second" })).toEqual([odd.id]);
  expect(await by({ operation: "chat.completions.create" })).toEqual([second]);
  expect(await by({ revision: "r2" })).toEqual([odd.id]);
  expect(await by({ rule: "model_group" })).toEqual([odd.id]);
  expect(await by({ rule: "sql_drop" })).toEqual([first]);
  expect(await by({ rule: "watched" })).toEqual([first]);
  expect(await by({ class: "email" })).toEqual([odd.id]);
  expect(await by({ class: "card" })).toEqual([first]);
  expect(await by({ tool: "drop_database" })).toEqual([first]);
  expect(await by({ effect: "deny" })).toEqual([odd.id, first]);
  expect(await by({ effect: "allow" })).toEqual([second, first]);
  expect(await listIds({ effect: "error", rule: "token_expired" })).toEqual([nobody.id]);
});

test("filters by time with the ids alone", async () => {
  const at = (ms: number): string => uuid({ msecs: ms });
  const day = Date.UTC(2020, 0, 1);
  const rows = [0, 1, 2, 3].map((n) => toOpened({ id: at(day + n * 1_000), at: day + n * 1_000 }));
  for (const row of rows) await recorder.opened(row);
  const [, second, third] = rows;
  expect(await listIds({ since: new Date(day + 1_000), until: new Date(day + 3_000) })).toEqual([
    third?.id,
    second?.id,
  ]);
});

test("summarises all phases of an exchange in a line", async () => {
  const { first } = await recordRun("line");
  const { rows } = await listExchanges(database.db, { subject: "line" }, { limit: 10 });
  expect(rows.find(({ id }) => id === first)).toMatchObject({
    subject: "line",
    effect: "deny",
    codes: ["sql_drop", "watched"],
    classes: ["card"],
    outcome: "completed",
    httpStatus: 200,
    usage: { total_tokens: 150 },
  });
});

test("pages without a gap or a repetition", async () => {
  const caller = { ...exampleCaller, subject: "pages" };
  const ids: string[] = [];
  for (let n = 0; n < 7; n += 1) {
    const row = toOpened({ caller });
    ids.unshift(row.id);
    await recorder.opened(row);
  }
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await listExchanges(database.db, { subject: "pages" }, { limit: 3, cursor });
    seen.push(...page.rows.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor !== null);
  expect(seen).toEqual(ids);
});

test("lists sessions, the latest first, and shows one", async () => {
  const one = await recordRun("sessions");
  const two = await recordRun("sessions");
  const later = toOpened({
    caller: { ...exampleCaller, subject: "sessions" },
    session: toSession({ id: one.session, isNew: false }),
    effect: "deny",
  });
  await recorder.opened(later);
  const { rows } = await listSessions(database.db, { subject: "sessions" }, { limit: 10 });
  expect(rows).toMatchObject([
    { id: one.session, subject: "sessions", exchanges: 3, refused: 2 },
    { id: two.session, exchanges: 2, refused: 1 },
  ]);
  expect(rows[0]?.lastAt).toBeInstanceOf(Date);
  const first = await listSessions(database.db, { subject: "sessions" }, { limit: 1 });
  const rest = await listSessions(database.db, { subject: "sessions" }, { limit: 1, cursor: first.cursor });
  expect([first.rows[0]?.id, rest.rows[0]?.id, rest.cursor]).toEqual([one.session, two.session, null]);
  const shown = await findSession(database.db, two.session);
  expect(shown?.exchanges.rows.map(({ id }) => id)).toEqual([two.second, two.first]);
  expect(shown?.calls).toHaveLength(2);
  expect(shown?.usage).toEqual({ inputTokens: 240, outputTokens: 60, totalTokens: 300 });
});

test("tails what is recorded, each exchange once, also those that commit out of order", async () => {
  const stop = new AbortController();
  const caller = { ...exampleCaller, subject: "tail" };
  const early = toOpened({ caller });
  const rows = [toOpened({ caller }), toOpened({ caller })];
  const seen: string[] = [];
  const reading = (async () => {
    const from = new Date(Date.now() - 1_000);
    for await (const { id } of tailExchanges(
      database.db,
      { subject: "tail" },
      { signal: stop.signal, pollMs: 20, from },
    )) {
      seen.push(id);
      if (seen.length === 3) stop.abort();
    }
  })();
  for (const row of rows) await recorder.opened(row);
  await expect.poll(() => seen.length).toBe(2);
  await recorder.opened(early);
  await reading;
  expect(seen).toEqual([...rows.map(({ id }) => id), early.id]);
});

test("projects the same rows however often and from however many processes", async () => {
  const { first, second } = await recordRun("twice");
  await projectAll(database.db);
  const read = (): Promise<unknown> =>
    database.db
      .sql`select (select json_agg(d order by d.code) from denials d where exchange_id = ${first}) as denials,
      (select json_agg(c order by c.call_id) from tool_calls c where exchange_id = ${first}) as calls,
      (select json_agg(u order by u.exchange_id) from usage u where exchange_id in (${first}, ${second})) as usage`;
  const before = await read();
  for (let n = 0; n < 3; n += 1) {
    await database.db
      .sql`insert into projection_queue (exchange_id) values (${first}), (${second}), (${first})`;
  }
  await Promise.all([1, 2, 3, 4].map(() => projectAll(database.db)));
  expect(await read()).toEqual(before);
  expect(await database.db.sql`select 1 from projection_queue`).toHaveLength(0);
});

/** Usage and calls that are projected for a caller, by the exchange that they are counted under. */
async function readProjected(subject: string): Promise<unknown> {
  await projectAll(database.db);
  const { sql } = database.db;
  const used = await sql`
    select exchange_id, operation, total_tokens::int, estimated from usage where subject = ${subject}`;
  const called = await sql`
    select exchange_id, call_id, outcome, codes from tool_calls where subject = ${subject} order by call_id`;
  return { used: [...used], called: [...called] };
}

/** Records an exchange of an operation on a response, whole. */
async function recordOn(
  subject: string,
  changes: {
    readonly operation: Operation;
    readonly response: string;
    readonly usage: Usage | null;
    readonly calls?: readonly CallRow[];
  },
): Promise<string> {
  const { operation, response, usage, calls = [] } = changes;
  const caller = { ...exampleCaller, subject };
  const row = toOpened({ caller, operation });
  await recorder.opened(row);
  if (calls.length > 0) await recorder.decided(toDecided(row.id, { calls }));
  const owned = [{ kind: "response", id: response }];
  await recorder.owns(owned, toContext({ caller, exchangeId: row.id }));
  await recorder.closed(toClosed(row.id, { usage, responseIds: [response] }));
  return row.id;
}

const spent: Usage = {
  input_tokens: 9,
  cached_tokens: 0,
  output_tokens: 4,
  reasoning_tokens: 0,
  total_tokens: 13,
  estimated: false,
};

test("tails a long past in pages, each exchange once and in order", async () => {
  const caller = { ...exampleCaller, subject: "past" };
  const day = Date.UTC(2021, 0, 1);
  // Many within the same moment, so that a page ends among them.
  const rows = Array.from({ length: 25 }, (_, n) => {
    const at = day + Math.floor(n / 10);
    return toOpened({ id: uuid({ msecs: at, seq: n }), at, caller });
  });
  for (const row of rows) await recorder.opened(row);
  const stop = new AbortController();
  const options = { signal: stop.signal, pollMs: 10_000, from: new Date(day - 1), pageSize: 10 };
  const seen: string[] = [];
  for await (const { id } of tailExchanges(database.db, { subject: "past" }, options)) {
    seen.push(id);
    if (seen.length === rows.length) stop.abort();
  }
  expect(seen).toEqual(rows.map(({ id }) => id).sort());
});

test("counts usage and calls of a stored response once, however often it is retrieved", async () => {
  const subject = "retriever";
  const response = `resp_${subject}`;
  const calls = [toCall("retrieved")];
  const id = await recordOn(subject, { operation: "responses.create", response, usage: spent, calls });
  const once = await readProjected(subject);
  for (let n = 0; n < 3; n += 1) {
    await recordOn(subject, { operation: "responses.retrieve", response, usage: spent, calls });
  }
  await recordOn(subject, { operation: "responses.cancel", response, usage: spent, calls });
  expect(await readProjected(subject)).toEqual(once);
  expect(once).toMatchObject({
    used: [{ exchange_id: id, operation: "responses.create", total_tokens: 13 }],
    called: [{ exchange_id: id, call_id: "retrieved" }],
  });
});

test("counts a background response under the exchange that made it, once it is known", async () => {
  const subject = "background";
  const response = `resp_${subject}`;
  const id = await recordOn(subject, { operation: "responses.create", response, usage: null });
  // It still runs: nothing is known, and an estimate would be of what came so far.
  await recordOn(subject, { operation: "responses.retrieve", response, usage: null });
  await recordOn(subject, {
    operation: "responses.retrieve",
    response,
    usage: { ...spent, total_tokens: 2, estimated: true },
  });
  expect(await readProjected(subject)).toEqual({ used: [], called: [] });
  const calls = [toCall("behind"), toCall("beside", { outcome: "denied", codes: ["sql_drop"] })];
  const done = { operation: "responses.retrieve", response, usage: spent, calls } as const;
  await Promise.all([recordOn(subject, done), recordOn(subject, done)]);
  await recordOn(subject, done);
  const counted = {
    used: [{ exchange_id: id, operation: "responses.create", total_tokens: 13, estimated: false }],
    called: [
      { exchange_id: id, call_id: "behind", outcome: "released", codes: [] },
      { exchange_id: id, call_id: "beside", outcome: "denied", codes: ["sql_drop"] },
    ],
  };
  expect(await readProjected(subject)).toEqual(counted);
  expect((await findExchange(database.db, id))?.calls).toHaveLength(2);
});

test("corrects an estimate, and a call that a later policy let through", async () => {
  const subject = "corrected";
  const response = `resp_${subject}`;
  const id = await recordOn(subject, {
    operation: "responses.create",
    response,
    usage: { ...spent, total_tokens: 2, estimated: true },
    calls: [toCall("stopped", { outcome: "denied", codes: ["sql_drop"] })],
  });
  await readProjected(subject);
  const calls = [toCall("stopped")];
  await recordOn(subject, { operation: "responses.retrieve", response, usage: spent, calls });
  const corrected = {
    used: [{ exchange_id: id, operation: "responses.create", total_tokens: 13, estimated: false }],
    called: [{ exchange_id: id, call_id: "stopped", outcome: "released", codes: [] }],
  };
  expect(await readProjected(subject)).toEqual(corrected);
  await database.db.sql`insert into projection_queue (exchange_id) values (${id})`;
  expect(await readProjected(subject)).toEqual(corrected);
});

test("projects what waits at the beginning, and leaves what comes meanwhile to the projector", async () => {
  const { sql } = database.db;
  await recordRun("waiting");
  const holder = database.db.openConnection();
  const turn = Promise.withResolvers<void>();
  const held = holder.begin(async (transaction) => {
    await transaction`select pg_advisory_xact_lock(${PROJECTOR_LOCK}::bigint)`;
    await turn.promise;
  });
  const countLocks = (granted: boolean) => async (): Promise<number> => {
    const locks = await sql`
      select 1 from pg_locks join pg_database d on d.oid = database and d.datname = current_database()
      where locktype = 'advisory' and granted = ${granted}`;
    return locks.length;
  };
  await expect.poll(countLocks(true)).toBe(1);
  const projecting = projectAll(database.db);
  await expect.poll(countLocks(false)).toBe(1);
  const [late] = await sql`insert into projection_queue (exchange_id) values (${uuid()}) returning seq`;
  turn.resolve();
  await held;
  await projecting;
  expect(await sql`select seq from projection_queue`).toEqual([late]);
  await holder.end();
  await projectAll(database.db);
});

test("gives up an exchange that cannot be projected, and goes on with the others", async () => {
  const bad = toOpened();
  await recorder.opened(bad);
  await recorder.closed(toClosed(bad.id));
  await database.db
    .sql`update exchange_ends set usage = '{"input_tokens": "many"}' where exchange_id = ${bad.id}`;
  const good = await recordRun("after");
  const givenUp: string[] = [];
  let hasMore = true;
  while (hasMore) hasMore = await projectBatch(database.db, (id) => givenUp.push(id));
  expect(givenUp).toEqual([bad.id]);
  expect(
    await database.db.sql`select 1 from usage where exchange_id in (${good.first}, ${good.second})`,
  ).toHaveLength(2);
});

test("goes on behind an exchange that the server cannot take for another reason than its values", async () => {
  const bad = toOpened();
  await recorder.opened(bad);
  await recorder.decided(toDecided(bad.id));
  // Longer than an entry of an index may be (SQLSTATE 54000); random, since the server compresses.
  const calls = JSON.stringify([toCall(randomBytes(9_000).toString("base64url"))]);
  await database.db.sql`update decisions set calls = ${calls}::text::jsonb where exchange_id = ${bad.id}`;
  const good = await recordRun("behind");
  const givenUp: string[] = [];
  let hasMore = true;
  while (hasMore) hasMore = await projectBatch(database.db, (id) => givenUp.push(id));
  expect(givenUp).toEqual([bad.id]);
  expect(await database.db.sql`select 1 from tool_calls where exchange_id = ${good.first}`).toHaveLength(2);
});

test("keeps calls of any length of id apart, and joins them to their outputs and denials", async () => {
  const caller = { ...exampleCaller, subject: "long" };
  const [id, other] = [0, 1].map(() => `call_${randomBytes(9_000).toString("base64url")}`);
  if (id === undefined || other === undefined) throw new Error("unreachable");
  const name = randomBytes(9_000).toString("base64url");
  const asked = toOpened({ caller });
  await recorder.opened(asked);
  await recorder.decided(
    toDecided(asked.id, {
      effect: "deny",
      decision: toDecision({ deny: [{ code: "sql_drop", call: other }] }),
      calls: [toCall(id, { name }), toCall(other, { outcome: "denied" })],
    }),
  );
  await recorder.closed(toClosed(asked.id));
  const next = toOpened({ caller, callOutputs: [id] });
  await recorder.opened(next);
  const details = await findExchange(database.db, asked.id);
  expect(details?.calls).toHaveLength(2);
  for (const { callId, name: kept } of details?.calls ?? []) {
    expect(callId.length).toBeLessThanOrEqual(256);
    expect(kept?.length).toBeLessThanOrEqual(256);
  }
  const denied = details?.calls.find(({ outcome }) => outcome === "denied");
  expect(details?.denials).toMatchObject([{ code: "sql_drop", callId: denied?.callId }]);
  expect(details?.calls.filter(({ outputExchangeId }) => outputExchangeId === next.id)).toHaveLength(1);
  expect((await findExchange(database.db, next.id))?.answered).toHaveLength(1);
});

test("tells an exchange that is under way from one whose process died", async () => {
  const caller = { ...exampleCaller, subject: "lost" };
  const hour = 3_600_000;
  const old = Date.now() - hour - 60_000;
  const recent = Date.now() - hour + 60_000;
  const rows = [old, recent].map((at) => toOpened({ id: uuid({ msecs: at }), at, caller }));
  for (const row of rows) await recorder.opened(row);
  const { rows: listed } = await listExchanges(database.db, { subject: "lost" }, { limit: 10 });
  expect(listed.map(({ outcome, httpStatus }) => [outcome, httpStatus])).toEqual([
    ["open", null],
    ["lost", null],
  ]);
  const [lost, open] = await Promise.all(rows.map(({ id }) => findExchange(database.db, id)));
  expect([lost?.outcome, open?.outcome]).toEqual(["lost", "open"]);
  await recorder.closed(toClosed(rows[0]?.id ?? ""));
  expect((await findExchange(database.db, rows[0]?.id ?? ""))?.outcome).toBe("completed");
});
