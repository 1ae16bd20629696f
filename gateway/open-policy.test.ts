// Bundles that decide together, at a start: where what was published does not fit, what was good before decides.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startBundleServer } from "../test/fixtures/bundle-server.ts";
import type { BundleServer } from "../test/fixtures/bundle-server.ts";
import { reviseBundle } from "../test/fixtures/revise-bundle.ts";
import { createKeptLog } from "../test/policy/silent-log.ts";
import { buildTeamBundle } from "../test/policy/team-bundle.ts";
import { createTestDatabase } from "../test/postgres.ts";
import type { TestDatabase } from "../test/postgres.ts";
import { loadConfig } from "./config/config.ts";
import type { Config } from "./config/config.ts";
import { createOutbound } from "./forward/outbound.ts";
import { createBundleOpener } from "./open-bundles.ts";
import { openDistribution } from "./open-policy.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let database: TestDatabase;
let server: BundleServer;
let platform: BundleServer;
let folder = "";
let config: Config;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-open-"));
  database = await createTestDatabase();
  server = await startBundleServer({ holds: false });
  platform = await startBundleServer({ holds: false });
  platform.publish(await reviseBundle({ revision: "one", serial: 1 }));
  const file = join(folder, "tollgate.yaml");
  const bundles = [
    { name: "platform", bundle: platform.url },
    { name: "search", bundle: server.url },
  ];
  await writeFile(file, JSON.stringify({ policy: { bundles } }));
  config = loadConfig({ file, env: { OPENAI_API_KEY: "x" }, cwd: folder }).config;
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await platform?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  if (folder !== "") await rm(folder, { recursive: true });
});

/** Starts as a gateway does, and gives the revision that decides. */
async function start(): Promise<string> {
  const { db } = database;
  const place = { db, config, env: {}, log: createKeptLog() };
  const outbound = createOutbound({ proxy: null, isDirect: () => true, ca: null });
  const opener = { ...place, checkPatterns: () => undefined, connectionLabels: () => [] };
  const begun = await openDistribution({ ...place, outbound, source: null }, () =>
    createBundleOpener(opener),
  );
  begun.close();
  return begun.policies.current().version.revision;
}

test("one that was published and does not fit to the others leaves the last good one to decide", async () => {
  server.publish(await buildTeamBundle({ revision: "good", serial: 1 }));
  const good = await start();
  expect(good).toContain("+search?:good@");
  server.publish(await buildTeamBundle({ revision: "bad", serial: 2, roots: ["gateway/rules/access"] }));
  expect(await start()).toBe(good);
  // It was never in force, so that its serial binds nobody.
  server.publish(await buildTeamBundle({ revision: "better", serial: 2 }));
  expect(await start()).toContain("+search?:better@");
});

test("the first one that was published and does not fit to the others leaves all to decide that were good", async () => {
  const before = await start();
  const change = (files: Map<string, Buffer>): void => {
    const text = files.get("/.manifest")?.toString("utf8") ?? "";
    files.set("/.manifest", Buffer.from(text.replace('"roots":[', '"roots":["gateway/rules/search",')));
  };
  platform.publish(await reviseBundle({ revision: "two", serial: 2, change }));
  expect(await start()).toBe(before);
  platform.publish(await reviseBundle({ revision: "three", serial: 2 }));
  expect(await start()).toContain("platform:three@");
});

test("where none was good before, nothing starts, and it says which do not fit", async () => {
  const own = await createTestDatabase();
  const before = database;
  database = own;
  try {
    server.publish(await buildTeamBundle({ revision: "bad", serial: 9, code: "model_not_allowed" }));
    await expect(start()).rejects.toThrow("the bundles platform and search can't decide together");
  } finally {
    database = before;
    await own[Symbol.asyncDispose]();
  }
});
