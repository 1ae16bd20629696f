// Measures the recorder alone: rows a second, and the CPU of this process for a row, against a real PostgreSQL.
import { randomBytes, randomUUID } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../db/client.ts";
import type { Database } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { createWriter } from "../db/writer.ts";
import { toClosed, toOpened, toSession } from "../test/fixtures/example-rows.ts";
import { createRecorder } from "../gateway/record/recorder.ts";
import { createBox } from "../gateway/record/seal.ts";
import { digestHistory } from "../gateway/record/history.ts";
import { toExchangeRow } from "../gateway/record/to-rows.ts";
import { startPostgres } from "../test/start-postgres.ts";

const SECONDS = 3;

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-bench-"));
  await chmod(folder, 0o755);
  const server = await startPostgres(folder, true);
  try {
    await server.createDatabase("bench");
    const db = openDatabase(`${server.url}bench`);
    await migrateDatabase(db);
    print("what", "rows/s", "CPU µs a row", "p50 ms", "p99 ms");
    for (const size of [1, 16, 64]) await benchWriter(db, size);
    for (const concurrency of [1, 4, 16, 64]) await benchRecorder(db, concurrency);
    const row = toOpened({ session: toSession() });
    benchPure("row to JSON", () => toExchangeRow(row));
    const items = Array.from({ length: 120 }, (_, n) => ({
      hash: randomBytes(32).toString("hex"),
      fromModel: n % 3 === 2,
    }));
    benchPure("digest of 120 items", () =>
      digestHistory({ tenant: "t", issuer: "i", subject: "s" }, items, () => null),
    );
    await db.close();
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Batches of one size, one after the other: what a row costs below the recorder. */
async function benchWriter(db: Database, size: number): Promise<void> {
  const writer = createWriter(db);
  const template = toExchangeRow(toOpened({ id: "", session: null }));
  await measure(`batch of ${size}`, size, 1, () => {
    const rows = Array.from({ length: size }, () => template.replace(`"id":""`, `"id":"${randomUUID()}"`));
    return writer.write(new Map([["exchanges", rows]]));
  });
  await writer.close();
}

/** Exchanges at once, each with its decision and its end. */
async function benchRecorder(db: Database, concurrency: number): Promise<void> {
  const recorder = createRecorder({
    db,
    box: createBox({ keys: [{ id: "k1", key: randomBytes(32) }], digestKey: randomBytes(32) }),
    originals: { seal: () => ({ sealed: Buffer.alloc(0), keyId: "k1" }) },
    log: { error: () => undefined },
  });
  const session = toSession({ isNew: false });
  await measure(`${concurrency} exchanges at once`, 2, concurrency, async () => {
    const row = toOpened({ session });
    await recorder.opened(row);
    await recorder.closed(toClosed(row.id));
  });
  await recorder.drain();
}

async function measure(
  name: string,
  rows: number,
  concurrency: number,
  run: () => Promise<unknown>,
): Promise<void> {
  for (let n = 0; n < 50; n += 1) await run();
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  const loop = async (): Promise<void> => {
    while (performance.now() - start < SECONDS * 1_000) {
      const before = performance.now();
      await run();
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const count = times.length * rows;
  times.sort((a, b) => a - b);
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2);
  print(
    name,
    ((count / elapsed) * 1_000).toFixed(0),
    ((user + system) / count).toFixed(1),
    at(0.5),
    at(0.99),
  );
}

function benchPure(name: string, run: () => unknown): void {
  const count = 20_000;
  for (let n = 0; n < count; n += 1) run();
  const cpu = process.cpuUsage();
  for (let n = 0; n < count; n += 1) run();
  const { user, system } = process.cpuUsage(cpu);
  print(name, "", ((user + system) / count).toFixed(1), "", "");
}

function print(...cells: readonly string[]): void {
  console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(14))).join(""));
}

await main();
