// What the commands that check and build a policy say.

import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runInProcess } from "../../test/command.ts";
import { writeSmallPolicy } from "../../test/fixtures/small-policy.ts";
import { readBundle } from "../policy/bundle.ts";

// Each build starts OPA dozens of times.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const REGO = fileURLToPath(new URL("../../rego", import.meta.url));

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-policy-cli-"));
  writeSmallPolicy(join(folder, "policy"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[], cwd = folder, env = process.env) =>
  runInProcess(["policy", ...args], { cwd, env });

function write(path: string, text: string): void {
  const file = join(folder, "policy", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe("policy build", () => {
  it("gives the same bytes from another folder, under another umask, with what it was built from", async () => {
    const first = await run(["build", "policy", "--output", "out/one.tar.gz", "--serial", "7"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(
      /^out\/one\.tar\.gz: revision [0-9a-f]{64}, serial 7, \d+ rules, \d+ bytes\.\n$/,
    );

    const elsewhere = join(folder, "else", "where");
    const before = process.umask(0o077);
    try {
      cpSync(join(folder, "policy"), elsewhere, { recursive: true });
      chmodSync(join(elsewhere, "gateway/params/data.yaml"), 0o600);
      const second = await run(["build", "--output", "two.tar.gz", "--serial", "7", "--json"], elsewhere);
      expect(JSON.parse(second.stdout)).toMatchObject({ ok: true, serial: 7, problems: [] });
    } finally {
      process.umask(before);
    }
    const read = (path: string) => readFileSync(join(folder, path));
    expect(read("else/where/two.tar.gz").equals(read("out/one.tar.gz"))).toBe(true);
    expect(read("else/where/two.rego.tar.gz").equals(read("out/one.rego.tar.gz"))).toBe(true);
    const { manifest } = await readBundle(read("out/one.tar.gz"), { trust: null });
    expect(manifest.metadata?.tollgate).toMatchObject({
      serial: 7,
      built: { source_digest: manifest.revision, opa: "1.22.0" },
    });
    // OPA's own twin decides nothing in a gateway.
    await expect(readBundle(read("out/one.rego.tar.gz"), { trust: null })).rejects.toThrow(
      "tollgate policy build",
    );

    const same = await run(["build", "policy", "--output", "out/one.tar.gz", "--serial", "7", "--check"]);
    expect(same.code).toBe(0);
    const made = statSync(join(folder, "out/one.tar.gz")).mtimeMs;
    const other = await run(["build", "policy", "--output", "out/one.tar.gz", "--serial", "8", "--check"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("is not what its sources give. Different: .manifest [bundle_stale]");
    expect(statSync(join(folder, "out/one.tar.gz")).mtimeMs).toBe(made);
  });
});

describe("policy check", () => {
  it("shows all that is wrong at once, with the line, what was expected and what to do", async () => {
    write(
      "gateway/rules/extra/added/added.rego",
      `# METADATA
# title: Added
# custom:
#   code: added
#   remedy: Do not.
#   phases: [request]
package gateway.rules.extra.added

deny contains {} if input.request.modle == "added"
deny contains {} if input.request.bytes  == "many"
`,
    );
    const { code, stdout, stderr } = await run(["check", "policy"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(
      `policy/gateway/rules/extra/added/added.rego:9:21: error: undefined ref: input.request.modle [rego_type_error]
    9 | deny contains {} if input.request.modle == "added"
      |                     ^
      = expected one of background, beta,`,
    );
    expect(stderr).toContain("= did you mean model?");
    expect(stderr).toContain("the left side is of type number, the right side of type string");
    expect(stderr).toContain("added.rego:10:41: error: It is not formatted as OPA does. [format]");
    expect(stderr).toContain("\n3 errors\n");

    const json = await run(["check", "policy", "--json"]);
    const { ok, problems } = JSON.parse(json.stdout);
    expect(ok).toBe(false);
    expect(problems).toContainEqual(
      expect.objectContaining({
        code: "rego_type_error",
        at: { file: "gateway/rules/extra/added/added.rego", line: 9, column: 21 },
      }),
    );
  });

  it("formats where it is told to, and names failing tests and lines that none covers", async () => {
    const rule = readFileSync(join(folder, "policy/gateway/rules/extra/added/added.rego"), "utf8")
      .replace("modle", "model")
      .replace('"many"', "7");
    write("gateway/rules/extra/added/added.rego", rule);
    const test = (expectation: string) => `package gateway.rules.extra.added_test

import data.gateway.rules.extra.added

test_added if ${expectation} with input as {"request": {"model": "added"}}
`;
    write("gateway/rules/extra/added/added_test.rego", test("count(added.deny) == 2"));
    const failing = await run(["check", "policy", "--fix"]);
    expect(failing.stderr).toContain(
      "added_test.rego:5:1: error: opa test refuses: the test test_added fails. [test_failed]",
    );
    write("gateway/rules/extra/added/added_test.rego", test("count(added.deny) == 1"));
    const uncovered = await run(["check", "policy"]);
    expect(uncovered.stderr).toMatch(/added\.rego:10:\d+: error: opa test refuses: no test covers this line/);
    // Nothing was generated for sources that are wrong.
    expect(readFileSync(join(folder, "policy/gateway/main/request.rego"), "utf8")).not.toContain("added");

    rmSync(join(folder, "policy/gateway/rules/extra"), { recursive: true });
    expect(await run(["check", "policy", "--frozen"])).toMatchObject({ code: 0, stderr: "" });
  });

  it("says what to do without policies, and without OPA", async () => {
    const none = await run(["check", "nowhere"]);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain("tollgate policy init");
    const undocumented = await run(["docs", "nowhere"]);
    expect(undocumented).toMatchObject({ code: 1, stdout: "" });
    expect(undocumented.stderr).toContain("There are no policies in");
    const page = await run(["docs", REGO]);
    expect(page.stdout).toContain("### `model_not_allowed`\n\n**Models are allowed by group.**");
    expect(page.stdout).toContain("- Parameter `lists.connectors`: Connectors that the provider may call");
    const opa = await run(["opa", "version"]);
    expect(opa.stdout).toContain("Version: 1.22.0");
  });
});
