// What a policy must survive and what it must refuse, with real bundles in the real engine.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildFixture } from "../../test/policy/fixture-bundle.ts";
import { createKeptLog } from "../../test/policy/silent-log.ts";
import { GatewayError, type ErrorCode } from "../errors.ts";
import type { Facts, JsonObject } from "../exchange.ts";
import { factsSchema } from "./facts-schema.ts";
import { createPolicy, type Policy, type PolicyDeps, type PolicySnapshot } from "./load.ts";
import { toSampleFacts } from "./sample-facts.ts";
import { TimeLimitError } from "./time-limit.ts";

/** One module that fails in the way that the model's name asks for. */
const HOSTILE = `
request := plain if not input.request.model in {"nothing", "conflict", "runaway", "hoard", "wrong_v", "wrong_rev", "extra", "mask", "lacking", "odd_effect", "odd_call", "deny_all"}
request := object.union(plain, {"v": 2}) if input.request.model == "wrong_v"
request := object.union(plain, {"data_rev": "other"}) if input.request.model == "wrong_rev"
request := object.union(plain, {"teleport": {{"code": "x"}}}) if input.request.model == "extra"
request := object.union(plain, {"mask": {{"code": "x"}}}) if input.request.model == "mask"
request := object.remove(plain, {"deny"}) if input.request.model == "lacking"
request := object.union(plain, {"deny": {{"code": "x", "teleport": 1}}}) if input.request.model == "odd_effect"
request := object.union(plain, {"deny": {{"code": "x", "call": "call_9"}}}) if input.request.model == "odd_call"
request := object.union(plain, {"deny": {{"code": "x"}}}) if input.request.model == "deny_all"
request := plain if input.request.model == "conflict"
request := object.union(plain, {"need": {{"code": "x"}}}) if input.request.model == "conflict"
request := plain if {
	input.request.model == "runaway"
	many := numbers.range(1, 3000)
	some x in many
	some y in many
	some z in many
	x == y
	y == z
	z == 0
}
request := plain if {
	input.request.model == "hoard"
	count({[x, y, sprintf_free] | some x in numbers.range(1, 4000); some y in numbers.range(1, 4000); sprintf_free := concat("", ["a", format_int(x, 10)])}) < 0
}
`;

let folder = "";
let files = 0;
const opened: Policy[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-policy-"));
});
afterAll(() => {
  for (const policy of opened) policy.close();
  rmSync(folder, { recursive: true });
});

function put(bytes: Buffer | string, name?: string): string {
  files += 1;
  const path = join(folder, name ?? `${files}.tar.gz`);
  writeFileSync(path, bytes);
  return path;
}

async function open(bundle: Buffer, more: Partial<PolicyDeps> = {}): Promise<Policy> {
  const policy = await createPolicy({
    bundlePath: put(bundle),
    operatorPath: null,
    trust: null,
    checkPatterns: () => {},
    log: createKeptLog(),
    ...more,
  });
  opened.push(policy);
  return policy;
}

function facts(model: string, more: Partial<Facts> = {}): Facts {
  const sample = toSampleFacts("request");
  return { ...sample, ...more, request: { ...sample.request, ...more.request, model } };
}

function codeOf(task: () => unknown): ErrorCode | "none" {
  try {
    task();
    return "none";
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return error.code;
  }
}

