// The steps of a build, in their order.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { readBundle } from "../../gateway/policy/bundle.ts";
import { checkData } from "../../gateway/policy/bundle-params.ts";
import { toFactsJsonSchema } from "../../gateway/policy/facts-schema.ts";
import { parsePatternTable } from "../../gateway/detect/values/pattern-spec.ts";
import { createDetectorCompiler } from "../../gateway/detect/values/values.ts";
import { decideCanaries } from "./canaries.ts";
import { toCapabilities } from "./capabilities.ts";
import { phasesOf, toCollector } from "./collector.ts";
import { PolicyProblem } from "./problem.ts";
import { readRules } from "./read-rules.ts";
import { findReads } from "./reads.ts";
import type { Opa } from "./run-opa.ts";
import { digestSources, readSources, writeFiles, type Source } from "./sources.ts";

export type BuildOptions = {
  readonly opa: Opa;
  /** The folder that holds `gateway/` and `schemas/`. */
  readonly source: string;
  readonly canaries: string | null;
  /** Null: the digest of the sources. */
  readonly revision: string | null;
  readonly allowPatterns: boolean;
  /** Whether what is generated is compared instead of written. */
  readonly isCheck: boolean;
};

export type Built = { readonly bytes: Buffer; readonly revision: string; readonly rules: number };

const PHASES = ["request", "answer", "finding", "tool_call", "end", "whole"] as const;

/** Builds the bundle. Throws `PolicyProblem` at the first step that fails. */
export async function buildBundle(options: BuildOptions): Promise<Built> {
  const { opa, source, isCheck } = options;
  const policies = join(source, "gateway");
  if (!existsSync(policies)) throw new PolicyProblem(`There are no policies in ${policies}.`);
  const schema = `${JSON.stringify(toFactsJsonSchema(), null, 2)}\n`;
  const capabilities = await toCapabilities(opa, options.allowPatterns);
  settle(source, { path: "schemas/facts.json", bytes: Buffer.from(schema) }, isCheck);
  settle(source, { path: "schemas/capabilities.json", bytes: Buffer.from(capabilities) }, isCheck);

  const { rules, regoPatterns } = await readRules(opa, source, readSources(source));
  for (const module of await format(opa, toCollector(rules))) settle(source, module, isCheck);

  await opa.run(["fmt", "--fail", "--list", policies]);
  await opa.run(["check", "--strict", "--schema", join(source, "schemas/facts.json"), policies]);
  const reads = Object.fromEntries(
    await Promise.all(PHASES.map(async (phase) => [phase, await findReads(opa, policies, phase)] as const)),
  );
  await opa.run(["test", "--coverage", "--threshold", "100", source]);
  checkPatterns(source);

  const sources = readSources(source);
  const canaries = options.canaries === null ? [] : await decideCanaries(opa, source, options.canaries);
  const revision =
    options.revision ?? digestSources(sources, [schema, capabilities, JSON.stringify(canaries)]);
  const manifest = {
    revision,
    roots: ["gateway"],
    metadata: {
      tollgate: {
        format: 1,
        facts: 1,
        reads,
        phases: phasesOf(rules),
        rules,
        rego_patterns: regoPatterns,
        canaries,
      },
    },
  };
  const bytes = await compile(
    opa,
    [...sources, { path: ".manifest", bytes: Buffer.from(JSON.stringify(manifest)) }],
    {
      revision,
      capabilities,
    },
  );
  await checkBundle(source, bytes);
  return { bytes, revision, rules: rules.length };
}

/** Writes a generated file, or compares it with what stands there. */
function settle(root: string, { path, bytes }: Source, isCheck: boolean): void {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file).equals(bytes)) return;
  if (isCheck)
    throw new PolicyProblem(
      `${file} is not what is generated; run scripts/build-bundle and commit the result.`,
    );
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}

function format(opa: Opa, modules: readonly Source[]): Promise<readonly Source[]> {
  return Promise.all(
    modules.map(async ({ path, bytes }) => ({
      path,
      bytes: Buffer.from(await opa.run(["fmt"], { input: bytes.toString("utf8") })),
    })),
  );
}

/** Compiles the patterns with the gateway's own matcher, so that a wrong one fails the build. */
function checkPatterns(source: string): void {
  const file = join(source, "gateway/patterns/data.yaml");
  if (!existsSync(file)) return;
  try {
    createDetectorCompiler(null)(parsePatternTable(parse(readFileSync(file, "utf8"))));
  } catch (cause) {
    throw new PolicyProblem(`${file}: ${cause instanceof Error ? cause.message : "a pattern is wrong"}`, {
      cause,
    });
  }
}

/** Refuses data and rules that the gateway refuses when it loads them. */
async function checkBundle(source: string, bytes: Buffer): Promise<void> {
  try {
    checkData(await readBundle(bytes));
  } catch (cause) {
    throw new PolicyProblem(
      `${source}: ${cause instanceof Error ? cause.message : "the gateway refuses it"}`,
      {
        cause,
      },
    );
  }
}

/** Compiles in a folder of its own, always under the same names: file names stand in the module. */
async function compile(
  opa: Opa,
  files: readonly Source[],
  { revision, capabilities }: { revision: string; capabilities: string },
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bundle-"));
  try {
    writeFiles(join(folder, "policy"), files);
    writeFileSync(join(folder, "capabilities.json"), capabilities);
    const flags = ["-t", "wasm", "-O=0", "--revision", revision, "--capabilities", "../capabilities.json"];
    await opa.run(["build", "--bundle", ...flags, "--output", "../bundle.tar.gz", "."], {
      cwd: join(folder, "policy"),
    });
    return readFileSync(join(folder, "bundle.tar.gz"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
