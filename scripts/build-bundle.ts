// Builds the policy bundle: formats, types, tests, compiles, and says in the manifest what the rules are and read.
//
//   scripts/build-bundle                      writes what is generated in rego/, and bundles/default.tar.gz
//   scripts/build-bundle --check              writes nothing; fails where what stands there is not what the sources give
//   scripts/build-bundle --source DIR --output FILE [--revision REVISION] [--allow-patterns]
//                                             builds another policy; its revision is the digest of its sources by default

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildBundle } from "../gateway/policy-build/build.ts";
import { compareBundle } from "../gateway/policy-build/compare.ts";
import { PolicyProblem } from "../gateway/policy-build/problem.ts";
import { findOpa } from "../gateway/policy-build/run-opa.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      check: { type: "boolean", default: false },
      source: { type: "string", default: resolve(ROOT, "rego") },
      canaries: { type: "string" },
      output: { type: "string", default: resolve(ROOT, "bundles/default.tar.gz") },
      revision: { type: "string" },
      "allow-patterns": { type: "boolean", default: false },
    },
  });
  const source = resolve(values.source);
  const output = resolve(values.output);
  const isDefault = source === resolve(ROOT, "rego");
  const canaries = values.canaries ?? (isDefault ? resolve(ROOT, "test/cases/canaries.json") : null);
  const built = await buildBundle({
    opa: findOpa(),
    source,
    canaries: canaries === null ? null : resolve(canaries),
    revision: values.revision ?? null,
    allowPatterns: values["allow-patterns"],
    isCheck: values.check,
  });
  if (values.check) {
    await compareBundle(built.bytes, output);
    process.stdout.write(
      `The bundle ${values.output} is what its sources give (revision ${built.revision}).\n`,
    );
    return;
  }
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, built.bytes);
  process.stdout.write(
    `${values.output}: revision ${built.revision}, ${built.rules} rules, ${built.bytes.byteLength} bytes\n`,
  );
}

try {
  await main();
} catch (error) {
  if (!(error instanceof PolicyProblem)) throw error;
  process.stderr.write(`build-bundle: ${error.message}\n`);
  process.exitCode = 1;
}
