import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listServiceAccounts } from "../../db/queries/list-service-accounts.ts";
import { findKeyOwner } from "../../db/queries/service-accounts.ts";
import { keys, serviceAccounts } from "../../db/schema.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { loadConfig } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { openStateFolder } from "../database/state-folder.ts";
import type { StateFolder } from "../database/state-folder.ts";
import { hashKey } from "../identity/key-format.ts";
import { toBanner } from "./banner.ts";
import { issueDemoToken } from "./demo-token.ts";

let database: TestDatabase;
let folder: StateFolder;
const warnings: string[] = [];
const log = { warn: (_fields: object, message: string) => void warnings.push(message) };
beforeAll(async () => {
  database = await createTestDatabase();
  folder = openStateFolder(mkdtempSync(join(tmpdir(), "tollgate-demo-")));
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  rmSync(folder.path, { recursive: true, force: true });
});

function configure(listen: string): Config {
  return loadConfig({ file: null, env: { TOLLGATE_LISTEN: listen }, cwd: folder.path }).config;
}

function show(config: Config, demo: Awaited<ReturnType<typeof issueDemoToken>>): string {
  return toBanner({ config, dataUrl: "http://127.0.0.1:8080", adminUrl: null, demo, isSimulated: true });
}

test("is a key of 8 hours for developers, and an earlier one stays valid", async () => {
  const config = configure("127.0.0.1:8080");
  const issued: string[] = [];
  for (let i = 0; i < 2; i += 1)
    issued.push((await issueDemoToken(config, database.url, folder, true, log))?.key ?? "");
  for (const key of issued) {
    const owner = await findKeyOwner(database.db, hashKey(key));
    expect(owner).toMatchObject({ name: "demo", groups: ["developers"], isRevoked: false });
    expect(Math.abs((owner?.expiresAt?.getTime() ?? 0) - Date.now() - 8 * 3_600_000)).toBeLessThan(60_000);
  }
});

test("is shown on a terminal where only this machine can use it", async () => {
  const config = configure("127.0.0.1:8080");
  const demo = await issueDemoToken(config, database.url, folder, true, log);
  expect(show(config, demo)).toContain(`export OPENAI_API_KEY=${demo?.key}`);
  expect(existsSync(folder.demoToken)).toBe(false);
});

test.each([
  ["what is printed may be kept", "127.0.0.1:8080", false],
  ["others can reach the gateway", "0.0.0.0:8080", true],
])("goes to a file of its owner's where %s", async (_why, listen, isTerminal) => {
  const config = configure(listen);
  const demo = await issueDemoToken(config, database.url, folder, isTerminal, log);
  const banner = show(config, demo);
  expect(banner).not.toContain(demo?.key);
  expect(banner).toContain(folder.demoToken);
  expect(readFileSync(folder.demoToken, "utf8").trim()).toBe(demo?.key);
  expect(statSync(folder.demoToken).mode & 0o777).toBe(0o600);
});

test("is not one of an account that is somebody else's, or was revoked", async () => {
  const config = configure("127.0.0.1:8080");
  const { tenant } = config.policy;
  const change = async (changes: Partial<typeof serviceAccounts.$inferInsert>): Promise<void> => {
    await database.db.orm.update(serviceAccounts).set(changes).where(eq(serviceAccounts.name, "demo"));
  };
  const own = { tenant, groups: ["developers"], disabledAt: null };
  const others = [{ groups: ["developers", "admins"] }, { tenant: "other" }, { disabledAt: new Date() }];
  for (const other of others) {
    await issueDemoToken(config, database.url, folder, false, log);
    warnings.length = 0;
    await change({ ...own, ...other });
    const before = await listServiceAccounts(database.db);
    expect(await issueDemoToken(config, database.url, folder, false, log)).toBeNull();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("demo");
    expect(await listServiceAccounts(database.db)).toEqual(before);
    // What lies there belongs to an account that no token is made for any more.
    expect(existsSync(folder.demoToken)).toBe(false);
    await change(own);
  }
  expect(await issueDemoToken(config, database.url, folder, true, log)).not.toBeNull();
});

test("leaves no heap of expired keys behind", async () => {
  const config = configure("127.0.0.1:8080");
  const readKeys = async (): Promise<readonly string[]> => {
    const accounts = await listServiceAccounts(database.db);
    return accounts.find(({ name }) => name === "demo")?.keys.map(({ id }) => id) ?? [];
  };
  await issueDemoToken(config, database.url, folder, true, log);
  await issueDemoToken(config, database.url, folder, true, log);
  const [old = "", ...young] = await readKeys();
  const [recent = ""] = young;
  const hours = (count: number): Date => new Date(Date.now() - count * 3_600_000);
  const expire = (id: string, expiresAt: Date): Promise<unknown> =>
    database.db.orm.update(keys).set({ expiresAt }).where(eq(keys.id, id));
  await expire(old, hours(25));
  await expire(recent, hours(1));
  await issueDemoToken(config, database.url, folder, true, log);
  const left = await readKeys();
  expect(left).not.toContain(old);
  // Whoever still holds it is told that it has expired.
  expect(left).toEqual(expect.arrayContaining([...young]));
});

test("stands in a banner that says what is simulated and how to keep traces from leaving", () => {
  const banner = show(configure("127.0.0.1:8080"), null);
  expect(banner).toContain("SIMULATED");
  expect(banner).toContain("export OPENAI_AGENTS_DISABLE_TRACING=1");
  expect(banner).toContain("export OPENAI_BASE_URL=http://127.0.0.1:8080/v1");
});
