// Which bundles decide, as the configuration names them.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { BundleConfigs } from "./bundles.ts";
import { loadConfig } from "./config.ts";
import { ConfigError } from "./problems.ts";

const folder = mkdtempSync(join(tmpdir(), "tollgate-bundles-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "own.tar.gz"), "");
const pem = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" });
const signing = `
  signing:
    scope: all
    keys:
      - { id: a, algorithm: EdDSA, public_key: ${JSON.stringify(pem)} }
      - { id: b, algorithm: EdDSA, public_key: ${JSON.stringify(pem)} }`;

function read(policy: string, env: Readonly<Record<string, string>> = {}): BundleConfigs {
  const file = join(folder, "tollgate.yaml");
  writeFileSync(file, `policy:${policy}\n`);
  return loadConfig({ file, env: { OPENAI_API_KEY: "x", ...env }, cwd: folder }).config.policy.bundles;
}
function findProblems(policy: string, env: Readonly<Record<string, string>> = {}): string {
  try {
    read(policy, env);
    return "";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, expected }) => `${path}: ${expected}`).join("\n");
  }
}

test("one bundle is a gate, and called as it always was", () => {
  expect(read(" {}")).toMatchObject([{ name: "default", url: null, isGate: true, maxAgeMs: null }]);
  expect(read("\n  bundle: own.tar.gz\n  source: { max_age_s: 60 }")).toMatchObject([
    { name: "main", bundle: join(folder, "own.tar.gz"), isGate: true, maxAgeMs: 60_000 },
  ]);
});

test("of several the first is a gate, and each has a source, an age and a signer of its own", () => {
  const bundles = read(`
  bundles:
    - { name: platform, keys: [a] }
    - { name: search, bundle: "https://x.test/b.tar.gz", source: { poll_s: 5, max_age_s: 60 }, keys: [b], scope: search }
    - { name: ads, bundle: own.tar.gz, gate: true, scope: ads }${signing}`);
  expect(bundles).toMatchObject([
    { name: "platform", url: null, isGate: true, signing: { scope: "all", keys: [{ id: "a" }] } },
    { name: "search", isGate: false, maxAgeMs: 60_000, source: { poll_s: 5 }, signing: { scope: "search" } },
    { name: "ads", isGate: true, bundle: join(folder, "own.tar.gz"), signing: { keys: [{}, {}] } },
  ]);
  expect(bundles[0].bundle).toMatch(/bundles\/default\.tar\.gz$/);
  expect(bundles[1]?.url).toBe("https://x.test/b.tar.gz");
});

test.each([
  ["\n  bundles: [{ name: a }, { name: a }]", "policy.bundles: expected names that differ"],
  ["\n  bundles: [{ name: A+ }]", "policy.bundles[0].name: expected a name"],
  ["\n  bundles: [{ name: a, gate: false }]", "expected at least one `gate`"],
  [
    "\n  bundles: [{ name: a }]\n  bundle: own.tar.gz",
    "policy.bundle: expected either `bundle` or `bundles`",
  ],
  ["\n  bundles: [{ name: a }]\n  source: { poll_s: 5 }", "expected the `source` in each"],
  ["\n  bundles: [{ name: a }, { name: b, bundle: none }]", "policy.bundles[1].bundle: expected a file"],
  ["\n  bundles: [{ name: a, bundle: 'http://x.test/b' }]", "policy.bundles[0].bundle: expected a path"],
  ["\n  bundles: [{ name: a, source: { token: 'env:NONE' } }]", "policy.bundles[0].source.token"],
  ["\n  bundles: [{ name: a, scope: x }]", "expected `policy.signing`"],
  [`\n  bundles: [{ name: a, keys: [c] }]${signing}`, "expected ids of policy.signing.keys; c is none"],
  [`\n  bundles: [{ name: a }, { name: b, keys: [b] }]${signing}`, "could stand in the other's place"],
])("refuses%s", (policy, why) => {
  expect(findProblems(policy)).toContain(why);
});

test("refuses a variable that names one bundle beside several", () => {
  const env = { TOLLGATE_POLICY_BUNDLE: "own.tar.gz" };
  expect(findProblems("\n  bundles: [{ name: a }]", env)).toContain(
    "TOLLGATE_POLICY_BUNDLE: expected either",
  );
});
