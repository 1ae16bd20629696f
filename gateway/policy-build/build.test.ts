// What the build of a policy refuses, and that it gives the same bytes each time.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { writeSmallPolicy } from "../../test/fixtures/small-policy.ts";
import { readBundle } from "../policy/bundle.ts";
import { buildBundle, type BuildOptions, type Built } from "./build.ts";
import { compareBundle } from "./compare.ts";
import { formatSources } from "./format.ts";
import { createPolicy } from "../policy/load.ts";
import { findOpa, type Opa } from "./run-opa.ts";

let opa: Opa;
let base = "";
let source = "";
let turn = 0;

/** What the policy is built to that every test changes a copy of. */
let plain: Built;

// Each build starts OPA a dozen times.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

beforeAll(async () => {
  opa = findOpa();
  base = mkdtempSync(join(tmpdir(), "tollgate-build-"));
  source = join(base, "plain");
  writeSmallPolicy(source);
  plain = await build();
});
beforeEach(() => {
  turn += 1;
  source = join(base, `policy-${turn}`);
  cpSync(join(base, "plain"), source, { recursive: true });
});
afterAll(() => rmSync(base, { recursive: true }));

function build(more: Partial<BuildOptions> = {}): Promise<Built> {
  return buildBundle({
    opa,
    source,
    canaries: null,
    revision: null,
    allowPatterns: false,
    isFrozen: false,
    stamp: null,
    ...more,
  });
}

/** What the gateway makes of a bundle's decision log. */
async function loadPolicy(file: string) {
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  const policy = await createPolicy({
    bundlePath: file,
    operatorPath: null,
    trust: null,
    checkPatterns: () => undefined,
    log,
  });
  policy.close();
  return policy.current().log;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(source, path)), { recursive: true });
  writeFileSync(join(source, path), text);
}

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(join(source, path), "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  write(path, text.replace(from, to));
}

type RuleParts = { code?: string; remedy?: string; phases?: string; body?: string; test?: string };

