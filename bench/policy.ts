// Measures one evaluation of the policy: by phase, with the number of tools, and for bundles that read bodies and texts.
// Prints a table; `node bench/policy.ts`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CallFacts, Facts, JsonObject, ToolFacts } from "../gateway/exchange.ts";
import { createSilentLog } from "../gateway/log.ts";
import { createPolicy, type PolicySnapshot } from "../gateway/policy/load.ts";
import { toSampleFacts } from "../gateway/policy/sample-facts.ts";
import { buildFixture } from "../test/policy/fixture-bundle.ts";

const ROUNDS = 15;

/** Gives median and p99 in microseconds: of the quietest of many rounds, because other work on the machine is no cost of ours. */
function measure(task: () => unknown, times: number): { median: number; p99: number } {
  const best = { median: Infinity, p99: Infinity };
  for (let round = 0; round < ROUNDS; round += 1) {
    const taken = Array.from({ length: times }, () => {
      const began = process.hrtime.bigint();
      task();
      return Number(process.hrtime.bigint() - began) / 1000;
    }).toSorted((a, b) => a - b);
    best.median = Math.min(best.median, taken[Math.floor(times / 2)] ?? Infinity);
    best.p99 = Math.min(best.p99, taken[Math.floor(times * 0.99)] ?? Infinity);
  }
  return best;
}

function print(what: string, { median, p99 }: { median: number; p99: number }): void {
  process.stdout.write(
    `| ${what.padEnd(52)} | ${median.toFixed(1).padStart(8)} | ${p99.toFixed(1).padStart(8)} |\n`,
  );
}

async function load(bundlePath: string): Promise<PolicySnapshot> {
  const policy = await createPolicy({
    bundlePath,
    operatorPath: null,
    trust: null,
    checkPatterns: () => {},
    log: createSilentLog(),
  });
  return policy.current();
}

/** Gives a function that makes facts which no evaluation has seen, so that nothing remembered is measured. */
function fresh(facts: Facts): () => Facts {
  let turn = 0;
  return () => {
    turn += 1;
    const calls = facts.calls?.map((call): CallFacts => ({ ...call, id: `call_${turn}` }));
    const request = { ...facts.request, tokens: { count: 800 + (turn % 100_000), exact: false } };
    return calls === undefined ? { ...facts, request } : { ...facts, request, calls };
  };
}

function tools(count: number): ToolFacts[] {
  const [tool] = toSampleFacts("request").tools;
  return tool === undefined
    ? []
    : Array.from({ length: count }, (_, index) => ({ ...tool, name: `tool_${index}` }));
}

function body(bytes: number): JsonObject {
  const content = "The weather in Paris is sunny, with a light wind from the west. ".repeat(16);
  return {
    model: "gpt-4.1",
    input: Array.from({ length: Math.ceil(bytes / 1064) }, () => ({ role: "user", content })),
  };
}

const folder = mkdtempSync(join(tmpdir(), "tollgate-bench-policy-"));
try {
  process.stdout.write(
    `| one evaluation, in microseconds${" ".repeat(22)}|   median |      p99 |\n|---|---:|---:|\n`,
  );
  const bundled = await load(fileURLToPath(new URL("../bundles/default.tar.gz", import.meta.url)));
  for (const count of [0, 2, 8, 20, 64]) {
    const next = fresh({ ...toSampleFacts("request"), tools: tools(count) });
    print(
      `request, ${count} tools`,
      measure(() => bundled.evaluate(next()), 2000),
    );
  }
  for (const phase of ["tool_call", "whole"] as const) {
    const next = fresh(toSampleFacts(phase));
    print(
      `${phase}, one call`,
      measure(() => bundled.evaluate(next()), 2000),
    );
  }
  const answer = toSampleFacts("answer");
  print(
    "answer, remembered",
    measure(() => bundled.evaluate(answer), 5000),
  );

  const reads = Object.fromEntries(
    ["answer", "finding", "tool_call", "end", "whole"].map((phase) => [phase, ["/v"]]),
  );
  for (const [what, rule, path] of [
    ["body", "input.body.input[_].role", "/body"],
    ["texts", "input.texts[_].kind", "/texts"],
  ] as const) {
    const rego = `request := plain if not blocked\nrequest := object.union(plain, {"deny": {{"code": "blocked"}}}) if blocked\nblocked if ${rule} == "blocked"`;
    const file = join(folder, `${what}.tar.gz`);
    writeFileSync(
      file,
      await buildFixture({ rego, metadata: { reads: { ...reads, request: [path, "/v"] } } }),
    );
    const snapshot = await load(file);
    for (const kilobytes of [1, 10, 100]) {
      const content = body(kilobytes << 10);
      const texts = Array.from({ length: kilobytes }, () => ({
        pointer: "/input/0/content",
        kind: "message" as const,
        role: "user" as const,
        text: "x".repeat(1024),
      }));
      const facts: Facts = { ...toSampleFacts("request"), body: content, texts };
      print(
        `request, a rule reads the ${what}, ${kilobytes} KB`,
        measure(() => snapshot.evaluate(facts), 100),
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
