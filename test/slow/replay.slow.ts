// A replay of a long record: the differences that are known, to the last one.
import { test } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { generateRecord } from "../replay/generated-record.ts";
import { expectKnownDifferences } from "../replay/known-differences.ts";

const EXCHANGES = 100_000;

test("finds all differences in 100,000 exchanges, and no others", async () => {
  await using database = await createTestDatabase();
  await generateRecord(database.db, EXCHANGES);
  await expectKnownDifferences(database.url, EXCHANGES, "active");
});