/** Adds the rule `extra.added` with a test that covers it. */
function addRule({ code = "added", remedy = "Do not.", phases = "[request]", body, test }: RuleParts): void {
  const rule = body ?? 'deny contains {} if input.request.model == "added"';
  write(
    "gateway/rules/extra/added/added.rego",
    `# METADATA
# title: Added
# custom:
#   code: ${code}
${remedy === "" ? "" : `#   remedy: ${remedy}\n`}#   phases: ${phases}
package gateway.rules.extra.added

${rule}
`,
  );
  write(
    "gateway/rules/extra/added/added_test.rego",
    `package gateway.rules.extra.added_test

import data.gateway.rules.extra.added

${test ?? 'test_deny_when_it_is_added if count(added.deny) == 1 with input.request.model as "added"'}
`,
  );
}

describe("a build", () => {
  it("gives the same bytes wherever and however often it runs, with what the rules are and read", async () => {
    addRule({});
    const first = await build();
    const elsewhere = join(base, "else", "where");
    cpSync(source, elsewhere, { recursive: true });
    const second = await build({ source: elsewhere });
    expect(second.bytes.equals(first.bytes)).toBe(true);
    expect(first.revision).toMatch(/^[0-9a-f]{64}$/);

    const { manifest } = await readBundle(first.bytes, { trust: null });
    const metadata = manifest.metadata?.tollgate;
    expect(metadata?.rules.find(({ code }) => code === "added")).toEqual({
      code: "added",
      title: "Added",
      remedy: "Do not.",
      package: "data.gateway.rules.extra.added",
      phases: ["request"],
      effects: ["deny"],
      classes: [],
    });
    expect(metadata?.reads.request).toContain("/request/model");
    expect(metadata?.reads.request).not.toContain("");
    expect(metadata?.reads.answer).not.toContain("/request/model");
    expect(metadata?.phases).toEqual(["request", "tool_call", "whole"]);
  });

  it("changes its revision with its sources, and not with its tests", async () => {
    edit("gateway/lib/settings_test.rego", "package", "# A comment.\npackage");
    expect((await build()).revision).toBe(plain.revision);
    edit("gateway/params/data.yaml", "[function_call]", "[shell_call]");
    expect((await build()).revision).not.toBe(plain.revision);
  });

  it("says which phases read the body", async () => {
    addRule({
      phases: "[request, end]",
      body: 'deny contains {} if input.body.metadata.secret == "x"',
      test: 'test_deny_a_secret if count(added.deny) == 1 with input.body as {"metadata": {"secret": "x"}}',
    });
    const { manifest } = await readBundle((await build()).bytes, { trust: null });
    const reads = manifest.metadata?.tollgate?.reads;
    expect(reads?.request).toContain("/body/metadata/secret");
    expect(reads?.whole).toContain("/body/metadata/secret");
    expect(reads?.tool_call).not.toContain("/body/metadata/secret");
  });
});

describe("what a policy says of its own decision log", () => {
  const LOG = `package system.log

mask contains "/input/caller/groups"

mask contains {"op": "upsert", "path": "/input/caller/subject", "value": data.gateway.params.labels[0]} if {
	input.path == "gateway/main/request"
}

drop if input.input.operation == "models.list"

# Both at once are a conflict.
drop := false if input.labels.broken
`;
  const TESTS = `package system.log_test

import data.system.log

listing := {"path": "gateway/main/answer", "input": {"operation": "models.list"}, "labels": {}}

test_drop if log.drop with input as listing

test_kept if not log.drop with input as {"input": {}, "labels": {"broken": true}}

test_mask if {
	count(log.mask) == 2 with input as {"path": "gateway/main/request"} with data.gateway.params as {"labels": ["x"]}
}
`;

  it("is built in and asked about events, and is asked again where it fails", async () => {
    write("system/log/log.rego", LOG);
    write("system/log/log_test.rego", TESTS);
    await formatSources(opa, source);
    const { bytes } = await build();
    const { roots } = (await readBundle(bytes, { trust: null })).manifest;
    expect(roots).toContain("gateway/rules/access");
    expect(roots.at(-1)).toBe("system/log");
    const file = join(base, "with-log.tar.gz");
    writeFileSync(file, bytes);
    const policy = await loadPolicy(file);
    expect(policy?.drop({ input: { operation: "models.list" }, labels: {} })).toBe(true);
    expect(policy?.drop({ input: { operation: "responses.create" }, labels: {} })).toBe(false);
    expect(policy?.mask({ path: "gateway/main/answer" })).toEqual(["/input/caller/groups"]);
    const conflicting = { input: { operation: "models.list" }, labels: { broken: true } };
    for (let round = 0; round < 3; round += 1) expect(() => policy?.drop(conflicting)).toThrow();
    expect(policy?.mask({ path: "gateway/main/request" })).toHaveLength(2);
  });

  it("stands in its own package alone", async () => {
    write("system/log/other.rego", "package system.other\n\ndrop := true\n");
    await expect(build()).rejects.toThrow("The package data.system.other does not fit the path");
  });
});

describe("a build is refused", () => {
  it("for a misspelt fact", async () => {
    addRule({ body: 'deny contains {} if input.request.modle == "added"' });
    await expect(build()).rejects.toThrow(/added\.rego:\d+.*undefined ref: input\.request\.modle/s);
  });

  it("for a misspelt fact below one that may be null", async () => {
    const body = "deny contains {} if {\n\tsome call in input.calls\n\tcall.sql.where_mising\n}";
    addRule({
      body,
      test: 'test_deny if count(added.deny) == 1 with input.calls as [{"sql": {"where_mising": true}}]',
    });
    await expect(build()).rejects.toThrow("where_mising");
  });

  it("for a call within `not`, which OPA would evaluate outside of it", async () => {
    const body = 'deny contains {} if not input.request.model in listed("x")\n\nlisted(_) := []';
    addRule({ body });
    await expect(build()).rejects.toThrow("inside the arguments of `not`");
  });

  it("for a parameter that cannot be set, and for one that is set too late", async () => {
    addRule({ body: 'set contains {"parameter": "model", "to": "gpt-5"}' });
    await expect(build()).rejects.toThrow("the parameter model can't be set");
    addRule({ phases: "[end]", body: 'set contains {"parameter": "store", "to": false}' });
    await expect(build()).rejects.toThrow("its phase is request");
  });

  it("for a class that nothing finds, in a rule or in the lists", async () => {
    addRule({
      body: 'mask contains {"class": "emial", "with": "token"}',
      test: "test_mask if count(added.mask) == 1",
    });
    await expect(build()).rejects.toThrow("finds the class emial");
    addRule({
      body: 'record contains {"originals": "phon"}',
      test: "test_record if count(added.record) == 1",
    });
    await expect(build()).rejects.toThrow("finds the class phon");
    rmSync(join(source, "gateway/rules/extra"), { recursive: true });
    edit("gateway/params/data.yaml", "- class: credit_card", "- class: credit_cards");
    await expect(build()).rejects.toThrow("finds the class credit_cards");
  });

  it("for METADATA that lacks a remedy, names an unknown phase, or has another rule's code", async () => {
    addRule({ remedy: "" });
    await expect(build()).rejects.toThrow("remedy");
    addRule({ phases: "[requets]" });
    await expect(build()).rejects.toThrow("phases");
    addRule({ code: "operation_allowed" });
    await expect(build()).rejects.toThrow("operation_allowed");
  });

  it("for a rule that reads the body in a phase that has none, or that takes all of input", async () => {
    const test = 'test_deny if count(added.deny) == 1 with input as {"body": {"x": 1}}';
    addRule({ phases: "[tool_call]", body: "deny contains {} if input.body.x == 1", test });
    await expect(build()).rejects.toThrow("bodies and texts are whole only");
    addRule({
      phases: "[tool_call]",
      body: "deny contains {} if {\n\tfacts := input\n\tfacts.body.x == 1\n}",
      test,
    });
    await expect(build()).rejects.toThrow("bodies and texts are whole only");
  });

  it("for a rule that reads the patterns' table", async () => {
    const test = 'test_deny if count(added.deny) == 1 with data.gateway.patterns as {"a": 1}';
    addRule({ body: "deny contains {} if count(data.gateway.patterns) > 0", test });
    await expect(build()).rejects.toThrow("reads data.gateway.patterns");
  });

  it("for builtins that the engine does not have", async () => {
    addRule({ body: 'deny contains {} if sprintf("%v", [input.request.model]) == "added"' });
    await expect(build()).rejects.toThrow("sprintf");
  });

  it("for regular expressions, unless they are allowed, literal, and at most 50", async () => {
    addRule({ body: 'deny contains {} if regex.match("^added$", input.request.model)' });
    await expect(build()).rejects.toThrow("regex.match");
    const { manifest } = await readBundle((await build({ allowPatterns: true })).bytes, { trust: null });
    expect(manifest.metadata?.tollgate?.rego_patterns).toBe(1);

    addRule({ body: "deny contains {} if regex.match(input.request.model, input.request.model)" });
    await expect(build({ allowPatterns: true })).rejects.toThrow("must stand there as text");

    const many = Array.from(
      { length: 51 },
      (_, index) => `deny contains {} if regex.match("^x${index}$", input.request.model)`,
    );
    addRule({ body: many.join("\n\n") });
    await expect(build({ allowPatterns: true })).rejects.toThrow("more than 50");
  });

  it("for data that is no YAML, with its place", async () => {
    edit("gateway/params/data.yaml", "[function_call]", "[function_call");
    edit("gateway/patterns/data.yaml", "prohibited_malware:", "prohibited_weapons:");
    await expect(build()).rejects.toMatchObject({
      problems: [
        { code: "data_unreadable", at: { file: "gateway/params/data.yaml", line: 7 } },
        {
          code: "data_unreadable",
          at: { file: "gateway/patterns/data.yaml" },
          message: expect.stringContaining("unique"),
        },
      ],
    });
  });

  it("for a pattern that the matcher cannot compile", async () => {
    edit("gateway/patterns/data.yaml", "    - literals: [bomb,", "    - literal: ab\n    - literals: [bomb,");
    await expect(build()).rejects.toThrow("prohibited_weapons");
  });

  it("for a rule that no test covers", async () => {
    addRule({ test: "test_no_denial if count(added.deny) == 0 with input as {}" });
    await expect(build()).rejects.toThrow(/opa test refuses.*coverage/is);
  });

  it("for a canary that is decided otherwise than its file says", async () => {
    const canaries = join(base, "canaries.json");
    writeFileSync(
      canaries,
      JSON.stringify([{ name: "anybody", allowed: false, facts: { phase: "request" } }]),
    );
    await expect(build({ canaries })).rejects.toThrow('canary "anybody"');
  });
});

describe("a check", () => {
  it("fails where a generated file or the bundle is not what the sources give, and writes nothing", async () => {
    const output = join(base, "compared.tar.gz");
    await expect(compareBundle(plain.bytes, output)).rejects.toThrow("There is no");
    writeFileSync(output, plain.bytes);
    await compareBundle((await build({ isFrozen: true })).bytes, output);

    edit("gateway/params/data.yaml", "[function_call]", "[shell_call]");
    await expect(
      build({ isFrozen: true }).then((built) => compareBundle(built.bytes, output)),
    ).rejects.toThrow(/is not what its sources give.*data\.json/);
    addRule({});
    const collector = readFileSync(join(source, "gateway/main/request.rego"), "utf8");
    await expect(build({ isFrozen: true })).rejects.toThrow("request.rego is not what is generated");
    expect(readFileSync(join(source, "gateway/main/request.rego"), "utf8")).toBe(collector);
  });
});
