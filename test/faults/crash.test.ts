// What was answered was recorded: when the gateway is killed under load, and when the database goes away.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Database } from "../../db/client.ts";
import { startGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { sendLoad } from "./load.ts";

const ANSWERS_BEFORE_KILL = 200;
const PROGRAMS = 16;
const HELD_MS = 500;
const sentBody = z.object({ metadata: z.object({ name: z.string() }) });

test("after kill -9 under load, what programs saw and what the target heard stands in the record", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({ databaseUrl: database.url });
  const key = await gateway.createKey();
  let isKilled = false;
  const kills: Promise<void>[] = [];
  const kill = async (): Promise<void> => {
    // Nothing can be committed any more while the programs go on: what is passed on now has no row.
    await holdWrites(database, async () => {
      await sleep(HELD_MS);
      await gateway.stop("SIGKILL");
    });
    isKilled = true;
  };
  const seen = await sendLoad({
    baseUrl: gateway.baseUrl,
    key,
    programs: PROGRAMS,
    isOver(sights) {
      if (sights.length >= ANSWERS_BEFORE_KILL && kills.length === 0) kills.push(kill());
      return isKilled;
    },
  });
  await Promise.all(kills);
  const whole = seen.filter(({ isWhole }) => isWhole);
  expect(whole.length).toBeGreaterThanOrEqual(ANSWERS_BEFORE_KILL - PROGRAMS);
  expect(seen.some(({ isWhole }) => !isWhole)).toBe(true);

  const record = await readRecord(database.db);
  // Whoever had a head had a decision; whoever had the end had the end's row.
  const decided = (id: string | null) => id !== null && record.decided.has(id);
  expect(seen.filter(({ exchangeId }) => exchangeId !== null && !decided(exchangeId))).toEqual([]);
  expect(
    whole.filter(({ exchangeId }) => !decided(exchangeId) || !record.completed.has(exchangeId ?? "")),
  ).toEqual([]);

  // Of two calls each whole answer showed one, and its decision stands; of the denied one nothing was seen.
  expect(whole.filter(({ calls }) => calls.length !== 1)).toEqual([]);
  const shown = seen.flatMap(({ exchangeId, calls }) => calls.map((call) => `${exchangeId} ${call}`));
  expect(shown.filter((call) => record.calls.get(call) !== "released")).toEqual([]);

  // The target heard of nothing that was not decided first.
  const heard = gateway.upstream
    .requests()
    .map(({ body }) => sentBody.parse(JSON.parse(body.toString())).metadata.name);
  expect(heard.length).toBe(gateway.arrivals().length);
  expect(heard.length).toBeGreaterThanOrEqual(whole.length);
  expect(heard.filter((name) => !record.names.has(name))).toEqual([]);
});

/** Keeps rows from being written while `during` runs; whoever waited to write then is sent away with what it had. */
async function holdWrites({ url, db }: TestDatabase, during: () => Promise<void>): Promise<void> {
  const holder = db.openConnection();
  try {
    await holder`begin`;
    await holder`lock table exchanges, decisions, exchange_ends in exclusive mode`;
    await during();
    const name = new URL(url).pathname.slice(1);
    await holder`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${name} and pid <> pg_backend_pid()`;
  } finally {
    await holder.end();
  }
}

/** What the database holds: exchanges that were allowed and that completed, names of sessions, outcomes of calls. */
async function readRecord({ sql }: Database) {
  const allowed = await sql<{ id: string; name: string | null }[]>`
    select exchanges.id, sessions.name from exchanges left join sessions on sessions.id = exchanges.session_id
    where exchanges.effect = 'allow' and exchanges.decision is not null`;
  const completed = await sql<{ id: string }[]>`
    select exchange_id as id from exchange_ends where outcome = 'completed'`;
  const calls = await sql<{ call: string; outcome: string }[]>`
    select decisions.exchange_id || ' ' || (one ->> 'id') as call, one ->> 'outcome' as outcome
    from decisions, jsonb_array_elements(decisions.calls) as one`;
  return {
    decided: new Set(allowed.map(({ id }) => id)),
    names: new Set(allowed.map(({ name }) => name)),
    completed: new Set(completed.map(({ id }) => id)),
    calls: new Map(calls.map(({ call, outcome }) => [call, outcome])),
  };
}

test("a database that is away means 503 before the target hears anything, and service when it is back", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({
    databaseUrl: database.url,
    config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
record: { fail_after_ms: 1500 }
`,
  });
  const key = await gateway.createKey();
  const send = () =>
    fetch(`${gateway.baseUrl}/responses`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4.1", input: "pace 1ms\nstream 20" }),
      signal: AbortSignal.timeout(20_000),
    });
  expect((await send()).status).toBe(200);
  const name = new URL(database.url).pathname.slice(1);
  await using maintenance = await createTestDatabase({ empty: true });
  await maintenance.db.sql.unsafe(`alter database ${name} allow_connections false`);
  await maintenance.db.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
  const before = gateway.upstream.requests().length;
  const refused = await send();
  expect(refused.status).toBe(503);
  expect(await refused.text()).toMatch(/record_unavailable|identity_unavailable/);
  expect(gateway.upstream.requests()).toHaveLength(before);
  expect((await fetch(`${gateway.origin}/readyz`)).status).toBe(503);
  await maintenance.db.sql.unsafe(`alter database ${name} allow_connections true`);
  await expect.poll(async () => (await send()).status, { timeout: 20_000, interval: 500 }).toBe(200);
});
