// Measures a replay: exchanges a second over generated records, each exchange with a call of its own id. Of what else rules
// read of a request there are 5,000 kinds, or no two are alike. `node bench/replay.ts [exchanges]`.
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../db/client.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { findReplayRange } from "../db/queries/replay-rows.ts";
import { runReplay } from "../gateway/replay/run-replay.ts";
import { listRecordParts } from "../gateway/replay/record-parts.ts";
import { generateRecord } from "../test/replay/generated-record.ts";
import { startPostgres } from "../test/start-postgres.ts";

const bundle = await readFile(fileURLToPath(new URL("../bundles/default.tar.gz", import.meta.url)));
const exchanges = Number(process.argv[2] ?? 100_000);
const folder = await mkdtemp(join(tmpdir(), "tollgate-bench-"));
await chmod(folder, 0o755);
const server = await startPostgres(folder, true);
try {
  for (const different of [5000, exchanges]) await measure(different);
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(different: number): Promise<void> {
  const name = `bench_${different}`;
  await server.createDatabase(name);
  const databaseUrl = `${server.url}${name}`;
  const db = openDatabase(databaseUrl);
  await migrateDatabase(db);
  await generateRecord(db, exchanges, different);
  const plain = {
    bundles: [{ name: "default", isGate: true, bytes: bundle }] as const,
    operator: null,
    connectionLabels: [],
    recognised: [],
  };
  const next = { ...plain, operator: "effects: { model_not_allowed: observe }" };
  for (const against of [null, plain]) {
    const range = await findReplayRange(db, {}, exchanges);
    const began = performance.now();
    const { tally } = await runReplay({
      open: { kind: "open", next, against, databaseUrl, filter: {} },
      parts: listRecordParts(db, {}, range),
      processes: 2,
      memoryMb: 512,
      partMs: 120_000,
      totalMs: 600_000,
    });
    const seconds = (performance.now() - began) / 1000;
    const other = against === null ? "what was recorded" : "another policy";
    process.stdout.write(
      `${different} kinds of requests, against ${other}: ${Math.round(tally.exchanges / seconds)} exchanges/s (${tally.exchanges} in ${seconds.toFixed(1)} s, ${tally.changed} changed)\n`,
    );
  }
  await db.close();
}
