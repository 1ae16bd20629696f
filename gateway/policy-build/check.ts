// Checks a policy's sources: parsed, formatted, typed, linted, tested. What a build begins with.

import { parse } from "yaml";
import { createDetectorCompiler } from "../detect/values/values.ts";
import { parsePatternTable } from "../detect/values/pattern-spec.ts";
import { toFactsJsonSchema } from "../policy/facts-schema.ts";
import { LOG_ROOT } from "../policy/manifest.ts";
import { nameCase, toCasesTest, type PolicyCase } from "./cases.ts";
import { toCapabilities, toTestCapabilities } from "./capabilities.ts";
import { PHASES, toCollector } from "./collector.ts";
import { findUnreadable } from "./data-files.ts";
import { findUnformatted, formatAll } from "./format.ts";
import { lint } from "./lint.ts";
import { parseModules } from "./modules.ts";
import { PolicyProblem, toError, type Problem } from "./problem.ts";
import { readRules, type Rule } from "./read-rules.ts";
import { findReads } from "./reads.ts";
import { countPatterns } from "./rego-patterns.ts";
import type { Opa } from "./run-opa.ts";
import { listFolders, readSources, writeFiles, type Source } from "./sources.ts";
import type { Stage } from "./stage.ts";
import { readLogRules } from "./log-rules.ts";
import { runUnitTests } from "./unit-tests.ts";

export type CheckOptions = {
  readonly opa: Opa;
  /** Whether rules may use OPA's own regular expressions and globs. */
  readonly allowPatterns: boolean;
  /** Whether what is generated must stand in the policy's folder as it is. */
  readonly isFrozen: boolean;
};

export type Checked = {
  readonly rules: readonly Rule[];
  /** Which of `drop` and `mask` the decision log's policy has. */
  readonly logRules: readonly string[];
  /** How many regular expressions and globs stand in all modules. */
  readonly regoPatterns: number;
  readonly sources: readonly Source[];
  readonly schema: string;
  readonly capabilities: string;
  /** By phase, as the manifest says it. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  readonly warnings: readonly Problem[];
};

const SCHEMA = "schemas/facts.json";
const CAPABILITIES = "schemas/capabilities.json";
/** Beside the policy, of which it is no part. */
export const TEST_CAPABILITIES = "test-capabilities.json";

/** Checks what stands in the stage, and puts there what is generated. Throws `PolicyProblem` with all that is wrong. */
export async function checkSources(
  stage: Stage,
  options: CheckOptions,
  cases: readonly PolicyCase[],
): Promise<Checked> {
  const { opa, allowPatterns, isFrozen } = options;
  const schema = `${JSON.stringify(toFactsJsonSchema(), null, 2)}\n`;
  const capabilities = await toCapabilities(opa, allowPatterns);
  stage.put({ path: SCHEMA, bytes: Buffer.from(schema) });
  stage.put({ path: CAPABILITIES, bytes: Buffer.from(capabilities) });
  writeFiles(stage.folder, [{ path: TEST_CAPABILITIES, bytes: Buffer.from(await toTestCapabilities(opa)) }]);

  const authored = readSources(stage.folder);
  refuse(findUnreadable(authored));
  const modules = await parseModules(opa, stage.folder, authored);
  const rules = readRules(modules);
  const logRules = readLogRules(modules);
  const regoPatterns = countPatterns(modules);
  for (const module of await formatAll(opa, stage.folder, [...toCollector(rules), ...toCasesTest(cases)]))
    stage.put(module);

  const [unformatted, mistyped] = await Promise.all([
    findUnformatted(opa, stage.folder),
    findTypeErrors(opa, stage.folder),
  ]);
  const found = [
    ...(isFrozen ? stage.listStale().map((path) => toStale(path)) : []),
    ...unformatted,
    ...mistyped,
    ...findBadPatterns(authored),
    ...lint(modules, rules, authored),
  ];
  refuse(found);
  const [reads, failed] = await Promise.all([
    readAll(opa, stage.folder),
    runUnitTests(opa, stage.folder, TEST_CAPABILITIES),
  ]);
  refuse([...found, ...failed.map((problem) => nameCase(problem, cases))]);
  const warnings = found.filter(({ severity }) => severity === "warning");
  return {
    rules,
    logRules,
    regoPatterns,
    sources: readSources(stage.folder),
    schema,
    capabilities,
    reads,
    warnings,
  };
}

/** Finds out by phase what the rules read. */
async function readAll(opa: Opa, folder: string): Promise<Checked["reads"]> {
  const phases = PHASES.map(async (phase) => [phase, await findReads(opa, folder, phase)] as const);
  return Object.fromEntries(await Promise.all(phases));
}

function refuse(problems: readonly Problem[]): void {
  if (problems.some(({ severity }) => severity === "error")) throw new PolicyProblem(problems);
}

function toStale(path: string): Problem {
  return toError("generated_stale", { file: path, line: 1, column: 1 }, `${path} is not what is generated.`, {
    help: "build without --frozen or --check, and commit the result",
  });
}

/** Types all modules by the schema of the facts, and those that are no tests by what the engine has besides. */
async function findTypeErrors(opa: Opa, folder: string): Promise<readonly Problem[]> {
  const check = ["check", "--strict", "--format", "json", "--max-errors", "50"];
  // What is told of decisions has a form of its own, with the facts in it.
  const parts = listFolders(folder).map((name) => (name === LOG_ROOT ? [name] : ["--schema", SCHEMA, name]));
  const engine = ["--capabilities", CAPABILITIES, "--ignore", "*_test.rego"];
  const anywhere = ["--capabilities", TEST_CAPABILITIES];
  const runs = await Promise.all(
    parts
      .flatMap((part) => [
        [...anywhere, ...part],
        [...engine, ...part],
      ])
      .map((args) =>
        opa.run([...check, ...args], { cwd: folder }).then(
          () => [],
          (error: unknown) => {
            if (!(error instanceof PolicyProblem)) throw error;
            return error.problems;
          },
        ),
      ),
  );
  const seen = new Set<string>();
  return runs.flat().filter((problem) => {
    const key = JSON.stringify([problem.at, problem.message]);
    return !seen.has(key) && seen.add(key);
  });
}

/** Compiles the patterns with the gateway's own matcher, so that a wrong one fails the build. */
function findBadPatterns(sources: readonly Source[]): readonly Problem[] {
  const file = "gateway/patterns/data.yaml";
  const source = sources.find(({ path }) => path === file);
  if (source === undefined) return [];
  try {
    createDetectorCompiler(null)(parsePatternTable(parse(source.bytes.toString("utf8"))));
    return [];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "a pattern is wrong";
    return [
      toError("pattern", { file, line: 1, column: 1 }, why, {
        help: "docs/patterns.md tells how one is written",
      }),
    ];
  }
}
