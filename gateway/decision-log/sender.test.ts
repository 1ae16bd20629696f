import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { v7 } from "uuid";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { projectAll } from "../../db/queries/projections.ts";
import {
  beginDecisionLog,
  endDecisionLog,
  readDecisionLogStatus,
  retryRefused,
} from "../../db/queries/decision-log.ts";
import { toClosed, toDecided, toFacts, toOpened } from "../../test/fixtures/example-rows.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { createRecorder } from "../record/recorder.ts";
import type { Recorder } from "../record/recorder.ts";
import { createBox } from "../record/seal.ts";
import { createCollector, createFile } from "./destination.ts";
import type { Destination } from "./destination.ts";
import { startSender } from "./sender.ts";
import type { Sender, SenderDeps } from "./sender.ts";

const events = z.array(
  z.looseObject({
    decision_id: z.string(),
    path: z.string(),
    custom: z.object({ exchange_id: z.string() }).loose(),
  }),
);
type Events = z.infer<typeof events>;

let database: TestDatabase;
let recorder: Recorder;
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** In the place of a status: the collector never answers. */
const HANGING = 0;

/** What the collector answers to each batch, and what it took. */
let answer: (batch: Events) => number;
let taken: Events;
let heads: (string | undefined)[];
const collector = createServer((incoming, response) => {
  void buffer(incoming).then((body) => {
    const batch = events.parse(JSON.parse(gunzipSync(body).toString("utf8")));
    heads.push(incoming.headers.authorization);
    const status = answer(batch);
    if (status === HANGING) return;
    if (status === 200) taken.push(...batch);
    response.writeHead(status).end();
  });
});
let url: string;
const senders: Sender[] = [];
/** Other work may take the machine for a while. */
const soon = { timeout: 20_000 };