describe("a policy that fails", () => {
  let snapshot: PolicySnapshot;
  let policy: Policy;
  beforeAll(async () => {
    policy = await open(await buildFixture({ rego: HOSTILE, metadata: {} }), {
      limits: { evaluationMs: 100 },
    });
    snapshot = policy.current();
  });

  const expected = {
    nothing: "policy_unavailable",
    conflict: "policy_unavailable",
    wrong_v: "policy_unavailable",
    wrong_rev: "policy_unavailable",
    lacking: "policy_unavailable",
    odd_call: "policy_unavailable",
    hoard: "policy_unavailable",
    extra: "policy_effect_unsupported",
    mask: "policy_unavailable",
    odd_effect: "policy_effect_unsupported",
  } as const;
  for (const [model, code] of Object.entries(expected))
    it(`refuses with ${code} when it is of the kind "${model}"`, () => {
      expect(codeOf(() => snapshot.evaluate(facts(model)))).toBe(code);
      expect(codeOf(() => snapshot.evaluate(facts("fine")))).toBe("none");
    });

  it("decides rightly after 1,200 evaluations that threw", () => {
    for (let round = 0; round < 1200; round += 1) {
      expect(codeOf(() => snapshot.evaluate(facts("conflict")))).toBe("policy_unavailable");
      if (round % 100 === 0) expect(snapshot.evaluate(facts("deny_all")).deny).toEqual([{ code: "x" }]);
    }
    expect(snapshot.evaluate(facts("fine")).allow).toEqual([{ code: "plain" }]);
  });

  it("is not disarmed by 10,000 poisonous inputs", () => {
    let deep: JsonObject = {};
    for (let depth = 0; depth < 60_000; depth += 1) deep = { deep };
    const huge = "x".repeat(3 << 20);
    const { caller } = toSampleFacts("request");
    for (let round = 0; round < 10_000; round += 1) {
      const poison =
        round % 500 === 0
          ? facts(huge)
          : round % 500 === 1
            ? { ...facts("fine"), request: { ...facts("fine").request, roles: { ...deep } } }
            : facts(`\ud800${round}`, { caller: { ...caller, claims: { "\udfff": "\ud800\ud800" } } });
      const code = codeOf(() => snapshot.evaluate(poison as Facts));
      expect(["none", "policy_unavailable", "policy_input_too_large"]).toContain(code);
      if (round % 250 === 0) {
        expect(snapshot.evaluate(facts("deny_all")).deny).toEqual([{ code: "x" }]);
        expect(codeOf(() => snapshot.evaluate(facts("nothing")))).toBe("policy_unavailable");
      }
    }
  });

  it("says in its status that instances were dropped, and logs it at most once a second", () => {
    expect(policy.status().dropped).toBeGreaterThan(1200);
  });
});

describe("time", () => {
  const timeIsUp = expect.objectContaining({ code: "policy_unavailable", cause: expect.any(TimeLimitError) });

  it("ends a runaway evaluation over a large input, and decides the next one", async () => {
    const bundle = await buildFixture({ rego: HOSTILE, metadata: {} });
    const policy = await open(bundle, { limits: { evaluationMs: 50, unguardedChars: 4096 } });
    const roles = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`role_${index}`, index]));
    const runaway = facts("runaway");
    const large = { ...runaway, request: { ...runaway.request, roles } };
    expect(() => policy.current().evaluate(large)).toThrow(timeIsUp);
    expect(codeOf(() => policy.current().evaluate(facts("fine")))).toBe("none");
  });

  it("ends a runaway evaluation that reads the body, and decides the next one", async () => {
    const reads = { ...others(), request: ["/body", "/request", "/v"] };
    const bundle = await buildFixture({ rego: HOSTILE, metadata: { reads } });
    const policy = await open(bundle, { limits: { evaluationMs: 50 } });
    expect(() => policy.current().evaluate(facts("runaway", { body: {} }))).toThrow(timeIsUp);
    expect(codeOf(() => policy.current().evaluate(facts("fine", { body: {} })))).toBe("none");
  });

  it("refuses at load a policy that takes too long", async () => {
    const rego = `request := plain if {
	many := numbers.range(1, 3000)
	some x in many
	some y in many
	x == y
	y == input.request.n - 1
} else := plain`;
    const bundle = await buildFixture({ rego, metadata: {} });
    await expect(open(bundle, { trial: { evaluationMs: 50 } })).rejects.toThrow("took longer than 50 ms");
    await expect(open(bundle, { trial: { evaluationMs: 60_000, largestMs: 5 } })).rejects.toThrow(
      "ms for the largest facts",
    );
  });
});

