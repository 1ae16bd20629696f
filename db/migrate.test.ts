import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { is } from "drizzle-orm";
import { PgTable } from "drizzle-orm/pg-core";
import { expect, test } from "vitest";
import { createTestDatabase } from "../test/postgres.ts";
import { openDatabase } from "./client.ts";
import { DatabaseStateError } from "./errors.ts";
import { migrateDatabase, MIGRATION_LOCK } from "./migrate.ts";
import * as schema from "./schema.ts";

test("brings an empty database to the newest schema, and again without a change", async () => {
  await using database = await createTestDatabase({ empty: true });
  await migrateDatabase(database.db);
  await migrateDatabase(database.db);
  const rows = await database.db
    .sql`select count(*)::int as n from information_schema.tables where table_schema = 'public'`;
  expect(rows[0]?.["n"]).toBe(Object.values(schema).filter((one) => is(one, PgTable)).length);
});

test("lets several processes migrate at the same time", async () => {
  await using database = await createTestDatabase({ empty: true });
  const others = [1, 2, 3, 4].map(() => openDatabase(database.url, { poolSize: 1 }));
  await Promise.all(others.map((db) => migrateDatabase(db)));
  await Promise.all(others.map((db) => db.close()));
  const rows = await database.db.sql`select count(*)::int as n from drizzle.__drizzle_migrations`;
  const files = await readdir(fileURLToPath(new URL("./migrations", import.meta.url)));
  expect(rows[0]?.["n"]).toBe(files.filter((name) => name.endsWith(".sql")).length);
});

test("says that it waits for another process, and gives up in the end", async () => {
  await using database = await createTestDatabase({ empty: true });
  const holder = database.db.openConnection();
  await holder`select pg_advisory_lock(${MIGRATION_LOCK}::bigint)`;
  let told = 0;
  const options = { log: { warn: () => (told += 1) }, noticeMs: 50, limitMs: 300 };
  const started = Date.now();
  await expect(migrateDatabase(database.db, options)).rejects.toThrow(DatabaseStateError);
  expect(Date.now() - started).toBeGreaterThanOrEqual(300);
  expect(told).toBe(1);
  await holder.end();
  await migrateDatabase(database.db, { ...options, noticeMs: 10_000 });
  expect(told).toBe(1);
});
