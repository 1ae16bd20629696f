// What the linter of a policy finds, and how it is told that something is meant.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { lint } from "./lint.ts";
import { parseModules } from "./modules.ts";
import { readRules } from "./read-rules.ts";
import { findOpa, type Opa } from "./run-opa.ts";
import { readSources, writeFiles } from "./sources.ts";

vi.setConfig({ testTimeout: 60_000 });

let opa: Opa;
let folder = "";
beforeAll(() => {
  opa = findOpa();
  folder = mkdtempSync(join(tmpdir(), "tollgate-lint-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const SETTINGS = `package gateway.lib.settings

list(name) := data.gateway.params.lists[name]
`;

/** Lints one rule and data; gives \`line:column code\` of each finding, and the findings. */
async function find(phases: string, body: string, data = "", patterns = "") {
  const head = `# METADATA
# title: Odd
# custom: {code: odd, remedy: None., phases: [${phases}]}
package gateway.rules.odd.odd

`;
  rmSync(join(folder, "gateway"), { recursive: true, force: true });
  writeFiles(folder, [
    { path: "gateway/lib/settings.rego", bytes: Buffer.from(SETTINGS) },
    { path: "gateway/rules/odd/odd/odd.rego", bytes: Buffer.from(`${head}${body}\n`) },
    { path: "gateway/params/data.yaml", bytes: Buffer.from(data) },
    {
      path: "gateway/patterns/data.yaml",
      bytes: Buffer.from(patterns),
    },
  ]);
  const sources = readSources(folder);
  const modules = await parseModules(opa, folder, sources);
  const problems = lint(modules, readRules(modules), sources);
  const where = problems.map(({ at, code }) => `${at?.line}:${at?.column} ${code}`);
  return { where, problems };
}

test("a fact that is compared with what it never is is told, with what was meant", async () => {
  const { where, problems } = await find(
    "request",
    `deny contains {} if input.caller.kind == "humann"

deny contains {} if input.operation in {"responses.create", "respones.create"}

deny contains {} if startswith(input.operation, "file.")

deny contains {} if {
	some tool in input.tools
	tool.require_approval == "sometimes"
}

deny contains {} if input.time.weekday == "Sunday"

deny contains {} if input.phase == "answer"

deny contains {} if input.request.model == "anything"`,
  );
  expect(where).toEqual([
    "6:42 value_unknown",
    "8:61 operation_unknown",
    "10:49 operation_unknown",
    "14:27 value_unknown",
    "17:43 value_unknown",
    "19:36 never_matches",
  ]);
  expect(problems[0]).toMatchObject({
    severity: "error",
    message: 'input.caller.kind is never "humann".',
    expected: "expected one of human, service, ci, agent",
    help: "did you mean human?",
  });
  expect(problems[1]?.help).toBe("did you mean responses.create?");
});

test("a fact is told that is not there in the rule's phases, or not in the operation's requests", async () => {
  const body = `deny contains {} if count(input.calls) > 0

deny contains {} if {
	input.operation == "models.list"
	count(input.tools) > 0
}`;
  const early = await find("request", body);
  expect(early.where.toSorted()).toEqual(["6:27 fact_not_in_phase", "10:8 fact_not_of_operation"].toSorted());
  const late = await find("end", body);
  expect(late.problems.map(({ code, severity }) => [code, severity])).toContainEqual([
    "fact_not_in_phase",
    "warning",
  ]);
  expect((await find("tool_call", body)).where).toEqual(["10:8 fact_not_of_operation"]);
});

test("what nobody reads and classes that nothing finds are told", async () => {
  const { where, problems } = await find(
    "request",
    `denny contains {} if input.request.stream

limit contains {} if input.request.stream

mask contains {"class": "emial", "with": "token"}

mask contains {"class": "staff_number", "with": "token"}

deny contains {} if input.findings.ibann > 0`,
    "",
    "own: {class: staff_number, any: [abcdef]}\n",
  );
  expect(where.toSorted()).toEqual(
    ["6:1 contribution_unknown", "10:25 class_unknown", "14:21 class_unknown"].toSorted(),
  );
  expect(problems.map(({ help }) => help)).toEqual(
    expect.arrayContaining(["did you mean deny?", "did you mean email?"]),
  );
});

test.each(["require_approval", "limit"])(
  "of requests alone there is %s: in answers it is told",
  async (effect) => {
    const body = `${effect} contains {} if input.request.stream`;
    expect((await find("request", body)).where).toEqual([]);
    expect((await find("tool_call", body)).where).toEqual(["6:1 effect_unsupported"]);
    const softened = await find(
      "end",
      "deny contains {} if input.request.stream",
      "effects: {odd: require_approval}\n",
    );
    expect(softened.where).toEqual(["1:11 effect_unsupported"]);
  },
);

test("data that no rule reads and names that nobody knows are told, unless their author means it", async () => {
  const { where } = await find(
    "request",
    `import data.gateway.lib.settings

deny contains {} if input.time.hour in settings.list("hours")

deny contains {} if input.time.hour > data.gateway.params.night.from`,
    `night: {from: 22}
day: {from: 7}
lists:
  hours: [1]
  minutes: [1]
  # tollgate ignore: data_unread (the next release reads it)
  seconds: [1]
  masks: [{class: emial, with: token}]
groups:
  a: {operations: {names: [responses.craete], prefixes: [files., file.]}}
effects: {odd: require_approval, even: deny}
`,
  );
  expect(where).toEqual([
    "2:1 data_unread",
    "5:3 data_unread",
    "8:12 class_unknown",
    "9:1 data_unread",
    "10:28 operation_unknown",
    "10:66 operation_unknown",
    "11:34 code_unknown",
  ]);
});

const PATTERNS = `by_id: {class: a, any: [abcdef]}
by_class: {class: b, any: [abcdef]}
by_mask: {class: c, any: [abcdef]}
by_list: {class: d, any: [abcdef]}
idle: {class: e, any: [abcdef]}
# tollgate ignore: pattern_unread (counted elsewhere)
meant: {class: f, any: [abcdef]}
`;

test("a pattern that there is not, and one that no rule asks for, are told", async () => {
  const { where, problems } = await find(
    "request",
    `deny contains {} if input.patterns.by_id > 0

deny contains {} if input.patterns.by_idd > 0

deny contains {} if input.findings.b > 0

mask contains {"class": "c", "with": "redact"}`,
    "lists: {masks: [{class: d, with: redact}]}\n",
    PATTERNS,
  );
  expect(where).toEqual(["8:21 pattern_unknown", "5:1 pattern_unread"]);
  expect(problems.map(({ severity, help }) => [severity, help])).toEqual([
    ["error", "did you mean by_id?"],
    ["warning", "ask for input.patterns.idle or input.findings.e, or mask the class"],
  ]);
});

test("who goes through all patterns or all classes asks for each", async () => {
  const all = "deny contains {} if {\n\tsome id\n\tinput.patterns[id] > 0\n}";
  expect((await find("request", all, "", PATTERNS)).where).toEqual([]);
  const none = "deny contains {} if count(input.tools) > 3";
  expect((await find("request", none, "", "idle: {class: e, any: [abcdef]}\n")).where).toEqual([
    "1:1 pattern_unread",
  ]);
});
