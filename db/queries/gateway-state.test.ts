import { expect, test } from "vitest";
import { createTestDatabase } from "../../test/postgres.ts";
import { DatabaseStateError } from "../errors.ts";
import { checkKey } from "./gateway-state.ts";

test("takes the first key of a database, again and again, and no other", async () => {
  await using database = await createTestDatabase();
  await checkKey(database.db, "digest one");
  await checkKey(database.db, "digest one");
  await expect(checkKey(database.db, "digest two")).rejects.toThrow(DatabaseStateError);
  await checkKey(database.db, "digest one");
});

test("lets one of several keys win where they come at the same time", async () => {
  await using database = await createTestDatabase();
  const digests = ["a", "b", "c", "d", "e"];
  const results = await Promise.allSettled(digests.map((digest) => checkKey(database.db, digest)));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});