function others(): Record<string, string[]> {
  return Object.fromEntries(
    ["answer", "finding", "tool_call", "end", "whole"].map((phase) => [phase, ["/v"]]),
  );
}

describe("what a policy reads", () => {
  it("refuses facts without a body where the bundle does not say what it reads", async () => {
    const policy = await open(await buildFixture({ rego: "request := plain" }));
    expect(policy.current().reads).toEqual({ body: true, texts: true });
    expect(codeOf(() => policy.current().evaluate(facts("fine")))).toBe("policy_input_too_large");
    expect(codeOf(() => policy.current().evaluate(facts("fine", { body: {}, texts: [] })))).toBe("none");
  });

  it("is asked without what it does not read", async () => {
    const rego = `request := object.union(plain, {"label": {{"code": "seen", "label": concat(",", sort(object.keys(input)))}}})`;
    const reads = { ...others(), request: ["/request/model", "/v", "/caller/groups"] };
    const policy = await open(await buildFixture({ rego, metadata: { reads } }));
    expect(policy.current().reads).toEqual({ body: false, texts: false });
    expect(policy.current().evaluate(facts("fine", { body: { secret: 1 } })).label[0]?.label).toBe(
      "caller,request,v",
    );
  });

  it("refuses content over the limit without asking", async () => {
    const reads = { ...others(), request: ["/body", "/v"] };
    const policy = await open(await buildFixture({ rego: "request := plain", metadata: { reads } }), {
      limits: { inputBytes: 400_000 },
    });
    expect(codeOf(() => policy.current().evaluate(facts("fine", { body: "x".repeat(400_000) })))).toBe(
      "policy_input_too_large",
    );
    expect(codeOf(() => policy.current().evaluate(facts("fine", { body: "ü".repeat(300_000) })))).toBe(
      "policy_input_too_large",
    );
    expect(codeOf(() => policy.current().evaluate(facts("fine", { body: "x" })))).toBe("none");
  });
});

describe("a decision about an answer", () => {
  it("is remembered for the facts that the rules read, and for no others", async () => {
    const rego = `tool_call := plain if not drops
tool_call := object.union(plain, {"deny": {{"code": "drops", "call": input.calls[0].id}}}) if drops
drops if "drop_database" in input.calls[0].sql.kinds`;
    const policy = await open(await buildFixture({ rego: `request := plain\n${rego}`, metadata: {} }));
    const facts = toSampleFacts("tool_call");
    const [call] = facts.calls ?? [];
    const dropping = { ...facts, calls: [{ ...call, sql: { ...call?.sql, kinds: ["drop_database"] } }] };
    const first = policy.current().evaluate(facts);
    expect(policy.current().evaluate({ ...facts, id: "other" })).toBe(first);
    expect(policy.current().evaluate(factsSchema.parse(dropping)).deny).toEqual([
      { code: "drops", call: "call_1" },
    ]);
    expect(policy.current().evaluate(facts)).toBe(first);
  });

  it("is asked for anew by each request, whatever was answered before", async () => {
    const rego = `request := plain if not is_bad
request := object.union(plain, {"deny": {{"code": "bad"}}}) if is_bad
is_bad if input.request.model == "bad"`;
    const policy = await open(await buildFixture({ rego, metadata: {} }));
    const models = ["x", "bad", "y", "bad", "x"];
    expect(models.map((model) => policy.current().evaluate(facts(model)).deny.length)).toEqual([
      0, 1, 0, 1, 0,
    ]);
  });
});

