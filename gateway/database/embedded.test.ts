import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase } from "../../db/client.ts";
import { createSilentLog } from "../log.ts";
import { SYSTEM_FOLDER } from "./binaries.ts";
import { listOrphans, readAccess } from "./cluster.ts";
import { borrowEmbedded, startEmbedded } from "./embedded.ts";
import { findPostmaster, stopPostmaster } from "./postmaster.ts";
import { ensureStateKey } from "./state-key.ts";
import { openStateFolder } from "./state-folder.ts";
import type { StateFolder } from "./state-folder.ts";

const log = createSilentLog();
const isRoot = process.getuid?.() === 0;
let parent = "";
let folder: StateFolder;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "tollgate-embedded-"));
  chmodSync(parent, 0o755);
  folder = openStateFolder(join(parent, "state"));
});
afterEach(async () => {
  const home = readAccess(folder)?.home;
  if (home !== undefined) await stopPostmaster(join(home, "data"), 5000);
  if (home?.startsWith(SYSTEM_FOLDER) === true) rmSync(home, { recursive: true, force: true });
  rmSync(parent, { recursive: true, force: true });
});

async function ask(url: string, statement: string): Promise<unknown> {
  const db = openDatabase(url, { poolSize: 1 });
  try {
    return (await db.sql.unsafe(statement))[0]?.["answer"];
  } finally {
    await db.close();
  }
}

function findServer() {
  const home = readAccess(folder)?.home;
  return home === undefined ? null : findPostmaster(join(home, "data"));
}

test("starts, keeps its data over a stop, and leaves no process behind", async () => {
  const first = await startEmbedded(folder, "gateway", log);
  expect(first.adopted).toBe(false);
  await ask(first.url, "create table kept as select 42 as answer");
  await first.stop();
  expect(findServer()).toBeNull();
  expect(existsSync(folder.lock)).toBe(false);

  const second = await startEmbedded(folder, "gateway", log);
  expect(await ask(second.url, "select answer from kept")).toBe(42);
  await second.stop();
});

test("listens on a socket alone, asks for its password, and keeps its secrets to their owner", async () => {
  const database = await startEmbedded(folder, "gateway", log);
  try {
    expect(await ask(database.url, "select current_setting('listen_addresses') as answer")).toBe("");
    const wrong = new URL(database.url);
    wrong.password = "wrong";
    await expect(ask(wrong.href, "select 1 as answer")).rejects.toThrow();
    expect(statSync(join(folder.path, "secrets")).mode & 0o777).toBe(0o700);
    expect(statSync(folder.access).mode & 0o777).toBe(0o600);
    const home = readAccess(folder)?.home ?? "";
    expect(statSync(join(home, "data")).mode & 0o077).toBe(0);
    expect(readFileSync(`/proc/${findServer()?.pid}/environ`, "latin1")).not.toContain("HOME=");
  } finally {
    await database.stop();
  }
});

test("adopts the server of a gateway that was killed, with all that it had committed", async () => {
  const script = `
    const { startEmbedded } = await import(${JSON.stringify(new URL("embedded.ts", import.meta.url).href)});
    const { toStateFolder } = await import(${JSON.stringify(new URL("state-folder.ts", import.meta.url).href)});
    const { createSilentLog } = await import(${JSON.stringify(new URL("../log.ts", import.meta.url).href)});
    const database = await startEmbedded(toStateFolder(process.argv[1]), "gateway", createSilentLog());
    process.stdout.write(database.url);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder.path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [url] = await once(child.stdout, "data");
  await ask(String(url), "create table kept as select 42 as answer");
  child.kill("SIGKILL");
  await text(child.stdout);
  const left = findServer();
  expect(left).not.toBeNull();

  const adopted = await startEmbedded(folder, "gateway", log);
  expect(adopted.adopted).toBe(true);
  expect(findServer()?.pid).toBe(left?.pid);
  expect(await ask(adopted.url, "select answer from kept")).toBe(42);
  await adopted.stop();
  expect(findServer()).toBeNull();
});

test("lends a command the running gateway's server, and starts one where none runs", async () => {
  const gateway = await startEmbedded(folder, "gateway", log);
  const borrowed = await borrowEmbedded(folder, log);
  expect(borrowed.adopted).toBe(true);
  await borrowed.stop();
  expect(await ask(gateway.url, "select 1 as answer")).toBe(1);
  await gateway.stop();

  const own = await borrowEmbedded(folder, log);
  expect(own.adopted).toBe(false);
  expect(await ask(own.url, "select 1 as answer")).toBe(1);
  await own.stop();
  expect(findServer()).toBeNull();
});

test("serves commands that run at the same time one after the other", async () => {
  await (await startEmbedded(folder, "command", log)).stop();
  await Promise.all(
    [1, 2, 3].map(async () => {
      const own = await borrowEmbedded(folder, log);
      expect(await ask(own.url, "select 1 as answer")).toBe(1);
      await own.stop();
    }),
  );
});

test("makes another password where the old one was lost", async () => {
  await (await startEmbedded(folder, "gateway", log)).stop();
  const before = readAccess(folder)?.password;
  const home = readAccess(folder)?.home ?? "";
  rmSync(folder.access);
  const again = await startEmbedded(folder, "gateway", log);
  // Data under the system's folder is found through the lost file alone, so there it begins anew.
  if (!home.startsWith(SYSTEM_FOLDER)) expect(readAccess(folder)?.home).toBe(home);
  expect(readAccess(folder)?.password).not.toBe(before);
  expect(await ask(again.url, "select 1 as answer")).toBe(1);
  await again.stop();
});

test.runIf(isRoot)("runs from a folder that its user can't reach", async () => {
  const closed = join(parent, "closed");
  mkdirSync(closed, { mode: 0o700 });
  folder = openStateFolder(join(closed, "state"));
  const database = await startEmbedded(folder, "gateway", log);
  expect(readAccess(folder)?.home.startsWith(SYSTEM_FOLDER)).toBe(true);
  expect(await ask(database.url, "select 1 as answer")).toBe(1);
  await database.stop();
  expect(listOrphans()).not.toContain(readAccess(folder)?.home);
  const home = readAccess(folder)?.home ?? "";
  rmSync(folder.path, { recursive: true });
  expect(listOrphans()).toContain(home);
  rmSync(home, { recursive: true });
});

test("finds a place for its socket under a folder of any length", async () => {
  folder = openStateFolder(join(parent, "a".repeat(100), "state"));
  const database = await startEmbedded(folder, "gateway", log);
  expect(await ask(database.url, "select 1 as answer")).toBe(1);
  await database.stop();
});

test("says so where its data is of another version", async () => {
  await (await startEmbedded(folder, "gateway", log)).stop();
  const home = readAccess(folder)?.home ?? "";
  writeFileSync(join(home, "data", "PG_VERSION"), "12\n");
  await expect(startEmbedded(folder, "gateway", log)).rejects.toThrow("PostgreSQL 12");
  expect(existsSync(folder.lock)).toBe(false);
});

test("keeps one encryption key, and never replaces one that it can't read", () => {
  const key = ensureStateKey(folder);
  expect(key).toHaveLength(32);
  expect(ensureStateKey(folder)).toEqual(key);
  expect(statSync(folder.encryptionKey).mode & 0o777).toBe(0o600);
  writeFileSync(folder.encryptionKey, "half a key");
  expect(() => ensureStateKey(folder)).toThrow("isn't replaced");
  expect(readFileSync(folder.encryptionKey, "utf8")).toBe("half a key");
});
