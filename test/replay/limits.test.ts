// What a bundle can't do to a replay, or to who asked for it: run on for ever, or eat all memory.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findReplayRange } from "../../db/queries/replay-rows.ts";
import { listRecordParts } from "../../gateway/replay/record-parts.ts";
import { runReplay } from "../../gateway/replay/run-replay.ts";
import type { Replayed, ReplayOptions } from "../../gateway/replay/run-replay.ts";
import { buildFixture } from "../policy/fixture-bundle.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { EACH, generateRecord } from "./generated-record.ts";

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const COUNT = 200;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await generateRecord(database.db, COUNT);
});
afterAll(() => database[Symbol.asyncDispose]());

/** A bundle that does something for one model only, so that no trial shows it. */
function buildOdd(odd: string): Promise<Buffer> {
  return buildFixture({
    metadata: {},
    rego: `request := plain if input.request.model != "davinci-002"
request := plain if {
	input.request.model == "davinci-002"
	many := numbers.range(1, 3000)
	${odd}
}`,
  });
}

async function replay(bundle: Buffer, bounds: Partial<ReplayOptions> = {}): Promise<Replayed> {
  const { db, url } = database;
  const bundles = [{ name: "main", isGate: true, bytes: bundle }] as const;
  const next = { bundles, operator: null, connectionLabels: [], recognised: [] };
  return runReplay({
    open: { kind: "open", next, against: null, databaseUrl: url, filter: {} },
    parts: listRecordParts(db, {}, await findReplayRange(db, {}, COUNT)),
    processes: 1,
    memoryMb: 512,
    partMs: 120_000,
    totalMs: 240_000,
    ...bounds,
  });
}

test("a rule that runs on ends the replay, which says so", async () => {
  // It searches, and makes nothing: what makes something runs out of memory before it runs out of time.
  const endless = await buildOdd(`long := concat("", ["aaaaaaaaaa" | some _ in many])
	end := concat("", [substring(long, 0, 15000), "b"])
	count([1 | some _ in many; some _ in many; contains(long, end)]) == 0`);
  await expect(replay(endless, { partMs: 4000 })).rejects.toThrow(
    "The policy did not decide a part of the record in 4 s.",
  );
  await expect(replay(endless, { totalMs: 4000 })).rejects.toThrow("The replay took too long.");
});

test("a rule that eats memory fails to decide, as it would in a gateway, and is reported as that", async () => {
  const greedy = await buildOdd('count({s | some x in many; some y in many; s := {"x": x, "y": y}}) > 0');
  const { tally } = await replay(greedy);
  expect(tally.exchanges).toBe(COUNT);
  const failed = [...tally.changes.values()].filter(({ code }) => code === "policy_unavailable");
  expect(failed).toMatchObject([{ change: "gained", effect: "deny", exchanges: COUNT / EACH.denied }]);
});

test("a process that needs more than it may have ends alone, and its parent says why", async () => {
  const bundle = await readFile("bundles/default.tar.gz");
  await expect(replay(bundle, { memoryMb: 12 })).rejects.toThrow(/it may have needed more than 12 MiB/);
});
