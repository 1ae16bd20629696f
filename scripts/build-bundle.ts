// Builds the policy bundle that ships with the gateway. Other policies are built by `tollgate policy build`.
//
//   scripts/build-bundle            writes what is generated in rego/, and bundles/default.tar.gz
//   scripts/build-bundle --check    writes nothing; fails where what stands there is not what the sources give

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildBundle } from "../gateway/policy-build/build.ts";
import { compareBundle } from "../gateway/policy-build/compare.ts";
import { PolicyProblem } from "../gateway/policy-build/problem.ts";
import { findOpa } from "../gateway/policy-build/run-opa.ts";
import { showProblems } from "../gateway/policy-build/show-problems.ts";

const path = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const SOURCE = path("rego");
const OUTPUT = path("bundles/default.tar.gz");

const { check: isCheck } = parseArgs({ options: { check: { type: "boolean", default: false } } }).values;
const show = { source: SOURCE, prefix: "rego/", hasColours: process.stderr.isTTY };
try {
  const { bytes, revision, rules, warnings } = await buildBundle({
    opa: findOpa(),
    source: SOURCE,
    canaries: path("test/cases/canaries.json"),
    revision: null,
    allowPatterns: false,
    isFrozen: isCheck,
    // The bundle stands in the repository, so that it can't say at which commit.
    stamp: null,
  });
  if (warnings.length > 0) process.stderr.write(showProblems(warnings, show));
  if (isCheck) await compareBundle(bytes, OUTPUT);
  else writeFileSync(OUTPUT, bytes);
  const done = isCheck
    ? "is what its sources give"
    : `has ${rules.length} rules and ${bytes.byteLength} bytes`;
  process.stdout.write(`bundles/default.tar.gz ${done}: revision ${revision}\n`);
} catch (error) {
  if (!(error instanceof PolicyProblem)) throw error;
  process.stderr.write(showProblems(error.problems, show));
  process.exitCode = 1;
}
