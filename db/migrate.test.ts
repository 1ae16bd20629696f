import { expect, test } from "vitest";
import { createTestDatabase } from "../test/postgres.ts";
import { openDatabase } from "./client.ts";
import { migrateDatabase } from "./migrate.ts";

test("brings an empty database to the newest schema, and again without a change", async () => {
  await using database = await createTestDatabase({ empty: true });
  await migrateDatabase(database.db);
  await migrateDatabase(database.db);
  const rows = await database.db
    .sql`select count(*)::int as n from information_schema.tables where table_schema = 'public'`;
  expect(rows[0]?.["n"]).toBe(20);
});

test("lets several processes migrate at the same time", async () => {
  await using database = await createTestDatabase({ empty: true });
  const others = [1, 2, 3, 4].map(() => openDatabase(database.url, { poolSize: 1 }));
  await Promise.all(others.map((db) => migrateDatabase(db)));
  await Promise.all(others.map((db) => db.close()));
  const rows = await database.db.sql`select count(*)::int as n from drizzle.__drizzle_migrations`;
  expect(rows[0]?.["n"]).toBe(1);
});