beforeAll(async () => {
  database = await createTestDatabase();
  recorder = createRecorder({
    db: database.db,
    box: createBox({ keys: [{ id: "k1", key: randomBytes(32) }], digestKey: randomBytes(32) }),
    originals: { seal: () => ({ sealed: Buffer.alloc(0), keyId: "k1" }) },
    log: { error: () => undefined },
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  const address: AddressInfo | string | null = collector.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/logs`;
});
beforeEach(async () => {
  answer = () => 200;
  taken = [];
  heads = [];
  await endDecisionLog(database.db);
  await beginDecisionLog(database.db);
});
afterEach(async () => {
  for (const sender of senders.splice(0)) await sender.stop();
});
afterAll(async () => {
  collector.close();
  await recorder.drain();
  await database[Symbol.asyncDispose]();
});

function start(changes: Partial<SenderDeps> = {}): void {
  const destination: Destination = createCollector(url, () => "secret");
  const deps = { db: database.db, destination, labels: { app: "tollgate" }, batchChars: 100_000, log };
  senders.push(
    startSender({ ...deps, edit: (event) => event, onOutcome: () => undefined, intervalMs: 20, ...changes }),
  );
}

/** Records an exchange with two decisions; what is projected twice waits once. */
async function record(): Promise<string> {
  const row = toOpened({ at: Date.now() + 1 });
  await recorder.opened(row);
  await projectAll(database.db);
  await recorder.decided(toDecided(row.id, { facts: toFacts(row.id, { phase: "tool_call" }) }));
  await recorder.closed(toClosed(row.id));
  await projectAll(database.db);
  return row.id;
}

const ids = (): string[] => taken.map(({ decision_id }) => decision_id);
const status = () => readDecisionLogStatus(database.db);

test("tells each decision once, in OPA's form, with the credential", async () => {
  const id = await record();
  start();
  await expect.poll(ids, soon).toEqual([id, `${id}.1`]);
  expect(heads[0]).toBe("Bearer secret");
  expect(taken[0]).toMatchObject({
    labels: { app: "tollgate" },
    bundles: { gateway: { revision: "r1" } },
    path: "gateway/main/request",
    input: { id },
    result: { allow: [{ code: "model_access" }] },
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    metrics: { timer_rego_query_eval_ns: 30_000 },
    custom: { exchange_id: id, effect: "allow", data_revision: "d1" },
  });
  await expect.poll(async () => (await status()).waiting, soon).toBe(0);
  // More of the exchange is projected later, which is no new decision.
  await database.db.sql`insert into projection_queue (exchange_id) values (${id})`;
  await projectAll(database.db);
  expect((await status()).waiting).toBe(0);
});

test("tells where the policy could not decide", async () => {
  const row = toOpened({
    at: Date.now() + 1,
    decision: null,
    effect: "error",
    errorCode: "policy_unavailable",
  });
  await recorder.opened(row);
  await projectAll(database.db);
  start();
  await expect.poll(() => taken.length, soon).toBe(1);
  expect(taken[0]).toMatchObject({ error: { code: "policy_unavailable" } });
  expect(taken[0]).not.toHaveProperty("result");
});

test("keeps all while the collector is away, says so, and tells it then", async () => {
  answer = () => 503;
  const told: string[] = [];
  start({ log: { ...log, warn: (_: object, message: string) => void told.push(message) } });
  const id = await record();
  await expect.poll(async () => (await status()).problem, soon).toBe("The collector answered 503.");
  await expect.poll(() => heads.length, soon).toBeGreaterThan(2);
  expect(told).toEqual(["Decision logs wait: they could not be delivered."]);
  expect(await status()).toMatchObject({ waiting: 2, refused: 0 });
  answer = () => 200;
  await expect.poll(ids, soon).toEqual([id, `${id}.1`]);
  await expect.poll(async () => (await status()).problem, soon).toBe(null);
});

test("waits for no collector that hangs when it is to stop, and leaves what it had taken to others", async () => {
  answer = () => HANGING;
  const id = await record();
  start();
  await expect.poll(() => heads.length, soon).toBe(1);
  for (const sender of senders.splice(0)) await sender.stop();
  expect(await status()).toMatchObject({ waiting: 2, problem: null });
  answer = () => 200;
  start();
  await expect.poll(ids, soon).toEqual([id, `${id}.1`]);
});

test("tells the facts that policy saw, and beside them what the record lacks of them", async () => {
  const { id } = toOpened();
  const facts = { ...toFacts(id), basis: { altered: ["/request/model"] } };
  await recorder.opened(toOpened({ id, at: Date.now() + 1, facts }));
  await recorder.closed(toClosed(id));
  await projectAll(database.db);
  start();
  await expect.poll(() => taken.length, soon).toBe(1);
  expect(Object.keys(Object(taken[0]?.["input"])).toSorted()).toEqual(Object.keys(toFacts(id)).toSorted());
  expect(taken[0]).toMatchObject({ custom: { basis: { altered: ["/request/model"] } } });
});

test("tells what ended without usage, and what a killed process left without an end, once", async () => {
  const ago = (seconds: number): string => v7({ msecs: Date.now() - seconds * 1000 });
  const [left, ended, tooNew] = [ago(7200), ago(60), ago(-3600)];
  await database.db.sql`update exchanges set at = at - interval '1 day'`;
  await database.db.sql`update decision_log_state set since = now() - interval '3 hours'`;
  for (const id of [left, ended, tooNew]) await recorder.opened(toOpened({ id }));
  await recorder.closed(toClosed(ended, { usage: null, responseIds: [] }));
  await projectAll(database.db);
  expect((await status()).waiting).toBe(0);
  start();
  await expect.poll(ids, soon).toEqual([left, ended]);
  // A start looks at the whole again, however long ago the last delivery was.
  await database.db.sql`update decision_log_state set delivered_at = now() - interval '9 days'`;
  await database.db.sql`update decision_log set sent_at = now() - interval '9 days'`;
  for (const sender of senders.splice(0)) await sender.stop();
  const id = await record();
  start();
  await expect.poll(ids, soon).toEqual([left, ended, id, `${id}.1`]);
});

test("puts aside the one event that the collector refuses, and tells it again when asked to", async () => {
  const [first, second, third] = [await record(), await record(), await record()];
  answer = (batch) => (batch.some(({ decision_id }) => decision_id === second) ? 413 : 200);
  start();
  const others = [first, `${first}.1`, `${second}.1`, third, `${third}.1`];
  await expect.poll(() => ids().toSorted(), soon).toEqual(others.toSorted());
  await expect.poll(async () => (await status()).refused, soon).toBe(1);
  answer = () => 200;
  expect(await retryRefused(database.db)).toBe(1);
  await expect.poll(() => ids().at(-1), soon).toBe(second);
});

test("sends batches no longer than they may be", async () => {
  for (let i = 0; i < 4; i += 1) await record();
  const lengths: number[] = [];
  answer = (batch) => {
    lengths.push(batch.length);
    return 200;
  };
  start({ batchChars: 10 });
  await expect.poll(() => taken.length, soon).toBe(8);
  expect(lengths).toEqual(Array.from({ length: 8 }, () => 1));
});

test("two senders share the work, and what one took and lost the other tells", async () => {
  const id = await record();
  // As a process leaves it that is killed between taking and telling.
  await database.db.sql`update decision_log set claimed_until = now() - interval '1 second'`;
  start();
  start();
  await expect.poll(ids, soon).toEqual([id, `${id}.1`]);
  await record();
  await expect.poll(() => new Set(ids()).size, soon).toBe(4);
  expect(ids()).toHaveLength(4);
});

test("drops and changes what the policy says", async () => {
  const id = await record();
  start({ edit: (event) => (event.path.endsWith("request") ? null : { ...event, labels: {} }) });
  await expect.poll(ids, soon).toEqual([`${id}.1`]);
  expect(taken[0]).toMatchObject({ labels: {} });
  await expect.poll(async () => (await status()).waiting, soon).toBe(0);
});

test("keeps nothing where there is no collector, and nothing of before", async () => {
  await endDecisionLog(database.db);
  await record();
  await beginDecisionLog(database.db);
  await database.db.sql`insert into projection_queue (exchange_id) select id from exchanges`;
  await database.db.sql`update exchanges set at = at - interval '1 hour'`;
  await projectAll(database.db);
  expect(await status()).toMatchObject({ waiting: 0 });
});

test("adds lines to a file, which may be moved away", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-decisions-"));
  try {
    const path = join(folder, "decisions.jsonl");
    const read = async (from: string): Promise<string[]> =>
      (await readFile(from, "utf8"))
        .trim()
        .split("\n")
        .map((line) => z.object({ decision_id: z.string() }).parse(JSON.parse(line)).decision_id);
    const first = await record();
    start({ destination: createFile(path) });
    await expect.poll(() => read(path).catch(() => []), soon).toEqual([first, `${first}.1`]);
    await rename(path, `${path}.1`);
    const second = await record();
    await expect.poll(() => read(path).catch(() => []), soon).toEqual([second, `${second}.1`]);
    expect(await read(`${path}.1`)).toEqual([first, `${first}.1`]);
  } finally {
    for (const sender of senders.splice(0)) await sender.stop();
    await rm(folder, { recursive: true });
  }
});
