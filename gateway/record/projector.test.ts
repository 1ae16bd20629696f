import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { toClosed, toOpened } from "../../test/fixtures/example-rows.ts";
import { startProjector } from "./projector.ts";
import { createRecorder } from "./recorder.ts";
import type { Recorder } from "./recorder.ts";
import { createBox } from "./seal.ts";

let database: TestDatabase;
let recorder: Recorder;
const log = { warn: () => undefined, error: () => undefined };

beforeAll(async () => {
  database = await createTestDatabase();
  recorder = createRecorder({
    db: database.db,
    box: createBox({ keys: [{ id: "k1", key: randomBytes(32) }], digestKey: randomBytes(32) }),
    originals: { seal: () => ({ sealed: Buffer.alloc(0), keyId: "k1" }) },
    log,
  });
});
afterAll(async () => {
  await recorder.drain();
  await database[Symbol.asyncDispose]();
});

async function record(): Promise<string> {
  const { id } = toOpened();
  await recorder.opened(toOpened({ id }));
  await recorder.closed(toClosed(id));
  return id;
}

/** The transactions that projected these exchanges, null for what is not projected yet. */
async function readTransactions(ids: readonly string[]): Promise<ReadonlySet<string | null>> {
  const rows = await database.db.sql<{ xmin: string | null }[]>`
    select u.xmin::text from unnest(${[...ids]}::uuid[]) as id left join usage u on u.exchange_id = id`;
  return new Set(rows.map(({ xmin }) => xmin));
}

test("gathers what comes within an interval, however steadily it comes", async () => {
  const intervalMs = 300;
  const started = Date.now();
  const projector = startProjector({ db: database.db, log, intervalMs });
  const ids: string[] = [];
  while (Date.now() - started < 3 * intervalMs) ids.push(await record());
  await expect.poll(async () => (await readTransactions(ids)).has(null), { timeout: 5_000 }).toBe(false);
  const intervals = (Date.now() - started) / intervalMs;
  await projector.stop();
  expect((await readTransactions(ids)).size).toBeLessThanOrEqual(intervals + 1);
});

test("goes on at once while whole batches wait", async () => {
  const ids = [await record(), await record()];
  const [first = "", last = ""] = ids;
  await database.db.sql`delete from projection_queue`;
  await database.db.sql`
    insert into projection_queue (exchange_id)
    select case when n = 1200 then ${last}::uuid else ${first}::uuid end from generate_series(1, 1200) as n`;
  const intervalMs = 5_000;
  const started = Date.now();
  const projector = startProjector({ db: database.db, log, intervalMs });
  await expect.poll(async () => (await readTransactions(ids)).has(null), { timeout: 30_000 }).toBe(false);
  expect(Date.now() - started).toBeLessThan(2 * intervalMs);
  await projector.stop();
});
