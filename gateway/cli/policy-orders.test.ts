// Which bundle an order means.
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepBundle } from "../../db/queries/policy-bundles.ts";
import { readOrder } from "../../db/queries/policy-orders.ts";
import { runInProcess } from "../../test/command.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
});

async function keep(name: string, revision: string, serial: number | null, content: string): Promise<string> {
  const bytes = Buffer.from(content);
  const digest = createHash("sha256").update(bytes).digest("hex");
  await keepBundle(database.db, { name, revision, serial, bytes, digest }, { mayFall: true });
  return digest;
}

async function rollback(name: string, to: string) {
  const args = ["policy", "rollback", "--bundle", name, "--to", to, "--reason", "test", "--wait", "0"];
  const said = await runInProcess(args, { env: { DATABASE_URL: database.url }, cwd: "/" });
  return { ...said, ordered: (await readOrder(database.db, name))?.digest ?? null };
}

test("a name that two bundles have means neither, and their serials and digests tell them apart", async () => {
  const good = await keep("named", "v1.0", 1, "good");
  const bad = await keep("named", "v1.0", 2, "bad");
  const said = await rollback("named", "v1.0");
  expect(said).toMatchObject({ code: 1, ordered: null });
  expect(said.stderr).toContain(`v1.0, serial 1, digest ${good}`);
  expect((await rollback("named", "1")).ordered).toBe(good);
  expect((await rollback("named", bad.slice(0, 12))).ordered).toBe(bad);
});

test("a bundle that is called as the serial of another one isn't taken for it", async () => {
  const good = await keep("numbered", "v7", 7_000_000, "good seven");
  await keep("numbered", "7000000", 7_000_001, "bad seven");
  expect(await rollback("numbered", "7000000")).toMatchObject({ code: 1, ordered: null });
  expect((await rollback("numbered", good)).ordered).toBe(good);
});
