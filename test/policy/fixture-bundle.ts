// Builds small bundles for tests: policies that fail in every way that the gateway must survive.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOpa } from "../../gateway/policy-build/run-opa.ts";
import { writeFiles } from "../../gateway/policy-build/sources.ts";

const PHASES = ["request", "answer", "finding", "tool_call", "end", "whole"] as const;

/** What the decision is where a module says nothing else. */
const PLAIN = `
plain := {
	"v": input.v, "data_rev": data.gateway.rev, "allow": {{"code": "plain"}}, "deny": set(), "observe": set(),
	"require_approval": set(), "limit": set(), "mask": set(), "set": set(), "record": set(), "label": set(), "share": set(), "forward": set(), "need": set(),
}
`;

export type Fixture = {
  /** The module's rules: `request`, and helpers. Every other phase is \`plain\`. */
  readonly rego: string;
  readonly metadata?: object;
  readonly data?: object;
  readonly manifest?: object;
};

/** Builds a bundle whose \`request\` is what \`rego\` says. */
export async function buildFixture(fixture: Fixture): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-fixture-"));
  try {
    const others = PHASES.filter((phase) => !new RegExp(`^${phase} :?=`, "m").test(fixture.rego));
    const rules = others.map((phase) => `${phase} := plain\n`).join("\n");
    const manifest = {
      revision: "fixture",
      roots: ["gateway"],
      ...(fixture.metadata !== undefined && { metadata: { tollgate: { ...METADATA, ...fixture.metadata } } }),
      ...fixture.manifest,
    };
    writeFiles(folder, [
      {
        path: "policy/gateway/main/main.rego",
        bytes: Buffer.from(`package gateway.main\n${PLAIN}\n${rules}\n${fixture.rego}\n`),
      },
      {
        path: "policy/data.json",
        bytes: Buffer.from(JSON.stringify({ gateway: { params: {}, ...fixture.data } })),
      },
      { path: "policy/.manifest", bytes: Buffer.from(JSON.stringify(manifest)) },
    ]);
    writeFileSync(join(folder, "empty"), "");
    const entrypoints = PHASES.flatMap((phase) => ["-e", `gateway/main/${phase}`]);
    await findOpa().run(
      ["build", "--bundle", "-t", "wasm", "-O=0", ...entrypoints, "-o", "../bundle.tar.gz", "."],
      {
        cwd: join(folder, "policy"),
      },
    );
    return readFileSync(join(folder, "bundle.tar.gz"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the manifest says of a fixture that reads single facts only. */
const METADATA = {
  format: 1,
  facts: 1,
  reads: Object.fromEntries(PHASES.map((phase) => [phase, ["/calls", "/claims", "/request", "/v"]])),
  phases: PHASES,
  rules: [],
  rego_patterns: 0,
  canaries: [],
};
