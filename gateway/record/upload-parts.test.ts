import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { addUploadPart } from "../../db/queries/upload-parts.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import { openBox } from "./keys.ts";
import { createUploadParts } from "./upload-parts.ts";

const place = {
  caller: { tenant: "default", issuer: "tollgate", subject: "one" },
  connection: "openai",
  uploadId: "upload_1",
};
const edges = { head: Buffer.from("begin"), tail: Buffer.from("end") };
const short = { head: Buffer.from([0xff, 0]), tail: null };

test("parts are found in the order that is asked for, by their caller alone, and lie sealed", async () => {
  await using database = await createTestDatabase();
  const parts = createUploadParts({ db: database.db, box: openBox(randomBytes(32)) });
  await parts.keep(place, "part_1", edges);
  await parts.keep(place, "part_2", short);
  expect(await parts.find(place, ["part_2", "part_1", "part_2"])).toEqual([short, edges, short]);
  expect(await parts.find(place, [])).toEqual([]);
  for (const other of [
    { ...place, uploadId: "upload_2" },
    { ...place, connection: "other" },
    { ...place, caller: { ...place.caller, subject: "two" } },
    { ...place, caller: { ...place.caller, tenant: "two" } },
  ])
    expect(await parts.find(other, ["part_1"])).toBeNull();
  expect(await parts.find(place, ["part_1", "part_3"])).toBeNull();
  const stored = await database.db.sql`select row_to_json(p)::text as row from upload_parts p`;
  expect(JSON.stringify(stored)).not.toMatch(/begin|626567696e|part_1|upload_1|YmVnaW4/);
});

test("old parts go, and of one owner's all but the newest", async () => {
  await using database = await createTestDatabase();
  const add = (key: string, owner: string, at: number, before: number): Promise<void> =>
    addUploadPart(
      database.db,
      { key, owner, sealed: Buffer.from("x"), keyId: "k", at: new Date(at) },
      { before: new Date(before), most: 2 },
    );
  await add("old", "one", 1_000, 0);
  for (const at of [2_000, 3_000, 4_000]) await add(`of one ${at}`, "one", at, 0);
  await add("of two", "two", 1_500, 1_200);
  const rows = await database.db.sql`select key from upload_parts order by key`;
  expect(rows.map((row) => String(row["key"]))).toEqual(["of one 3000", "of one 4000", "of two"]);
  await add("last", "two", 9_000, 5_000);
  expect(await database.db.sql`select key from upload_parts`).toHaveLength(1);
});
