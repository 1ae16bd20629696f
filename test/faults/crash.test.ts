// What was answered was recorded: when the gateway is killed under load, and when the database goes away.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";

const body = JSON.stringify({ model: "gpt-4.1", input: "pace 1ms\nstream 20" });

test("every answer that a client received has its decision in the database after kill -9", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({ databaseUrl: database.url });
  const key = await gateway.createKey();
  const received = new Set<string>();
  const over = new AbortController();
  const load = Array.from({ length: 16 }, async () => {
    while (!over.signal.aborted) {
      const answer = await fetch(`${gateway.baseUrl}/responses`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body,
      }).catch(() => null);
      const id = answer?.headers.get("x-tollgate-exchange-id");
      if (id !== null && id !== undefined) received.add(id);
      await answer?.text().catch(() => null);
      if (answer === null) await sleep(10);
    }
  });
  await sleep(2000);
  await gateway.stop("SIGKILL");
  over.abort();
  await Promise.all(load);
  expect(received.size).toBeGreaterThan(50);
  const rows = await database.db.sql<
    { id: string }[]
  >`select id from exchanges where effect = 'allow' and decision is not null`;
  const recorded = new Set(rows.map((row) => row.id));
  expect([...received].filter((id) => !recorded.has(id))).toEqual([]);
  const reached = gateway.upstream.requests().filter((request) => request.url === "/v1/responses").length;
  expect(recorded.size).toBeGreaterThanOrEqual(Math.min(reached, 1000));
});

test("a database that is away means 503 before the target hears anything, and service when it is back", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({ databaseUrl: database.url });
  const key = await gateway.createKey();
  const send = () =>
    fetch(`${gateway.baseUrl}/responses`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body,
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
