// What placeholders stand for in the database: who reads it, how long it stays, and when it goes.
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { createPlaceholderStore, type PlaceholderStore } from "./placeholders.ts";
import { createBox } from "./seal.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const one = { placeholder: "[EMAIL_ABCDEFGHIJKLMNOP]", value: "ada@example.com" };
const two = { placeholder: "[PHONE_ABCDEFGHIJKLMNOP]", value: "+49 30 1234567" };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

/** Another gateway of the same database. */
function open(keyId = "k1"): PlaceholderStore {
  const key = Buffer.alloc(32, keyId);
  return createPlaceholderStore({
    db: database.db,
    box: createBox({ keys: [{ id: keyId, key }], digestKey: key }),
  });
}

/** Lets all rows of a session expire in so many days. */
async function expireIn(sessionId: string, days: number): Promise<void> {
  const at = new Date(Date.now() + days * DAY_MS).toISOString();
  await database.db.sql`update placeholders set expires_at = ${at} where session_id = ${sessionId}`;
}

/** In how many days the rows of a session expire, rounded. */
async function readDays(sessionId: string): Promise<number[]> {
  const rows = await database.db.sql<{ seconds: number }[]>`
    select extract(epoch from expires_at)::float8 as seconds from placeholders
    where session_id = ${sessionId} order by placeholder`;
  return rows.map(({ seconds }) => Math.round((seconds * 1000 - Date.now()) / DAY_MS));
}

test("another gateway reads them, of the sessions that it asks for alone", async () => {
  const [session, other] = [uuid(), uuid()];
  await open().keep(session, [one, two]);
  await open().keep(other, [{ ...one, value: "another" }]);
  const read = await open().load([session]);
  expect(read.toSorted((a, b) => (a.placeholder < b.placeholder ? -1 : 1))).toEqual([one, two]);
  expect(await open().load([])).toEqual([]);
  expect(await open().load([uuid()])).toEqual([]);
  expect(await readDays(session)).toEqual([30, 30]);
});

test("what was sealed under a key that is gone, or for another place, is not restored", async () => {
  const [session, other] = [uuid(), uuid()];
  await open().keep(session, [one]);
  expect(await open("k2").load([session])).toEqual([]);
  await database.db.sql`
    insert into placeholders (session_id, placeholder, sealed, key_id, expires_at)
    select ${other}, placeholder, sealed, key_id, expires_at from placeholders where session_id = ${session}`;
  expect(await open().load([other])).toEqual([]);
});

test("what has expired is not restored", async () => {
  const session = uuid();
  await open().keep(session, [one]);
  await expireIn(session, -0.5);
  expect(await open().load([session])).toEqual([]);
});

test("a session that is used lasts longer, and no other does", async () => {
  const [session, other] = [uuid(), uuid()];
  for (const id of [session, other]) {
    await open().keep(id, [one, two]);
    await expireIn(id, 3);
  }
  expect(await open().load([session])).toHaveLength(2);
  expect(await readDays(session)).toEqual([30, 30]);
  expect(await readDays(other)).toEqual([3, 3]);
  // Sent again it lasts longer, too, and what is not sent does not.
  await open().keep(other, [one]);
  expect(await readDays(other)).toEqual([30, 3]);
});

test("what has expired goes when something is kept, at most once a day, and nothing else goes", async () => {
  const [gone, kept, fresh, later] = [uuid(), uuid(), uuid(), uuid()];
  const store = open();
  const before = open();
  await before.keep(gone, [one]);
  await before.keep(kept, [one]);
  await expireIn(gone, -1);
  await expireIn(kept, 1);
  await store.keep(fresh, [one]);
  expect([await readDays(gone), await readDays(kept), await readDays(fresh)]).toEqual([[], [1], [30]]);
  await expireIn(kept, -1);
  await store.keep(later, [one]);
  expect(await readDays(kept)).toEqual([-1]);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1.5 * DAY_MS });
  try {
    await store.keep(later, [two]);
  } finally {
    vi.useRealTimers();
  }
  expect(await readDays(kept)).toEqual([]);
});
