import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../test/postgres.ts";
import type { TestDatabase } from "../test/postgres.ts";
import { readArrayText, toArrayText } from "./array-types.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.[Symbol.asyncDispose]());

const hostile = ["", "a", "NULL", "null", "a,b", "{}", '"', "\\", '\\"', " a ", "\n", "ü€😀", "a\\\\b"];

test("a list is read as it was written", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...hostile));
  fc.assert(
    fc.property(fc.array(fc.option(text)), (values) => {
      expect(readArrayText(toArrayText(values))).toEqual(values);
    }),
  );
});

test("PostgreSQL reads and writes lists alike, of texts, UUIDs and numbers", async () => {
  const { sql } = database.db;
  const ids = ["0198a000-0000-7000-8000-000000000000", "0198a000-0000-7000-8000-000000000001"];
  const [row] = await sql<
    { texts: string[]; none: string[]; ids: string[]; first: string; count: number; lines: number[] }[]
  >`
    select ${hostile}::text[] as texts, ${[]}::text[] as none, ${ids}::uuid[] as ids, array[1, -2] as lines,
      (${hostile}::text[])[4] as first, cardinality(${hostile}::text[]) as count`;
  expect(row).toEqual({
    texts: hostile,
    none: [],
    ids,
    first: "null",
    count: hostile.length,
    lines: [1, -2],
  });
  expect(await sql`select 1 as one where 'a,b' = any(${hostile})`).toHaveLength(1);
});
