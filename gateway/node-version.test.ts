// Which Nodes are new enough, and that one number says so everywhere.
import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { z } from "zod";
import { isNewEnough, readNeededNode } from "./node-version.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

test.each([
  ["24.9.0", true],
  ["24.21.0", true],
  ["25.0.0", true],
  ["24.8.9", false],
  ["22.22.0", false],
  ["9.9.9", false],
])("of %s: %s", (version, expected) => {
  expect(isNewEnough(version, "24.9")).toBe(expected);
});

test("what runs this is, and the lock file asks for the same", () => {
  const needed = readNeededNode();
  expect(isNewEnough(process.versions.node, needed)).toBe(true);
  const lock: unknown = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { packages } = z
    .object({ packages: z.object({ "": z.object({ engines: z.object({ node: z.string() }) }) }) })
    .parse(lock);
  expect(packages[""].engines.node).toBe(`>=${needed}`);
});

test("the launcher says what is needed where it has no other Node", () => {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-launcher-"));
  try {
    mkdirSync(join(folder, "bin"));
    copyFileSync(join(root, "bin", "tollgate.js"), join(folder, "bin", "tollgate.js"));
    writeFileSync(join(folder, "package.json"), '{"type":"module","engines":{"node":">=99.1"}}');
    expect(() =>
      execFileSync(process.execPath, [join(folder, "bin", "tollgate.js")], { stdio: "pipe" }),
    ).toThrow(`Node.js 99.1 or newer is needed, this is ${process.versions.node}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
