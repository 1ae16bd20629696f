// The cases in test/cases: each is decided by OPA itself and by the bundle in the gateway's engine, which must agree with
// each other and with the case. Texts and calls go through the gateway's own matcher and readers first.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createCallReader } from "../gateway/detect/call-facts.ts";
import { SIGNALS } from "../gateway/detect/signal-table.ts";
import { createSignalScanner } from "../gateway/detect/signals.ts";
import { loadSqlParser } from "../gateway/detect/sql.ts";
import { parsePatternTable } from "../gateway/detect/values/pattern-spec.ts";
import { createDetectorCompiler, type Detector } from "../gateway/detect/values/values.ts";
import { GatewayError } from "../gateway/errors.ts";
import type { Decision, Facts } from "../gateway/exchange.ts";
import { addSignals, toInjection, toPlace, type PlacedSignals } from "../gateway/injection.ts";
import { DECISION_SETS } from "../gateway/policy/decision.ts";
import { factsSchema } from "../gateway/policy/facts-schema.ts";
import { createPolicy, type Policy } from "../gateway/policy/load.ts";
import { toSampleFacts } from "../gateway/policy/sample-facts.ts";
import { findOpa } from "../gateway/policy-build/run-opa.ts";
import { createKeptLog } from "./policy/silent-log.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const effect = z.union([z.string(), z.looseObject({ code: z.string() })]);
const caseShape = z.strictObject({
  name: z.string(),
  phase: factsSchema.shape.phase,
  /** Laid over an ordinary exchange's facts, objects within objects. */
  facts: z.record(z.string(), z.unknown()).default({}),
  texts: z
    .array(
      z.strictObject({
        kind: factsSchema.shape.texts.unwrap().unwrap().element.shape.kind,
        role: z.string(),
        text: z.string(),
      }),
    )
    .default([]),
  calls: z
    .array(
      z.strictObject({
        id: z.string(),
        type: z.string(),
        name: z.string().nullable(),
        arguments: z.string(),
      }),
    )
    .optional(),
  operator: z.record(z.string(), z.unknown()).optional(),
  /** The effects that are not empty: codes, or effects as they are. */
  decision: z.record(z.string(), z.array(effect)),
});
type Case = z.infer<typeof caseShape>;

const EFFECTS = [...DECISION_SETS, "limit"] as const;

const files = readdirSync(path("cases"))
  .filter((name) => name.endsWith(".json") && name !== "canaries.json")
  .map((name) => ({
    name,
    cases: z.array(caseShape).parse(JSON.parse(readFileSync(join(path("cases"), name), "utf8"))),
  }));

function merge(base: unknown, over: unknown): unknown {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(base) || !isObject(over)) return over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => [key, key in over ? merge(base[key], over[key]) : base[key]]),
  );
}

/** A case need not say what a denial is about. */
function withoutAbout(value: z.infer<typeof effect>): z.infer<typeof effect> {
  if (typeof value === "string") return value;
  const { about: _, ...rest } = value;
  return rest;
}

/** Gives an effect as a text that is the same in whatever order its fields stand. */
function toText(value: z.infer<typeof effect>): string {
  return typeof value === "string"
    ? value
    : JSON.stringify(
        Object.keys(value)
          .toSorted()
          .map((key) => [key, value[key]]),
      );
}

const reader = createSignalScanner(SIGNALS);
let folder = "";
let scanner: Detector;
let policies: Map<string, Policy>;

async function policyWith(operator: Case["operator"]): Promise<Policy> {
  const text = operator === undefined ? "" : JSON.stringify(operator);
  let policy = policies.get(text);
  if (policy === undefined) {
    const operatorPath = operator === undefined ? null : join(folder, `${policies.size}.yaml`);
    if (operatorPath !== null) writeFileSync(operatorPath, text);
    policy = await createPolicy({
      bundlePath: path("../bundles/default.tar.gz"),
      operatorPath,
      trust: null,
      checkPatterns: () => {},
      log: createKeptLog(),
      trial: { warmUps: 0 },
    });
    policies.set(text, policy);
  }
  return policy;
}

