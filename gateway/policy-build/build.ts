// The steps of a build, in their order.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readBundle } from "../policy/bundle.ts";
import { checkData } from "../policy/bundle-params.ts";
import { LOG_ROOT } from "../policy/manifest.ts";
import { decideCanaries } from "./canaries.ts";
import { checkSources, type CheckOptions } from "./check.ts";
import { phasesOf } from "./collector.ts";
import { PolicyProblem, toError, type Problem } from "./problem.ts";
import { digestDetectors, readCommit, type Commit } from "./provenance.ts";
import type { Rule } from "./read-rules.ts";
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
  const { rules, warnings } = await checkSources(stage, options);
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
  const { rules, logRules, regoPatterns, sources, schema, capabilities, reads, warnings } =
    await checkSources(stage, options);
  const canaries = options.canaries === null ? [] : await decideCanaries(opa, stage.folder, options.canaries);
  const digest = digestSources(sources, [schema, capabilities, JSON.stringify(canaries)]);
  const revision = options.revision ?? digest;
  const serial = options.stamp?.serial ?? commit?.seconds ?? null;
  const manifest = {
    revision,
    roots: ["gateway", ...(logRules.length > 0 ? [LOG_ROOT] : [])],
    metadata: {
      tollgate: {
        format: 1,
        facts: 1,
        ...(serial !== null && { serial }),
        ...(options.stamp !== null && { built: await toBuilt(opa, digest, commit) }),
        reads,
        phases: phasesOf(rules),
        rules,
        rego_patterns: regoPatterns,
        canaries,
      },
    },
  };
  const files = [...sources, { path: ".manifest", bytes: Buffer.from(JSON.stringify(manifest)) }];
  const entrypoints = logRules.map((rule) => `${LOG_ROOT}/${rule}`);
  const [bytes, rego] = await Promise.all(
    (["wasm", "rego"] as const).map((target) =>
      compile(opa, files, { target, revision, capabilities, entrypoints }),
    ),
  );
  if (bytes === undefined || rego === undefined) throw new TypeError("There are two targets.");
  await checkBundle(bytes);
  if (!isFrozen) stage.settle();
  return { bytes, rego, revision, serial, rules, sources, warnings };
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

type Target = {
  readonly target: "wasm" | "rego";
  readonly revision: string;
  readonly capabilities: string;
  /** Those that no annotation makes one. */
  readonly entrypoints: readonly string[];
};

/** Compiles in a folder of its own, always under the same names: file names stand in the module. */
async function compile(
  opa: Opa,
  files: readonly Source[],
  { target, revision, capabilities, entrypoints }: Target,
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-bundle-"));
  try {
    writeFiles(join(folder, "policy"), files);
    writeFileSync(join(folder, "capabilities.json"), capabilities);
    const flags = ["-t", target, "-O=0", "--revision", revision, "--capabilities", "../capabilities.json"];
    for (const entrypoint of entrypoints) flags.push("--entrypoint", entrypoint);
    await opa.run(["build", "--bundle", ...flags, "--output", "../bundle.tar.gz", "."], {
      cwd: join(folder, "policy"),
    });
    return readFileSync(join(folder, "bundle.tar.gz"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
