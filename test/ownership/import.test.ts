// `tollgate objects`: what was in the account before the gateway gets an owner, once.
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { toTarget } from "../clients/js/targets.ts";
import { listActions } from "../../db/queries/admin-actions.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { startAccountTarget } from "./account.ts";
import type { AccountTarget } from "./account.ts";

let database: TestDatabase;
let target: AccountTarget;
let gateway: RunningGateway;
beforeAll(async () => {
  database = await createTestDatabase();
  target = await startAccountTarget();
  gateway = await startGateway({
    databaseUrl: database.url,
    target: { url: target.url, credential: "key" },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await target?.close();
  await database?.[Symbol.asyncDispose]();
});

const rowsSchema = z.array(
  z.object({
    kind: z.string(),
    found: z.number(),
    given: z.number(),
    owned: z.number(),
    refused: z.number().nullable(),
  }),
);

async function runImport(...flags: readonly string[]): Promise<z.infer<typeof rowsSchema>> {
  const { code, stdout, stderr } = await gateway.cli(
    "objects",
    "import",
    "--owner",
    "ada",
    "--json",
    ...flags,
  );
  expect(stderr).not.toContain("tollgate:");
  expect(code).toBe(0);
  return rowsSchema.parse(JSON.parse(stdout));
}

test("an import gives what nobody owns to one caller, and gives nothing twice", async () => {
  const ada = toTarget(gateway.baseUrl, await gateway.createKey({ name: "ada" })).client();
  const bob = toTarget(gateway.baseUrl, await gateway.createKey({ name: "bob" })).client();
  const old = Array.from({ length: 130 }, () => target.add());
  const { id: bobs } = await bob.vectorStores.create({});
  await expect(ada.vectorStores.retrieve(old[0] ?? "")).rejects.toMatchObject({ status: 404 });

  const kind = ["--kind", "vector_store"];
  const counts = { kind: "vector_store", found: 131, given: 130, owned: 1, refused: null };
  expect(await runImport(...kind, "--dry-run")).toEqual([counts]);
  await expect(ada.vectorStores.retrieve(old[0] ?? "")).rejects.toMatchObject({ status: 404 });
  expect(await runImport(...kind)).toEqual([counts]);
  expect(await runImport(...kind)).toEqual([{ ...counts, given: 0, owned: 131 }]);
  const actions = await listActions(database.db, { area: "object" }, 100);
  expect(actions.map(({ detail }) => detail["subject"])).toEqual(actions.map(() => "ada"));
  expect(actions.reduce((sum, { detail }) => sum + Number(detail["count"]), 0)).toBe(130);

  for (const id of old.slice(-3)) {
    expect((await ada.vectorStores.retrieve(id)).id).toBe(id);
    await expect(bob.vectorStores.retrieve(id)).rejects.toMatchObject({ status: 404 });
  }
  await expect(ada.vectorStores.retrieve(bobs)).rejects.toMatchObject({ status: 404 });
  expect((await bob.vectorStores.retrieve(bobs)).id).toBe(bobs);

  const listed = await gateway.cli("objects", "list", "--subject", "ada", "--limit", "1000", "--json");
  expect(z.array(z.object({ kind: z.string() })).parse(JSON.parse(listed.stdout))).toHaveLength(130);
});

test("an import says which lists the target does not give, and fails where one was asked for", async () => {
  const rows = await runImport();
  expect(rows.find(({ kind }) => kind === "vector_store")?.refused).toBeNull();
  expect(rows.find(({ kind }) => kind === "batch")?.refused).toBe(404);
  const asked = await gateway.cli("objects", "import", "--owner", "ada", "--kind", "batch");
  expect(asked).toMatchObject({ code: 1 });
  expect(asked.stderr).toContain("gives no list of batch");
});

test.each([
  [["--kind", "nothing"], "There is no kind nothing"],
  [["--connection", "nothing"], "No connection has this name"],
])("an import refuses what does not exist (%s)", async (flags, message) => {
  const { code, stderr } = await gateway.cli("objects", "import", "--owner", "ada", ...flags);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
