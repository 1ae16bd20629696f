// What counts as a decision.

import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import type { Phase } from "../exchange.ts";
import { NO_EFFECTS, parseDecision } from "./decision.ts";
import { toSampleFacts } from "./sample-facts.ts";

const EMPTY = { v: 1, data_rev: "r", ...NO_EFFECTS, limit: [] };
const facts = toSampleFacts("tool_call");
const CLASSES: ReadonlySet<string> = new Set(["email", "phone", "secret", "c"]);
const parse = (decision: unknown) => parseDecision([{ result: decision }], "r", facts, CLASSES);

function codeOf(task: () => unknown): string {
  try {
    task();
    return "none";
  } catch (error) {
    return error instanceof GatewayError ? error.code : "other";
  }
}

describe("parseDecision", () => {
  it("gives the effects", () => {
    const decision = {
      ...EMPTY,
      allow: [{ code: "a" }],
      deny: [{ code: "b", call: "call_1", as: "error" }],
      observe: [{ code: "c" }],
      record: [{ code: "d", texts: "original" }],
      label: [{ code: "e", label: "tainted" }],
      mask: [{ code: "m", class: "email", with: "token", direction: "request", kinds: ["message"] }],
      share: [
        { code: "g", object: 0 },
        { code: "g", kind: "file", group: "research" },
      ],
      forward: [{ code: "h" }],
      need: [{ code: "f", fact: "tokens.exact" }],
    };
    const { allow, deny, observe, mask, record, label, share, forward, need } = decision;
    const none = { require_approval: [], set: [], limit: [] };
    const given = { ...none, allow, deny, observe, mask, record, label, share, forward, need };
    expect(parse(decision)).toEqual(given);
  });

  it("refuses anything but one result", () => {
    const one = { result: EMPTY };
    for (const results of [
      undefined,
      null,
      "x",
      {},
      [],
      [one, one],
      [EMPTY],
      [{ result: null }],
      [{ result: [] }],
    ])
      expect(codeOf(() => parseDecision(results, "r", facts, CLASSES))).toBe("policy_unavailable");
  });

  it("refuses another version or data revision", () => {
    for (const change of [{ v: 2 }, { v: "1" }, { v: undefined }, { data_rev: "s" }, { data_rev: undefined }])
      expect(codeOf(() => parse({ ...EMPTY, ...change }))).toBe("policy_unavailable");
  });

  it("refuses a decision that lacks any effect", () => {
    for (const name of Object.keys(EMPTY)) {
      const lacking = Object.fromEntries(Object.entries(EMPTY).filter(([key]) => key !== name));
      expect(codeOf(() => parse(lacking))).toBe("policy_unavailable");
    }
  });

  it("takes a mask of fields, in the phase of the request alone, and none that names them wrongly", () => {
    const mask = [{ code: "x", fields: ["ssn", "customer.ssn", "/a~1b/*/ssn"], with: "token" }];
    const request = toSampleFacts("request");
    const ask = (one: unknown) => parseDecision([{ result: { ...EMPTY, mask: one } }], "r", request, CLASSES);
    expect(ask(mask).mask).toEqual(mask);
    expect(codeOf(() => parse({ ...EMPTY, mask }))).toBe("policy_effect_unsupported");
    for (const fields of [
      [],
      [""],
      ["a..b"],
      ["/"],
      ["/a//b"],
      ["/a~2"],
      ["*"],
      [1],
      "ssn",
      Array(65).fill("a"),
    ])
      expect(codeOf(() => ask([{ code: "x", fields }]))).toBe("policy_effect_unsupported");
    const both = { code: "x", class: "email", fields: ["ssn"] };
    expect(codeOf(() => ask([both]))).toBe("policy_unavailable");
    const restores = { code: "x", fields: ["ssn"], with: "placeholder", restore: ["message"] };
    expect(codeOf(() => ask([restores]))).toBe("policy_unavailable");
  });

  it("refuses a mask of no class, and one that restores what it does not keep", () => {
    expect(codeOf(() => parse({ ...EMPTY, mask: [{ code: "x" }] }))).toBe("policy_unavailable");
    const restores = { code: "x", class: "email", with: "token", restore: ["message"] };
    expect(codeOf(() => parse({ ...EMPTY, mask: [restores] }))).toBe("policy_unavailable");
  });

  it("refuses effects that it does not have", () => {
    expect(codeOf(() => parse({ ...EMPTY, limit: [{ code: "x" }] }))).toBe("policy_effect_unsupported");
    expect(codeOf(() => parse({ ...EMPTY, teleport: [] }))).toBe("policy_effect_unsupported");
    for (const effect of [
      { code: "x", to: "moon" },
      { code: "x", as: "gift" },
      { code: "x", texts: "some" },
      { code: "x", fact: "age" },
      { code: "x", class: "email", with: "glue" },
      { code: "x", class: "email", direction: "up" },
      { code: "x", class: "email", kinds: ["poem"] },
      { code: "x", class: "email", with: "placeholder", restore: ["poem"] },
    ])
      expect(codeOf(() => parse({ ...EMPTY, deny: [effect] }))).toBe("policy_effect_unsupported");
  });

  it("gives what people are asked, before a request goes on alone, and where somebody can answer", () => {
    const asked = { code: "x", from: [["a", "b"], ["c"]], within_s: 60 };
    const ask = (effect: object, phase: Phase = "request", count = 1) =>
      parseDecision(
        [{ result: { ...EMPTY, require_approval: Array.from({ length: count }, () => effect) } }],
        "r",
        toSampleFacts(phase),
        CLASSES,
      );
    expect(ask(asked).require_approval).toEqual([asked]);
    const whole = { ...asked, about: "m", question: "May it?", people: 2, allows: "once", as: "error" };
    expect(ask(whole).require_approval).toEqual([whole]);
    for (const phase of ["answer", "finding", "tool_call", "end", "whole"] as const)
      expect(codeOf(() => ask(asked, phase))).toBe("policy_effect_unsupported");
    for (const wrong of [
      { from: undefined },
      { from: [] },
      { from: [[]] },
      { from: ["a"] },
      { from: [[""]] },
      { within_s: undefined },
      { within_s: 0 },
      { within_s: 1e9 },
      { people: 0 },
      { people: 1.5 },
      { people: "2" },
      { question: " " },
      { allows: "always" },
      { call: "call_1" },
      { anyone: true },
    ]) {
      const effect = Object.entries({ ...asked, ...wrong }).filter(([, value]) => value !== undefined);
      expect(codeOf(() => ask(Object.fromEntries(effect)))).not.toBe("none");
    }
    expect(codeOf(() => ask(asked, "request", 17))).toBe("policy_effect_unsupported");
    expect(codeOf(() => parse({ ...EMPTY, deny: [asked] }))).toBe("policy_effect_unsupported");
  });

  it("gives limits that are whole, in the phase of the request alone", () => {
    const limit = { code: "q", name: "per-minute", key: "", unit: "requests", limit: 10, window: "minute" };
    const request = toSampleFacts("request");
    const parseOf = (decision: unknown, of = request) =>
      parseDecision([{ result: decision }], "r", of, CLASSES);
    const { window: _, ...once } = { ...limit, unit: "concurrent" };
    expect(parseOf({ ...EMPTY, limit: [limit, once] }).limit).toEqual([limit, once]);
    expect(parseOf({ ...EMPTY, observe: [limit] }).observe).toEqual([limit]);
    for (const wrong of [
      { code: "q" },
      { ...limit, name: "Per minute" },
      { ...limit, unit: "wishes" },
      { ...limit, limit: -1 },
      { ...limit, limit: 0.5 },
      { ...limit, window: 0 },
      { ...limit, window: "fortnight" },
      { ...limit, unit: "concurrent" },
      { ...limit, sliding: true },
      { ...limit, soft: false },
      { ...once, unit: "requests" },
      { ...limit, key: undefined },
      { ...limit, colour: "red" },
    ])
      expect(codeOf(() => parseOf({ ...EMPTY, limit: [wrong] }))).toBe("policy_effect_unsupported");
    for (const set of ["limit", "observe"])
      expect(codeOf(() => parseOf({ ...EMPTY, [set]: [limit] }, facts))).toBe("policy_effect_unsupported");
  });

  it("gives what is set, in the phase of the request alone", () => {
    const set = [
      { code: "x", parameter: "max_output_tokens", at_most: 100 },
      { code: "x", parameter: "temperature", at_least: 0.2 },
      { code: "x", parameter: "store", to: false },
      { code: "x", parameter: "service_tier", to: "default" },
      { code: "x", parameter: "seed", strip: true },
      { code: "x", parameter: "tools", without: [{ type: "web_search" }, { name: "run_sql" }] },
    ];
    const request = toSampleFacts("request");
    expect(parseDecision([{ result: { ...EMPTY, set } }], "r", request, CLASSES).set).toEqual(set);
    expect(codeOf(() => parse({ ...EMPTY, set }))).toBe("policy_effect_unsupported");
  });

  it.each([
    {},
    { parameter: "store" },
    { to: false },
    { parameter: "model", to: "gpt-5" },
    { parameter: "input", strip: true },
    { parameter: "instructions", to: "be kind" },
    { parameter: "previous_response_id", strip: true },
    { parameter: "toString", strip: true },
    { parameter: "store", to: "false" },
    { parameter: "store", at_most: 1 },
    { parameter: "store", strip: false },
    { parameter: "temperature", to: 0, at_most: 1 },
    { parameter: "temperature", to: 3 },
    { parameter: "temperature", at_most: "1" },
    { parameter: "max_output_tokens", at_most: 1.5 },
    { parameter: "max_output_tokens", at_most: 0 },
    { parameter: "service_tier", to: "two words" },
    { parameter: "tools", to: false },
    { parameter: "tools", without: [] },
    { parameter: "tools", without: [{}] },
    { parameter: "tools", without: [{ type: "mcp", label: "x" }] },
    { parameter: "store", without: [{ type: "mcp" }] },
  ])("refuses to set %j", (effect) => {
    const decision = { ...EMPTY, set: [{ code: "x", ...effect }] };
    const request = toSampleFacts("request");
    expect(codeOf(() => parseDecision([{ result: decision }], "r", request, CLASSES))).toBe(
      "policy_effect_unsupported",
    );
  });

  it("refuses masks of classes that nothing finds, and to keep such", () => {
    const mask = [{ code: "x", class: "emial" }];
    expect(codeOf(() => parse({ ...EMPTY, mask }))).toBe("policy_effect_unsupported");
    const record = [{ code: "x", originals: "fields" }];
    expect(codeOf(() => parse({ ...EMPTY, record }))).toBe("policy_effect_unsupported");
    expect(parse({ ...EMPTY, record: [{ code: "x", originals: "field" }] }).record).toHaveLength(1);
  });

  it("refuses effects without a code", () => {
    for (const effect of [null, "x", [], {}, { code: "" }, { code: 1 }])
      expect(codeOf(() => parse({ ...EMPTY, deny: [effect] }))).toBe("policy_unavailable");
    expect(codeOf(() => parse({ ...EMPTY, deny: {} }))).toBe("policy_unavailable");
  });

  it("refuses an effect on a call that was not asked about", () => {
    expect(codeOf(() => parse({ ...EMPTY, deny: [{ code: "x", call: "call_9" }] }))).toBe(
      "policy_unavailable",
    );
    const request = toSampleFacts("request");
    const decision = { ...EMPTY, deny: [{ code: "x", call: "call_1" }] };
    expect(codeOf(() => parseDecision([{ result: decision }], "r", request, CLASSES))).toBe(
      "policy_unavailable",
    );
  });
});
