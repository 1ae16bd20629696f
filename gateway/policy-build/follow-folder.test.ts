// When a folder of policies is built anew, and what is said of it.

import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Built } from "./build.ts";
import { listChanges } from "./changes.ts";
import { followFolder, type FolderBuild } from "./follow-folder.ts";
import { PolicyProblem } from "./problem.ts";
import type { Rule } from "./read-rules.ts";
import { readSources } from "./sources.ts";

const RULE = "gateway/rules/own/one/one.rego";

let folder = "";
let stop = new AbortController();
let following: AsyncGenerator<FolderBuild>;
/** What each build saw, in their order. */
let texts: string[] = [];
/** What a build waits for. */
let gate: Promise<unknown> = Promise.resolve();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-follow-"));
  write(RULE, "1");
  stop = new AbortController();
  texts = [];
  gate = Promise.resolve();
  following = followFolder({ source: folder, env: {}, signal: stop.signal, lookMs: 5, build });
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true, force: true });
});

async function build(source: string): Promise<Built> {
  const sources = readSources(source);
  const text = sources.map(({ bytes }) => bytes.toString()).join(" ");
  texts.push(text);
  await gate;
  if (text.includes("wrong")) throw new PolicyProblem("This is wrong.");
  if (text.includes("fault")) throw new TypeError("A fault");
  const rules = [toRule("one")];
  return {
    bytes: Buffer.from(text),
    rego: Buffer.of(),
    revision: text,
    serial: null,
    rules,
    sources,
    warnings: [],
  };
}

function toRule(code: string): Rule {
  const name = `data.gateway.rules.own.${code}`;
  return {
    code,
    title: code,
    remedy: "None.",
    package: name,
    phases: ["request"],
    effects: ["deny"],
    classes: [],
  };
}

function write(path: string, text: string): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
}

async function next(): Promise<FolderBuild> {
  const { value } = await following.next();
  if (value === undefined) throw new Error("It has ended.");
  return value;
}

test("a folder is built at once, and again when a file is written, replaced, added or taken away", async () => {
  expect((await next()).built?.revision).toBe("1");
  write(RULE, "12");
  expect(await next()).toMatchObject({ built: { revision: "12" }, changes: ["rule one changed"] });
  write("new.rego", "123");
  renameSync(join(folder, "new.rego"), join(folder, RULE));
  expect((await next()).built?.revision).toBe("123");
  write("gateway/params/data.yaml", "a: 1");
  expect((await next()).changes).toEqual(["gateway/params/data.yaml is new"]);
  rmSync(join(folder, "gateway/params"), { recursive: true });
  expect((await next()).changes).toEqual(["gateway/params/data.yaml is gone"]);
});

test("what an editor puts beside a file, and what the build itself writes, leads to nothing", async () => {
  await next();
  write("gateway/rules/own/one/.one.rego.swp", "x");
  symlinkSync("nobody@nowhere", join(folder, "gateway/rules/own/one/.#one.rego"));
  write("gateway/main/request.rego", "generated");
  write("schemas/facts.json", "{}");
  write("notes.md", "x");
  const pending = next();
  // Enough for some looks; where it is not, this finds nothing, and says nothing wrong.
  await sleep(100);
  write(RULE, "12");
  expect((await pending).built?.revision).toBe("generated 12");
  expect(texts).toHaveLength(2);
});

test("all that changes during a build leads to one more", async () => {
  await next();
  const gated = Promise.withResolvers<void>();
  gate = gated.promise;
  write(RULE, "12");
  const during = next();
  await expect.poll(() => texts.length, { timeout: 20_000, interval: 5 }).toBe(2);
  write(RULE, "123");
  write("gateway/rules/own/two/two.rego", "4");
  write(RULE, "1234");
  gated.resolve();
  expect((await during).built?.revision).toBe("12");
  expect((await next()).built?.revision).toBe("1234 4");
  write(RULE, "12345");
  expect((await next()).built?.revision).toBe("12345 4");
  expect(texts).toHaveLength(4);
});

test("what is wrong is told, and what changed since the last good one with the next", async () => {
  await next();
  write(RULE, "wrong");
  expect(await next()).toMatchObject({ built: null, problems: [{ message: "This is wrong." }], changes: [] });
  write(RULE, "a fault");
  expect(await next()).toMatchObject({ built: null, problems: [{ code: "fault" }] });
  write(RULE, "12");
  write("gateway/params/data.yaml", "a: 1");
  expect((await next()).changes.toSorted()).toEqual(["gateway/params/data.yaml is new", "rule one changed"]);
});

test("rules are told by their codes, and what is generated is not told", () => {
  const source = (path: string, text: string) => ({ path, bytes: Buffer.from(text) });
  const before = {
    rules: [toRule("one"), toRule("two")],
    sources: [source("gateway/rules/own/one/one.rego", "1"), source("gateway/rules/own/two/two.rego", "2")],
  };
  const after = {
    rules: [toRule("one"), toRule("three")],
    sources: [
      source("gateway/rules/own/one/one.rego", "1"),
      source("gateway/rules/own/three/three.rego", "3"),
      source("gateway/main/request.rego", "generated"),
    ],
  };
  expect(listChanges(before, after)).toEqual(["rule three is new", "rule two is gone"]);
});
