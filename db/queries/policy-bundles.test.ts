import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { findBundle, keepBundle, readBundleBytes } from "./policy-bundles.ts";
import type { StoredBundle } from "./policy-bundles.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

function toBundle(name: string, revision: string, serial: number | null): StoredBundle {
  const bytes = Buffer.from(`${name} ${revision}`);
  return { name, revision, serial, bytes, digest: createHash("sha256").update(bytes).digest("hex") };
}

test("serials only rise: a lower one, the same for another bundle, and none at all are refused", async () => {
  const keep = (bundle: StoredBundle, mayFall = false) => keepBundle(database.db, bundle, { mayFall });
  const [none, first, second] = [
    toBundle("rising", "none", null),
    toBundle("rising", "first", 1),
    toBundle("rising", "second", 2),
  ];
  for (const bundle of [none, first, first, second])
    expect(await keep(bundle), bundle.revision).toEqual({ isKept: true });
  const refused = { isKept: false, highest: 2 };
  for (const bundle of [none, first, toBundle("rising", "twin", 2)])
    expect(await keep(bundle), bundle.revision).toEqual(refused);
  // Going back is somebody's order, and lowers nothing for the others.
  expect(await keep(first, true)).toEqual({ isKept: true });
  expect(await keep(first)).toEqual(refused);
  expect(await keep(toBundle("another", "first", 1))).toEqual({ isKept: true });
});

test("of two processes at once the later bundle wins, whichever comes first", async () => {
  const many = Array.from({ length: 12 }, (_, index) => toBundle("raced", `r${index}`, index + 1));
  await Promise.all(many.map((bundle) => keepBundle(database.db, bundle, { mayFall: false })));
  const last = many.at(-1);
  expect(await findBundle(database.db, "r11")).toMatchObject({ ...last });
  expect(await keepBundle(database.db, toBundle("raced", "late", 11), { mayFall: false })).toEqual({
    isKept: false,
    highest: 12,
  });
});

test("a bundle that was kept is found by its revision as it came, and can't be changed", async () => {
  const bundle = toBundle("kept", "k1", 7);
  await keepBundle(database.db, bundle, { mayFall: false });
  expect(await findBundle(database.db, "k1", "kept")).toMatchObject(bundle);
  expect(await findBundle(database.db, "k1", "rising")).toBeNull();
  expect(await findBundle(database.db, "k2")).toBeNull();
  await expect(database.db.sql`update policy_bundles set serial = 1 where name = 'kept'`).rejects.toThrow(
    "only added",
  );
});

test("bytes that aren't those that were kept are nobody's bundle", async () => {
  const { name, revision, digest } = toBundle("changed", "c1", 1);
  const other = Buffer.from("put there by somebody");
  await database.db
    .sql`insert into policy_bundles (name, revision, digest, serial, bytes) values (${name}, ${revision}, ${digest}, 1, ${other})`;
  expect(await readBundleBytes(database.db, name, digest)).toBeNull();
  expect(await findBundle(database.db, revision, name)).toBeNull();
});
