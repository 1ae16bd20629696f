import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeLock, tryLock } from "./lock.ts";
import type { Lock, Owner } from "./lock.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function take(role: Owner["role"] = "gateway"): Lock {
  const lock = tryLock(path, role);
  if ("heldBy" in lock) throw new Error("held");
  return lock;
}

function writeOwner(owner: Partial<Owner>): void {
  const whole: Owner = {
    pid: process.pid,
    role: "gateway",
    host: hostname(),
    born: null,
    since: "2026-01-01T00:00:00Z",
    ...owner,
  };
  writeFileSync(path, JSON.stringify(whole));
}

test("belongs to one, and says to whom", () => {
  const lock = take();
  expect(tryLock(path, "command")).toMatchObject({ heldBy: { pid: process.pid, role: "gateway" } });
  lock.release();
  expect(existsSync(path)).toBe(false);
  take().release();
});

test("refuses a second gateway by the first one's name", async () => {
  const lock = take();
  await expect(takeLock(path, "gateway", 5000)).rejects.toThrow(`process ${process.pid} on ${hostname()}`);
  lock.release();
});

test("waits for a command to end", async () => {
  const lock = take("command");
  setTimeout(() => lock.release(), 150);
  (await takeLock(path, "gateway", 5000)).release();
});

test("is taken from a process that was killed", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  writeOwner({ pid: child.pid ?? 0 });
  expect(tryLock(path, "gateway")).toHaveProperty("heldBy");
  child.kill("SIGKILL");
  await once(child, "exit");
  take().release();
});

test("is taken from a dead process whose id another one has", () => {
  writeOwner({ pid: 1, born: "a long time ago" });
  take().release();
});

test("is taken where it can't be read", () => {
  writeFileSync(path, "{");
  take().release();
});

test("is left to another machine for as long as that shows a sign of life", () => {
  writeOwner({ pid: 1, host: "another-machine" });
  expect(tryLock(path, "gateway")).toHaveProperty("heldBy");
  const before = new Date(Date.now() - 60_000);
  utimesSync(path, before, before);
  take().release();
});

test("goes to one of many that find a dead owner's lock at once", async () => {
  writeOwner({ pid: 999_999 });
  const script = `
    const { tryLock } = await import(${JSON.stringify(new URL("lock.ts", import.meta.url).href)});
    const lock = tryLock(process.argv[1], "gateway");
    process.stdout.write("heldBy" in lock ? "held" : "mine");
    process.stdin.resume();`;
  const children = Array.from({ length: 6 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", script, path]),
  );
  // Each lives until all have asked: the lock of one that has ended is there to be taken.
  const said = await Promise.all(
    children.map(async (child) => String((await once(child.stdout, "data"))[0])),
  );
  for (const child of children) child.stdin.end();
  expect(said.filter((text) => text === "mine")).toHaveLength(1);
  expect(said.filter((text) => text === "held")).toHaveLength(5);
});

test("isn't released by one who doesn't have it", () => {
  const lock = take();
  writeOwner({ pid: 1 });
  lock.release();
  expect(readFileSync(path, "utf8")).toContain('"pid":1');
});
