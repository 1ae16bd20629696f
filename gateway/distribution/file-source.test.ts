import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUNDLE_LIMITS } from "../bundle-archive/unpack.ts";
import { createFileSource } from "./file-source.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-file-source-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asking = { mayWait: true, signal: new AbortController().signal };

test("what replaces a file while it is read for the first time is read too", async () => {
  const path = join(folder, "replaced");
  writeFileSync(path, "old");
  const source = createFileSource(path, 1, async (file) => {
    const bytes = await readFile(file);
    if (bytes.toString() === "old") writeFileSync(path, "newer");
    return bytes;
  });
  expect((await source.ask(asking)).bytes?.toString()).toBe("old");
  expect((await source.ask(asking)).bytes?.toString()).toBe("newer");
  expect((await source.ask(asking)).bytes).toBeNull();
});

test("a file that is too long, and what is no file, are never read", async () => {
  const long = join(folder, "long");
  writeFileSync(long, "");
  truncateSync(long, BUNDLE_LIMITS.packed + 1);
  await expect(createFileSource(long).ask(asking)).rejects.toThrow("is longer than");
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await expect(createFileSource(pipe).ask(asking)).rejects.toThrow("neither a file nor a folder");
});
