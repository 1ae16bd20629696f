// That an evaluation which never ends takes the process with it, and its revision out of use.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildFixture } from "../../test/policy/fixture-bundle.ts";
import { createKeptLog } from "../../test/policy/silent-log.ts";
import { createPolicy } from "./load.ts";
import { createWatchdog } from "./watchdog.ts";

const RUNAWAY = `request := plain if input.request.model != "runaway"
request := plain if {
	input.request.model == "runaway"
	many := numbers.range(1, 3000)
	some x in many
	some y in many
	some z in many
	x == y
	y == z
	z == 0
}`;

const PROGRAM = `
import { createPolicy } from ${JSON.stringify(new URL("./load.ts", import.meta.url).href)};
import { toSampleFacts } from ${JSON.stringify(new URL("./sample-facts.ts", import.meta.url).href)};
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const [bundlePath, suspendedPath] = process.argv.slice(2);
const policy = await createPolicy({
  bundlePath, operatorPath: null, trust: null, checkPatterns() {}, log, watchdog: { suspendedPath, stuckMs: 400 },
});
const facts = toSampleFacts("request");
policy.current().evaluate(facts);
await new Promise((resolve) => setTimeout(resolve, 1500));
process.stdout.write("idle is not stuck");
policy.current().evaluate({ ...facts, request: { ...facts.request, model: "runaway" } });
`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-watchdog-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the watchdog", () => {
  it("ends a stuck process and suspends the revision that it evaluated, not one that is idle", async () => {
    const bundle = join(folder, "runaway.tar.gz");
    const suspended = join(folder, "state", "suspended.json");
    const program = join(folder, "program.mjs");
    writeFileSync(bundle, await buildFixture({ rego: RUNAWAY, metadata: {} }));
    writeFileSync(program, PROGRAM);
    const child = spawn(process.execPath, [program, bundle, suspended], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let complained = "";
    child.stdout.on("data", (chunk) => (said += String(chunk)));
    child.stderr.on("data", (chunk) => (complained += String(chunk)));
    const signal = await new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
    expect({ said, signal, complained }).toMatchObject({ said: "idle is not stuck", signal: "SIGKILL" });
    expect(readFileSync(suspended, "utf8")).toContain('"revision":"fixture"');

    const refused = createPolicy({
      bundlePath: bundle,
      operatorPath: null,
      trust: null,
      checkPatterns: () => {},
      log: createKeptLog(),
      watchdog: { suspendedPath: suspended, stuckMs: 1000 },
    });
    await expect(refused).rejects.toThrow("was suspended");
  });

  it("lets many evaluations in a row pass, each shorter than its limit", async () => {
    const watchdog = createWatchdog({ suspendedPath: null, stuckMs: 1_500 });
    const watch = watchdog.watch("busy");
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      watch.enter();
      watch.leave();
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    watchdog.close();
    expect(process.pid).toBeGreaterThan(0);
  });
});