describe("a bundle", () => {
  const careless = `request := {
	"v": 1, "data_rev": "x", "allow": {{"code": "plain"}}, "deny": set(), "observe": set(), "require_approval": set(),
	"limit": set(), "mask": set(), "set": set(), "record": set(), "label": set(), "share": set(), "forward": set(), "need": set(),
}`;

  it("is refused when it decides without input", async () => {
    await expect(open(await buildFixture({ rego: careless, metadata: {} }))).rejects.toThrow(
      "decides without input",
    );
  });

  it("is refused when it calls a builtin that the engine lacks", async () => {
    const rego = `request := plain if time.now_ns() > 0`;
    await expect(open(await buildFixture({ rego, metadata: {} }))).rejects.toThrow("time.now_ns");
  });

  it("is refused when its rules use regular expressions, unless the operator allows at most 50", async () => {
    const rego = 'request := plain if not regex.match("a+b", input.request.model)';
    const few = await buildFixture({ rego, metadata: { rego_patterns: 1 } });
    await expect(open(few)).rejects.toThrow("regex or glob");
    expect((await open(few, { allowRegoPatterns: true })).current().evaluate(facts("x")).allow).toHaveLength(
      1,
    );
    const many = await buildFixture({ rego, metadata: { rego_patterns: 51 } });
    await expect(open(many, { allowRegoPatterns: true })).rejects.toThrow("more than 50");
    await expect(open(await buildFixture({ rego }), { allowRegoPatterns: true })).rejects.toThrow(
      "do not say how many",
    );
  });

  it("is refused when one of its patterns cannot be compiled", async () => {
    const bundle = await buildFixture({
      rego: "request := plain",
      metadata: {},
      data: { patterns: { bad: {} } },
    });
    const checkPatterns = (patterns: JsonObject): void => {
      throw new GatewayError("detector_failed", `Pattern ${Object.keys(patterns).join()} is wrong.`);
    };
    await expect(open(bundle, { checkPatterns })).rejects.toThrow("Pattern bad is wrong.");
  });

  it("is refused when a canary is decided otherwise than it says", async () => {
    const canaries = [{ name: "birds", facts: { phase: "request" }, decision: { deny: [{ code: "x" }] } }];
    await expect(
      open(await buildFixture({ rego: "request := plain", metadata: { canaries } })),
    ).rejects.toThrow('canary "birds"');
  });

  it("is refused when its data names an effect or a code that nobody knows", async () => {
    const misspelt = { params: { effects: { x: "obsreve" } } };
    await expect(open(await buildFixture({ rego: "request := plain", data: misspelt }))).rejects.toThrow(
      "malformed",
    );
    const unknown = { params: { effects: { x: "observe" } } };
    await expect(
      open(await buildFixture({ rego: "request := plain", metadata: {}, data: unknown })),
    ).rejects.toThrow("code x");
  });

  it("is refused when it is cut short", async () => {
    const bundle = await buildFixture({ rego: "request := plain", metadata: {} });
    await expect(open(bundle.subarray(0, bundle.length - 200))).rejects.toThrow("refused");
  });

  it("gets its patterns' table back, and its engine none of it", async () => {
    const rego = `request := object.union(plain, {"label": {{"code": "seen", "label": "has patterns"}}}) if data.gateway.patterns else := plain`;
    const policy = await open(
      await buildFixture({ rego, metadata: {}, data: { patterns: { one: { class: "x" } } } }),
    );
    expect(policy.current().patterns).toEqual({ one: { class: "x" } });
    expect(policy.current().evaluate(facts("fine")).label).toEqual([]);
  });
});

describe("memory", () => {
  it("has a maximum that a hoarding policy reaches without harm", async () => {
    const policy = await open(await buildFixture({ rego: HOSTILE, metadata: {} }));
    const before = process.memoryUsage().rss;
    for (let round = 0; round < 3; round += 1)
      expect(codeOf(() => policy.current().evaluate(facts("hoard")))).toBe("policy_unavailable");
    expect(process.memoryUsage().rss - before).toBeLessThan(400 << 20);
    expect(codeOf(() => policy.current().evaluate(facts("fine")))).toBe("none");
  });
});

