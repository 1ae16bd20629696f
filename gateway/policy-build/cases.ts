// The cases in a policy's folder: facts, recorded or thought out, with what must be decided about them. Each is decided by
// OPA, as one of the policy's tests, and by the bundle in the gateway's engine.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { factsSchema } from "../policy/facts-schema.ts";
import { PHASES } from "../policy/manifest.ts";
import { PolicyLoadError } from "../policy/load-error.ts";
import { toSampleFacts } from "../policy/sample-facts.ts";
import type { Outcome } from "../replay/outcome.ts";
import { openSide } from "../replay/side.ts";
import type { Side } from "../replay/side.ts";
import { PolicyProblem, toError, type Problem } from "./problem.ts";
import type { Source } from "./sources.ts";

/** The effects that a case says: those that it leaves out must not be there. */
export const CASE_EFFECTS = [
  "allow",
  "deny",
  "observe",
  "require_approval",
  "mask",
  "set",
  "record",
  "label",
  "share",
  "forward",
] as const;

export type CaseEffect = (typeof CASE_EFFECTS)[number];

/** Gives the codes of the rules that have an effect in what a decision comes to. */
export function listCodes({ effects }: Outcome, effect: CaseEffect): readonly string[] {
  const name = effect === "require_approval" ? "approval" : effect;
  const own = [...effects.values()].filter((one) => one.effect === name).map(({ code }) => code);
  return [...new Set(own)].toSorted();
}

/** The folder that cases stand in, beside the policy. */
export const CASES = "cases";

/** Where the build writes them down as tests. */
const CASES_TEST = "gateway/main/cases_test.rego";

const caseShape = z.strictObject({
  name: z.string().min(1).max(200),
  /** Laid over an ordinary exchange's facts, member by member; so are the members of those that have names of their own. */
  facts: z.looseObject({ phase: z.enum(PHASES) }),
  /** What an operator lays over the policy's data. */
  operator: z.record(z.string(), z.unknown()).optional(),
  /** By effect the codes of the rules. */
  decision: z.partialRecord(z.enum(CASE_EFFECTS), z.array(z.string())),
});

/** A case as its file holds it; a file holds a list of them. */
export type CaseText = z.infer<typeof caseShape>;

export type PolicyCase = CaseText & {
  /** Its file, and its name as a test. */
  readonly file: string;
  readonly test: string;
};

/** Reads a folder's cases. Throws `PolicyProblem` where one is none. */
export function readCases(source: string): readonly PolicyCase[] {
  const folder = join(source, CASES);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  const cases: PolicyCase[] = [];
  const problems: Problem[] = [];
  for (const file of files.toSorted().map((name) => `${CASES}/${name}`)) {
    const read = z.array(caseShape).safeParse(parse(readFileSync(join(source, file), "utf8")));
    if (!read.success) problems.push(toProblem(file, "case", z.prettifyError(read.error)));
    for (const one of read.data ?? [])
      cases.push({ ...one, file, test: `test_${toSlug(one.name)}_${cases.length + 1}` });
  }
  if (problems.length > 0) throw new PolicyProblem(problems);
  return cases;
}

/** Makes of a name what a file or a test may be called. */
export function toSlug(name: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .slice(0, 80)
    .replaceAll(/^_|_$/g, "");
  return slug === "" ? "case" : slug;
}

/** Writes the cases as tests for OPA; nothing where there are none. */
export function toCasesTest(cases: readonly PolicyCase[]): readonly Source[] {
  if (cases.length === 0) return [];
  const tests = cases.map((one) => {
    const { test, file, facts, operator = {} } = one;
    const input = JSON.stringify(toInput(facts));
    const codes = toExpected(one).map(
      ([effect, expected]) => `\tcodes(decision.${effect}) == ${toSet(expected)}\n`,
    );
    return (
      `# ${file}\n${test} if {\n\tdecision := data.gateway.main.${facts.phase} with input as ${input}` +
      ` with data.gateway.operator as ${JSON.stringify(operator)} with data.gateway.rev as "case"\n` +
      `${codes.join("")}}\n`
    );
  });
  const head =
    "# Written by the build from the cases.\npackage gateway.main.cases_test\n\ncodes(effects) := {e.code | some e in effects}\n";
  return [{ path: CASES_TEST, bytes: Buffer.from([head, ...tests].join("\n")) }];
}