function toFacts({ phase, facts, texts, calls }: Case): Facts {
  const patterns: Record<string, number> = {};
  const findings: Record<string, number> = {};
  let signals: PlacedSignals = {};
  for (const { kind, text } of texts) {
    const place = toPlace({ kind });
    if (place !== null && phase === "request") signals = addSignals(signals, place, reader.scan(text));
    for (const found of scanner.scan(text, kind, phase === "request" ? "request" : "answer")) {
      patterns[found.id] = (patterns[found.id] ?? 0) + 1;
      findings[found.class] = (findings[found.class] ?? 0) + 1;
    }
  }
  const readCall = createCallReader({ scanner });
  const read = calls?.map((call) => readCall({ ...call, pointer: "/output/0" }));
  const injection = toInjection(reader, signals);
  const found = { patterns, findings, injection, ...(read !== undefined && { calls: read }) };
  return factsSchema.parse(merge({ ...toSampleFacts(phase), ...found }, facts));
}

/** Has OPA decide all cases of a file in one run. */
async function decideNatively(
  cases: readonly Case[],
): Promise<readonly Record<string, z.infer<typeof effect>[]>[]> {
  const input = { cases: cases.map((one) => ({ facts: toFacts(one), operator: one.operator ?? {} })) };
  // `with` takes variables: a reference after `as` is evaluated under the new input.
  const query =
    "[d | some c in input.cases; facts := c.facts; phase := facts.phase; operator := c.operator; " +
    "d := data.gateway.main[phase] with input as facts with data.gateway.operator as operator " +
    'with data.gateway.rev as "native"]';
  const args = [
    "eval",
    "--format",
    "json",
    "--stdin-input",
    "--strict-builtin-errors",
    "--data",
    path("../rego"),
    query,
  ];
  const said: unknown = JSON.parse(
    await findOpa().run(args, { input: JSON.stringify(input).toWellFormed() }),
  );
  const shape = z.object({
    result: z.tuple([
      z.object({ expressions: z.tuple([z.object({ value: z.array(z.record(z.string(), z.unknown())) })]) }),
    ]),
  });
  return shape
    .parse(said)
    .result[0].expressions[0].value.map((decision) =>
      Object.fromEntries(EFFECTS.map((name) => [name, z.array(effect).parse(decision[name])])),
    );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-cases-"));
  policies = new Map();
  await loadSqlParser();
  scanner = createDetectorCompiler(null)(parsePatternTable((await policyWith(undefined)).current().patterns));
});
afterAll(() => {
  for (const policy of policies.values()) policy.close();
  rmSync(folder, { recursive: true });
});

for (const { name, cases } of files)
  describe(`the cases of ${name}`, () => {
    let native: Awaited<ReturnType<typeof decideNatively>>;
    beforeAll(async () => {
      native = await decideNatively(cases);
      expect(native).toHaveLength(cases.length);
    });

    for (const [index, one] of cases.entries())
      it(one.name, async () => {
        const decided = native[index] ?? {};
        for (const name of EFFECTS) {
          // What is masked out of the box is masked in every case: only those that are about it say so.
          if (name === "mask" && one.decision[name] === undefined) continue;
          const given = decided[name] ?? [];
          const expected = one.decision[name] ?? [];
          const isByCode = expected.some((each) => typeof each === "string");
          const isAboutSome = expected.some((each) => typeof each === "object" && "about" in each);
          const shown = isByCode
            ? given.map((each) => (typeof each === "string" ? each : each.code))
            : given.map((each) => (isAboutSome ? each : withoutAbout(each)));
          expect(shown.map(toText).toSorted(), `${name}, by OPA`).toEqual(expected.map(toText).toSorted());
        }

        let inEngine: Decision | string;
        try {
          inEngine = (await policyWith(one.operator)).current().evaluate(toFacts(one));
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          inEngine = error.code;
        }
        const unsupported = ["limit", "set", ...(one.phase === "request" ? [] : ["require_approval"])];
        const isUnsupported = unsupported.some((name) => (decided[name] ?? []).length > 0);
        if (isUnsupported || typeof inEngine === "string") {
          expect(inEngine).toBe(isUnsupported ? "policy_effect_unsupported" : "a decision");
          return;
        }
        for (const name of DECISION_SETS) {
          const given = inEngine[name].map((each) => toText({ ...each })).toSorted();
          expect(given, `${name}, in the engine`).toEqual((decided[name] ?? []).map(toText).toSorted());
        }
      });
  });