describe("a change of the files", () => {
  const say = (word: string) =>
    buildFixture({
      rego: `request := object.union(plain, {"label": {{"code": "${word}"}}})`,
      metadata: {},
      data: { params: { lists: { connectors: [] } } },
    });

  it("takes effect on reload, while an exchange keeps the policy that it began with", async () => {
    const policy = await open(await say("first"), { bundlePath: put(await say("first"), "changing.tar.gz") });
    const began = policy.current();
    put(await say("second"), "changing.tar.gz");
    await policy.reload();
    expect(policy.current().evaluate(facts("x")).label).toEqual([{ code: "second" }]);
    expect(began.evaluate(facts("x")).label).toEqual([{ code: "first" }]);
  });

  it("leaves the last good policy in force when the new one is bad, and says why", async () => {
    const log = createKeptLog();
    const policy = await open(await say("good"), { bundlePath: put(await say("good"), "bad.tar.gz"), log });
    // It is older than the rules that hold tokens and agents.
    expect(log.lines.join()).toContain("agents to their tools (agent_tool_not_allowed)");
    put("no bundle", "bad.tar.gz");
    await expect(policy.reload()).rejects.toThrow("no gzip");
    expect(policy.status().problem?.message).toContain("no gzip");
    expect(policy.current().evaluate(facts("x")).label).toEqual([{ code: "good" }]);
    expect(log.lines.join()).toContain("last good one stays");
    put(await say("good"), "bad.tar.gz");
    await policy.reload();
    expect(policy.status().problem).toBeNull();
  });

  it("is noticed by itself where files are watched", async () => {
    const path = put(await say("first"), "watched.tar.gz");
    const policy = await open(await say("first"), { bundlePath: path, pollMs: 20 });
    using _ = policy.watch();
    put(await say("second"), "watched.tar.gz");
    await expect
      .poll(() => policy.current().evaluate(facts("x")).label, { timeout: 5000 })
      .toEqual([{ code: "second" }]);
  });

  it("comes into force only once it is noted, with the operator's data; what could not be noted is tried again", async () => {
    const noted: unknown[] = [];
    const state = { isAway: false };
    const path = put(await say("first"), "noted.tar.gz");
    const operatorPath = put("{}", "noted.yaml");
    const policy = await open(await say("first"), {
      bundlePath: path,
      operatorPath,
      pollMs: 20,
      async beforeInForce({ version, operator }) {
        if (state.isAway) throw new Error("away");
        noted.push([version.dataRevision, operator?.data]);
      },
    });
    const { dataRevision } = policy.current().version;
    expect(noted).toEqual([[dataRevision, {}]]);
    using _ = policy.watch();
    state.isAway = true;
    put("lists: {connectors: [connector_a]}\n", "noted.yaml");
    await expect.poll(() => policy.status().problem?.message, { timeout: 5000 }).toBe("away");
    expect(policy.current().version.dataRevision).toBe(dataRevision);
    state.isAway = false;
    await expect.poll(() => policy.current().version.dataRevision, { timeout: 5000 }).not.toBe(dataRevision);
    expect(noted.at(-1)).toEqual([
      policy.current().version.dataRevision,
      { lists: { connectors: ["connector_a"] } },
    ]);
    expect(policy.status().problem).toBeNull();
  });

  it("is refused at start where it cannot be noted", async () => {
    const beforeInForce = () => Promise.reject(new Error("away"));
    await expect(open(await say("x"), { beforeInForce })).rejects.toThrow("away");
    expect((await open(await say("x"))).current().operator).toBeNull();
  });

  it("changes the data revision with the operator's file", async () => {
    const operatorPath = put("{}", "operator.yaml");
    const policy = await open(await say("x"), { bundlePath: put(await say("x"), "op.tar.gz"), operatorPath });
    const before = policy.current().version;
    put("lists: {connectors: [connector_a]}\n", "operator.yaml");
    await policy.reload();
    expect(policy.current().version.revision).toBe(before.revision);
    expect(policy.current().version.dataRevision).not.toBe(before.dataRevision);
  });

  it("is refused at start without a bundle", async () => {
    await expect(open(Buffer.alloc(0), { bundlePath: join(folder, "nowhere.tar.gz") })).rejects.toThrow(
      "cannot be read",
    );
  });
});