/** Says of a test that failed which case it is. */
export function nameCase(problem: Problem, cases: readonly PolicyCase[]): Problem {
  if (problem.at?.file !== CASES_TEST) return problem;
  const found = cases.find(({ test }) => problem.message.split(" ").includes(test));
  if (found === undefined) return problem;
  const { name, file } = found;
  return toProblem(file, "case_failed", `OPA decides the case "${name}" otherwise than it says.`, {
    expected: `expected: ${toWords(toExpected(found))}`,
    ...(problem.help !== undefined && { help: problem.help }),
  });
}

/** Has a built bundle decide the cases in the gateway's engine; gives those that it decides otherwise. */
export async function runCases(bundle: Buffer, cases: readonly PolicyCase[]): Promise<readonly Problem[]> {
  const sides = new Map<string, Side>();
  const problems: Problem[] = [];
  for (const one of cases) {
    const key = JSON.stringify(one.operator ?? null);
    try {
      const side = sides.get(key) ?? (await openSide(toSource(bundle, one), true));
      sides.set(key, side);
      problems.push(...runCase(side, one));
    } catch (error) {
      if (!(error instanceof PolicyLoadError)) throw error;
      problems.push(toProblem(one.file, "case", `The case "${one.name}" can't be decided: ${error.message}`));
    }
  }
  return problems;
}

function runCase(side: Side, one: PolicyCase): readonly Problem[] {
  const { name, file, facts } = one;
  const read = factsSchema.safeParse(toInput(facts));
  if (!read.success)
    return [
      toProblem(file, "case", `The facts of the case "${name}" are none: ${z.prettifyError(read.error)}`),
    ];
  const given = side.judge(read.data);
  const expected = toExpected(one);
  const decided = expected.map(([effect]) => [effect, listCodes(given, effect)] as const);
  if (toWords(decided) === toWords(expected)) return [];
  return [
    toProblem(
      file,
      "case_failed",
      `The gateway's engine decides the case "${name}" otherwise than it says.`,
      {
        expected: `expected: ${toWords(expected)}; it decides: ${toWords(decided)}`,
      },
    ),
  ];
}

/** Facts whose members are always the same. */
const PARTS = ["caller", "connection", "route", "session", "request"] as const;

function toInput(facts: CaseText["facts"]): object {
  const sample = toSampleFacts(facts.phase);
  const parts = PARTS.flatMap((name) => {
    const given = facts[name];
    return typeof given === "object" && given !== null
      ? [[name, { ...sample[name], ...given }] as const]
      : [];
  });
  return { ...sample, ...facts, ...Object.fromEntries(parts) };
}

/** What is masked by default is masked everywhere: only those cases that are about it say so. */
function toExpected({ decision }: CaseText): readonly (readonly [CaseEffect, readonly string[]])[] {
  return CASE_EFFECTS.flatMap((effect) =>
    effect === "mask" && decision.mask === undefined ? [] : [[effect, decision[effect] ?? []] as const],
  );
}

function toWords(decision: ReturnType<typeof toExpected>): string {
  const words = decision.map(([effect, codes]) => {
    const sorted = [...new Set(codes)].toSorted().join(", ");
    return sorted === "" ? "" : `${effect} ${sorted}`;
  });
  return words.filter((word) => word !== "").join("; ") || "nothing";
}

function toSet(codes: readonly string[]): string {
  return codes.length === 0 ? "set()" : `{${codes.map((code) => JSON.stringify(code)).join(", ")}}`;
}

function toSource(bundle: Buffer, { operator }: CaseText): Parameters<typeof openSide>[0] {
  const tables = operator?.["effects_by_label"];
  return {
    bundles: [{ name: "main", isGate: true, bytes: bundle }],
    operator: operator === undefined ? null : JSON.stringify(operator),
    connectionLabels: typeof tables === "object" && tables !== null ? Object.keys(tables) : [],
    recognised: [],
  };
}

function toProblem(
  file: string,
  code: string,
  message: string,
  more: Parameters<typeof toError>[3] = {},
): Problem {
  return toError(code, { file, line: 1, column: 1 }, message, more);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
