import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PolicyProblem } from "./problem.ts";
import { readCases, runCases, toCasesTest } from "./cases.ts";

const bundle = readFileSync("bundles/default.tar.gz");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-cases-"));
  mkdirSync(join(folder, "cases"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function put(name: string, value: unknown): void {
  writeFileSync(join(folder, "cases", name), JSON.stringify(value));
}

test("the engine decides cases, and those that it decides otherwise are named with what it decides", async () => {
  const facts = { phase: "request", request: { model: "davinci-002" } };
  const observed = { effects: { model_not_allowed: "observe" } };
  const allow = ["operation_allowed"];
  put("models.json", [
    { name: "as it is", facts, decision: { allow, deny: ["model_not_allowed"] } },
    {
      name: "as an operator says",
      facts,
      operator: observed,
      decision: { allow, observe: ["model_not_allowed"] },
    },
    { name: "otherwise", facts, decision: { allow } },
    { name: "about masks", facts: { phase: "request" }, decision: { allow, mask: [] } },
    { name: "a wrong operator", facts, operator: { effects: { no_such_rule: "off" } }, decision: {} },
  ]);
  const cases = readCases(folder);
  const problems = await runCases(bundle, cases);
  expect(problems.map(({ message, expected }) => [message, expected])).toEqual([
    [
      `The gateway's engine decides the case "otherwise" otherwise than it says.`,
      "expected: allow operation_allowed; it decides: allow operation_allowed; deny model_not_allowed",
    ],
    [
      `The gateway's engine decides the case "about masks" otherwise than it says.`,
      "expected: allow operation_allowed; it decides: allow operation_allowed; mask values_masked",
    ],
    [expect.stringContaining(`The case "a wrong operator" can't be decided: `), undefined],
  ]);
  expect(toCasesTest(cases)[0]?.bytes.toString()).toContain("test_as_it_is_1 if {");
});

test("what is no case is refused by its file, and where there are none nothing is written", () => {
  const empty = mkdtempSync(join(folder, "empty-"));
  expect(toCasesTest(readCases(empty))).toEqual([]);
  put("wrong.json", [{ name: "no facts", decision: {} }]);
  put("odd.json", { name: "no list" });
  expect(() => readCases(folder)).toThrow(PolicyProblem);
  expect(() => readCases(folder)).toThrow(/cases\/odd\.json[^]*cases\/wrong\.json/);
});
