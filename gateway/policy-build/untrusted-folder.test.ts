// What a policy that somebody proposes can do on the machine that checks it: nothing.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { checkPolicy } from "./build.ts";
import { formatSources } from "./format.ts";
import { PolicyProblem } from "./problem.ts";
import { readCommit } from "./provenance.ts";
import { findOpa, type Opa } from "./run-opa.ts";
import { showProblems } from "./show-problems.ts";

const REGO = fileURLToPath(new URL("../../rego", import.meta.url));

vi.setConfig({ testTimeout: 180_000 });

let opa: Opa;
let base = "";
let source = "";
let turn = 0;

beforeAll(() => {
  opa = findOpa();
  base = mkdtempSync(join(tmpdir(), "tollgate-untrusted-"));
});
beforeEach(() => {
  turn += 1;
  source = join(base, `policy-${turn}`);
  cpSync(REGO, source, { recursive: true });
});
afterAll(() => rmSync(base, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(source, path)), { recursive: true });
  writeFileSync(join(source, path), text);
}

/** Gives what is wrong, as it is shown. */
async function check(): Promise<string> {
  const step = checkPolicy({ opa, source, allowPatterns: false, isFrozen: false });
  const thrown = await step.catch((error: unknown) => error);
  if (!(thrown instanceof PolicyProblem)) throw new Error("It was taken.");
  return showProblems(thrown.problems, { source, prefix: "", hasColours: false });
}

test("a link brings nothing in, shows nothing and has nothing written over", async () => {
  const elsewhere = join(base, "elsewhere");
  writeFileSync(elsewhere, "a secret of the machine\n");
  for (const path of [
    "gateway/rules/secret.rego",
    "gateway/extra/data.yaml",
    "gateway/README.md",
    "schemas/facts.json",
    "canaries.json",
  ]) {
    const file = join(source, path);
    mkdirSync(dirname(file), { recursive: true });
    rmSync(file, { force: true });
    symlinkSync(elsewhere, file);
    const said = await check();
    expect(said, path).toContain(`"${path}" is a link`);
    expect(said, path).not.toContain("a secret");
    await expect(formatSources(opa, source), path).rejects.toThrow("is a link");
    rmSync(file);
  }
  rmSync(join(source, "schemas"), { recursive: true });
  symlinkSync(base, join(source, "schemas"));
  symlinkSync("..", join(source, "gateway/loop"));
  const said = await check();
  expect(said).toContain('"schemas" is a link');
  expect(said).toContain('"gateway/loop" is a link');
  expect(existsSync(join(base, "facts.json"))).toBe(false);
  expect(readFileSync(elsewhere, "utf8")).toBe("a secret of the machine\n");
});

test("a name that would steer a terminal is refused, and not shown as it is", async () => {
  write("gateway/rules/a\u001b]0;title\u0007\n::error::b.rego", "package x y\n");
  const said = await check();
  expect(said).toContain(String.raw`a\u001b]0;title\u0007\n::error::b.rego`);
  expect(said).not.toContain("\u001b");
});

test("more than a bundle may hold is refused before it is read", async () => {
  write("gateway/large/data.json", "");
  truncateSync(join(source, "gateway/large/data.json"), 65 << 20);
  expect(await check()).toContain("The policy is longer than");
});

test("tests and METADATA reach no host and no variable of the machine", async () => {
  write(
    "gateway/rules/reach_test.rego",
    `package gateway.rules.reach_test

test_reach if {
	http.send({"method": "GET", "url": "http://127.0.0.1:9/"})
	net.lookup_ip_addr("localhost")
	opa.runtime().env
}
`,
  );
  const rule = "gateway/rules/access/model/model.rego";
  const text = readFileSync(join(source, rule), "utf8");
  const far = '# schemas:\n#   - data.x: {"$ref": "http://127.0.0.1:9/schema"}\n# custom:\n';
  write(rule, text.replace("# custom:\n", far));
  const said = await check();
  for (const name of ["http.send", "net.lookup_ip_addr", "opa.runtime"])
    expect(said).toContain(`undefined function ${name}`);
  expect(said).toContain("remote reference loading disabled");

  vi.stubEnv("SECRET_OF_THE_JOB", "a secret of the job");
  expect(await opa.run(["eval", "--format", "json", "opa.runtime()"])).not.toContain("a secret of the job");
  vi.unstubAllEnvs();
});

test("a folder that is laid out as a repository of Git starts no program", () => {
  const outer = join(base, "outer");
  mkdirSync(outer);
  execFileSync("git", ["init", "--quiet", outer]);
  cpSync(REGO, join(outer, "policy"), { recursive: true });
  source = join(outer, "policy");
  for (const name of ["objects", "refs"]) mkdirSync(join(source, name));
  write("HEAD", "ref: refs/heads/main\n");
  const started = join(base, "started");
  write(
    "config",
    `[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\nfsmonitor = "touch ${started};false"\n`,
  );
  expect(readCommit(source)).toBeNull();
  expect(existsSync(started)).toBe(false);
});
