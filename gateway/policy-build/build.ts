// The steps of a build, in their order.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../policy/bundle.ts";
import { checkData } from "../policy/bundle-params.ts";
import { LOG_ROOT } from "../policy/manifest.ts";
import { decideCanaries, type Canary } from "./canaries.ts";
import { readCases, runCases, type PolicyCase } from "./cases.ts";
import { checkSources, type Checked, type CheckOptions } from "./check.ts";
import { phasesOf } from "./collector.ts";
import { PolicyProblem, toError, type Problem } from "./problem.ts";
import { digestDetectors, readCommit, type Commit } from "./provenance.ts";
import type { Rule } from "./read-rules.ts";
import { toRoots } from "./roots.ts";
import type { Opa } from "./run-opa.ts";
import { digestSources, writeFiles, type Source } from "./sources.ts";
import { createStage } from "./stage.ts";

export type BuildOptions = CheckOptions & {
  /** The folder that holds `gateway/`. */
  readonly source: string;
  readonly canaries: string | null;
  /** Null: the digest of the sources. */
  readonly revision: string | null;
  /** Whether the bundle says what it was built from; `serial` null: the commit's time, where there is a commit. */
  readonly stamp: { readonly serial: number | null } | null;
};

export type Built = {
  readonly bytes: Buffer;
  /** The same policy for OPA itself, which explains decisions; a gateway takes no such bundle. */
  readonly rego: Buffer;
  readonly revision: string;
  readonly serial: number | null;
  readonly rules: readonly Rule[];
  /** What it was built from, but for what decides nothing. */
  readonly sources: readonly Source[];
  readonly warnings: readonly Problem[];
};

/** Checks a policy without building it. Throws `PolicyProblem` with all that is wrong. */
export async function checkPolicy(
  options: CheckOptions & { readonly source: string },
): Promise<{ readonly rules: number; readonly warnings: readonly Problem[] }> {
  using stage = createStage(options.source);
  const cases = readCases(options.source);
  const checked = await checkSources(stage, options, cases);
  const { rules, warnings } = checked;
  if (cases.length > 0) {
    const manifest = toManifest(checked, { revision: "check", more: {}, canaries: [] });
    await decideCases(await compile(options.opa, checked, { target: "wasm", manifest }), cases);
  }
  if (!options.isFrozen) stage.settle();
  return { rules: rules.length, warnings };
}

/** Gives the file of canaries that stands in a policy's folder, or null. */
export function findCanaries(source: string): string | null {
  const file = join(source, "canaries.json");
  return existsSync(file) ? file : null;
}

/** Builds the bundle. Throws `PolicyProblem` at the first step that fails. */
export async function buildBundle(options: BuildOptions): Promise<Built> {
  const { opa, source, isFrozen } = options;
  // Before anything is written.
  const commit = options.stamp === null ? null : readCommit(source);
  using stage = createStage(source);
  const cases = readCases(source);
  const checked = await checkSources(stage, options, cases);
  const { rules, sources, schema, capabilities, warnings } = checked;
  const canaries = options.canaries === null ? [] : await decideCanaries(opa, stage.folder, options.canaries);
  const digest = digestSources(sources, [schema, capabilities, JSON.stringify(canaries)]);
  const revision = options.revision ?? digest;
  const serial = options.stamp?.serial ?? commit?.seconds ?? null;
  const more = {
    ...(serial !== null && { serial }),
    ...(options.stamp !== null && { built: await toBuilt(opa, digest, commit) }),
  };
  const manifest = toManifest(checked, { revision, more, canaries });
  const [bytes, rego] = await Promise.all(
    (["wasm", "rego"] as const).map((target) => compile(opa, checked, { target, manifest })),
  );
  if (bytes === undefined || rego === undefined) throw new TypeError("There are two targets.");
  await checkBundle(bytes);
  await decideCases(bytes, cases);
  if (!isFrozen) stage.settle();
  return { bytes, rego, revision, serial, rules, sources, warnings };
}

type Manifest = { readonly revision: string; readonly roots: readonly string[]; readonly metadata: object };

function toManifest(
  { rules, logRules, regoPatterns, reads, sources }: Checked,
  {
    revision,
    more,
    canaries,
  }: { readonly revision: string; readonly more: object; readonly canaries: readonly Canary[] },
): Manifest {
  const facts = { reads, phases: phasesOf(rules), rules, rego_patterns: regoPatterns, canaries };
  return {
    revision,
    roots: [...toRoots(sources.map(({ path }) => path)), ...(logRules.length > 0 ? [LOG_ROOT] : [])],
    metadata: { tollgate: { format: 1, facts: 1, ...more, ...facts } },
  };
}

/** Refuses a bundle that the gateway's engine has decide a case otherwise than it says. */
async function decideCases(bytes: Buffer, cases: readonly PolicyCase[]): Promise<void> {
  const problems = await runCases(bytes, cases);
  if (problems.length > 0) throw new PolicyProblem(problems);
}

async function toBuilt(opa: Opa, source_digest: string, commit: Commit | null): Promise<object> {
  const version = /^Version: *(.*)$/m.exec(await opa.run(["version"]))?.[1] ?? "unknown";
  const { seconds: _, ...of } = commit ?? { seconds: 0 };
  return { source_digest, opa: version, detectors: digestDetectors(), ...of };
}

/** Refuses data and rules that the gateway refuses when it loads them. */
async function checkBundle(bytes: Buffer): Promise<void> {
  try {
    checkData(await readBundle(bytes, { trust: null }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "the gateway refuses it";
    throw new PolicyProblem(
      [toError("refused_by_gateway", null, `No gateway would load the bundle: ${why}`)],
      {
        cause,
      },
    );
  }
}

type Target = { readonly target: "wasm" | "rego"; readonly manifest: Manifest };

/** Compiles in a folder of its own, always under the same names: file names stand in the module. */
async function compile(
  opa: Opa,
  { sources, capabilities, logRules }: Checked,
  { target, manifest }: Target,
): Promise<Buffer> {
  const files = [...sources, { path: ".manifest", bytes: Buffer.from(JSON.stringify(manifest)) }];
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bundle-"));
  try {
    writeFiles(join(folder, "policy"), files);
    writeFileSync(join(folder, "capabilities.json"), capabilities);
    const flags = [
      "-t",
      target,
      "-O=0",
      "--revision",
      manifest.revision,
      "--capabilities",
      "../capabilities.json",
    ];
    // No annotation makes these entrypoints.
    for (const rule of logRules) flags.push("--entrypoint", `${LOG_ROOT}/${rule}`);
    await opa.run(["build", "--bundle", ...flags, "--output", "../bundle.tar.gz", "."], {
      cwd: join(folder, "policy"),
    });
    return readFileSync(join(folder, "bundle.tar.gz"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
