import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { startRetention } from "./originals.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

async function count(): Promise<number> {
  const rows = await database.db.sql<{ n: number }[]>`select count(*)::int as n from originals`;
  return rows[0]?.n ?? -1;
}

test("deletes what is older than it may become, and nothing else", async () => {
  const days = [0, 6, 8, 400];
  for (const [seq, age] of days.entries()) {
    const at = new Date(Date.now() - age * 86_400_000).toISOString();
    await database.db.sql`insert into originals values (${uuid()}, ${seq}, '\\x00', 'k1', ${at})`;
  }
  const log = { warn: () => undefined };
  const retention = startRetention({ db: database.db, log, keptMs: 7 * 86_400_000 });
  await vi.waitFor(async () => expect(await count()).toBe(2), { timeout: 20_000 });
  await retention.stop();
  expect(await count()).toBe(2);
});
