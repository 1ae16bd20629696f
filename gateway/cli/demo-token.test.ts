import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findKeyOwner } from "../../db/queries/service-accounts.ts";
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
  const keys = [];
  for (let i = 0; i < 2; i += 1)
    keys.push((await issueDemoToken(config, database.url, folder, true))?.key ?? "");
  for (const key of keys) {
    const owner = await findKeyOwner(database.db, hashKey(key));
    expect(owner).toMatchObject({ name: "demo", groups: ["developers"], isRevoked: false });
    expect(Math.abs((owner?.expiresAt?.getTime() ?? 0) - Date.now() - 8 * 3_600_000)).toBeLessThan(60_000);
  }
});

test("is shown on a terminal where only this machine can use it", async () => {
  const config = configure("127.0.0.1:8080");
  const demo = await issueDemoToken(config, database.url, folder, true);
  expect(show(config, demo)).toContain(`export OPENAI_API_KEY=${demo?.key}`);
  expect(existsSync(folder.demoToken)).toBe(false);
});

test.each([
  ["what is printed may be kept", "127.0.0.1:8080", false],
  ["others can reach the gateway", "0.0.0.0:8080", true],
])("goes to a file of its owner's where %s", async (_why, listen, isTerminal) => {
  const config = configure(listen);
  const demo = await issueDemoToken(config, database.url, folder, isTerminal);
  const banner = show(config, demo);
  expect(banner).not.toContain(demo?.key);
  expect(banner).toContain(folder.demoToken);
  expect(readFileSync(folder.demoToken, "utf8").trim()).toBe(demo?.key);
  expect(statSync(folder.demoToken).mode & 0o777).toBe(0o600);
});

test("stands in a banner that says what is simulated and how to keep traces from leaving", () => {
  const banner = show(configure("127.0.0.1:8080"), null);
  expect(banner).toContain("SIMULATED");
  expect(banner).toContain("export OPENAI_AGENTS_DISABLE_TRACING=1");
  expect(banner).toContain("export OPENAI_BASE_URL=http://127.0.0.1:8080/v1");
});
