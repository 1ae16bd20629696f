import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConnections } from "../../db/queries/connections.ts";
import { runInProcess } from "../../test/command.ts";
import type { CommandResult } from "../../test/gateway.ts";
import { createTestDatabase } from "../../test/postgres.ts";
import type { TestDatabase } from "../../test/postgres.ts";
import { createSimulator } from "../simulator/server.ts";
import type { Simulator } from "../simulator/server.ts";
import { readCredential } from "./read-secret.ts";

const KEY = "the-key-that-the-target-takes";
const ADMIN_KEY = "the-admin-key-that-it-takes";

let folder = "";
let database: TestDatabase;
let target: Simulator;
let url = "";
const secrets = {
  ENCRYPTION: randomBytes(32).toString("base64"),
  OLDER: randomBytes(32).toString("base64"),
  NEWER: randomBytes(32).toString("base64"),
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-cli-connections-"));
  database = await createTestDatabase();
  target = createSimulator({ credential: KEY, adminCredential: ADMIN_KEY });
  ({ url } = await target.listen(0, "127.0.0.1"));
  await writeFile(join(folder, "admin"), ADMIN_KEY);
});
afterAll(async () => {
  await target?.close();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function run(
  args: readonly string[],
  stdin = "",
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runInProcess(args, {
    env: {
      ...secrets,
      DATABASE_URL: database.url,
      TOLLGATE_ENCRYPTION_KEY: "env:ENCRYPTION",
      TOLLGATE_CONNECTION_SOURCE: "database",
      TOLLGATE_STATE_DIR: folder,
      TOLLGATE_LISTEN: "127.0.0.1:18080",
      ...env,
    },
    cwd: folder,
    stdin,
  });
}

async function listKeyIds(): Promise<readonly string[]> {
  const { connections } = await readConnections(database.db);
  return connections.flatMap(({ credentials }) => credentials.map(({ keyId }) => keyId));
}

test("a connection is added with keys that work, and with no others", async () => {
  const add = ["connections", "add", "first", "--base-url", url];
  expect((await run(add, "another-key-altogether")).stderr).toContain("does not take the key (401)");
  expect(await listKeyIds()).toEqual([]);
  const admin = ["--admin-key-file", "admin", "--label", "lab", "--project", "proj_1"];
  expect(await run([...add, ...admin], KEY)).toMatchObject({ code: 0, stderr: "" });
  expect((await run(["connections", "test", "first"])).stdout).toContain("takes the key");
  expect((await run(["connections", "test", "first", "--admin"])).code).toBe(0);
  const { connections } = await readConnections(database.db);
  expect(connections).toMatchObject([{ name: "first", labels: ["lab"], project: "proj_1", baseUrl: url }]);
  // The first one is the default: nothing else could be.
  expect((await run(["connections", "list"])).stdout).toContain("first (default)");
});

test.each([
  ["a name that is taken", ["first"], KEY, "exists"],
  ["a Tollgate token", ["other"], "tg_0123456789", "this is a Tollgate token"],
  ["no key", ["other"], "", "Standard input held no key"],
  ["two keys", ["other"], "one two", "one key of visible ASCII characters"],
  ["the gateway's own URL", ["other", "--base-url", "http://127.0.0.1:18080/v1"], KEY, "gateway's own"],
  ["a file without its whole path", ["other", "--credential", "file:key"], "", "whole path"],
  ["a key as a reference", ["other", "--credential", KEY], "", "never stands in the arguments"],
  ["a key as an argument", ["other", "--key", KEY], "", "never stands in the arguments"],
  ["a key that nobody may have", ["other", "--credential", "env:NOWHERE"], "", "can't be tried here"],
  ["a label with spaces", ["other", "--label", "a b"], KEY, "expected a label"],
])("%s is refused, and not repeated", async (_, args, stdin, said) => {
  const { code, stderr, stdout } = await run(["connections", "add", ...args], stdin);
  expect(code).not.toBe(0);
  expect(stderr).toContain(said);
  expect(stderr + stdout).not.toContain(KEY);
});

test("a configured connection is neither added nor changed", async () => {
  const config = { connections: [{ name: "configured", base_url: url, credential: "env:ENCRYPTION" }] };
  await writeFile(join(folder, "own.yaml"), JSON.stringify(config));
  const own = { TOLLGATE_CONFIG: join(folder, "own.yaml"), TOLLGATE_CONNECTION_SOURCE: "configuration" };
  for (const args of [["add"], ["rotate"], ["disable"], ["enable"], ["remove"]]) {
    const { code, stderr } = await run(["connections", ...args, "configured"], KEY, own);
    expect([code, stderr]).toEqual([1, expect.stringContaining("stands in the configuration")]);
  }
});

test("data keys are wrapped anew when the key-encryption key is replaced, and doctor tells where they are not", async () => {
  const older = { TOLLGATE_CREDENTIALS_KEY: "env:OLDER" };
  const config = {
    credentials: { key: "env:NEWER", former_keys: ["env:OLDER"] },
    connection_source: "database",
  };
  await writeFile(join(folder, "newer.yaml"), JSON.stringify(config));
  const newer = { TOLLGATE_CONFIG: join(folder, "newer.yaml") };
  expect((await run(["connections", "rewrap"], "", older)).stdout).toContain("2 data keys were wrapped anew");
  const before = await listKeyIds();
  expect((await run(["doctor"], "", newer)).stdout).toContain("2 of 2 data keys are wrapped by another");
  expect(await run(["connections", "rewrap"], "", newer)).toMatchObject({
    code: 0,
    stderr: "wrapped anew: 1 of 2\nwrapped anew: 2 of 2\n",
  });
  expect(new Set(await listKeyIds()).isDisjointFrom(new Set(before))).toBe(true);
  expect((await run(["connections", "rewrap"], "", newer)).stdout).toContain("by the key of now");
  expect((await run(["connections", "test", "first"], "", newer)).code).toBe(0);
  // Who has the old key alone can neither open nor wrap anew.
  const test = await run(["connections", "test", "first"], "", older);
  expect([test.code, test.stderr]).toEqual([1, expect.stringContaining("former_keys")]);
  expect((await run(["connections", "rewrap"], "", older)).stderr).toContain("former_keys");
  expect((await run(["doctor"], "", older)).stdout).toMatch(/fail +connection first/);
});

test("keys are sealed only under the encryption key that the database was begun with", async () => {
  const other = { ENCRYPTION: randomBytes(32).toString("base64") };
  const { code, stderr } = await run(["connections", "rotate", "first"], "new-key", other);
  expect([code, stderr]).toEqual([1, expect.stringContaining("another encryption key")]);
});

test("a prompt at a terminal shows nothing of the key", async () => {
  let shown = "";
  const modes: boolean[] = [];
  const stdin = Object.assign(Readable.from(["secrex", "\u007ft\r"]), {
    isTTY: true,
    setRawMode: (mode: boolean) => modes.push(mode),
  });
  const stderr = { write: (text: string) => (shown += text) };
  const context = { stdin, stderr, stdout: stderr, env: {}, cwd: folder, signal: AbortSignal.abort() };
  expect(await readCredential(context, {}, "The key")).toEqual({ value: "secret" });
  expect([shown, modes]).toEqual(["The key: \n", [true, false]]);
});
