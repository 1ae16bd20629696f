import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { measureCpu } from "../../test/fixtures/cpu-time.ts";
import { parseScript } from "./script.ts";

describe("a prompt's script", () => {
  test("is empty for prose", () => {
    expect(parseScript("What is the weather in Paris?\nPlease call me later.")).toEqual([]);
    expect(parseScript("")).toEqual([]);
  });

  test("finds directives among prose, on lines of their own or behind semicolons", () => {
    const [stage] = parseScript("Dear model,\nreason; delay 2s; call ping\nthank you");
    expect(stage?.steps.map((step) => step.kind)).toEqual(["reason", "call"]);
    expect(stage?.delayMs).toBe(2000);
  });

  test("takes everything after echo as text, directives included", () => {
    const [stage] = parseScript("gzip\necho: one; two\nfail 500");
    expect(stage).toMatchObject({
      fault: "gzip",
      fail: null,
      steps: [{ kind: "echo", text: "one; two\nfail 500" }],
    });
  });

  test("reads a call's JSON to its closing bracket, over lines and semicolons in strings", () => {
    const [stage] = parseScript('call a {"x": "};",\n "y": {"z": 1}}; call b free text; with a semicolon');
    expect(stage?.steps).toEqual([
      { kind: "call", name: "a", rest: '{"x": "};",\n "y": {"z": 1}}' },
      { kind: "call", name: "b", rest: "free text; with a semicolon" },
    ]);
  });

  test("begins a stage at each then", () => {
    const stages = parseScript("call a; call b\nthen call c\nthen: echo: done");
    expect(stages.map((stage) => stage.steps.length)).toEqual([2, 1, 1]);
  });

  test.each([
    ["fail 429", { fail: { status: 429, times: Infinity } }],
    ["fail 500 once", { fail: { status: 500, times: 1 } }],
    ["fail 503 3 times", { fail: { status: 503, times: 3 } }],
    ["fail mid-stream", { failLate: "event" }],
    ["fail response", { failLate: "response" }],
    ["incomplete", { incomplete: "max_output_tokens" }],
    ["content filter", { incomplete: "content_filter" }],
    ["reset mid-stream", { fault: "reset" }],
    ["Wrong Content Type", { fault: "content-type" }],
    ["pace 50ms", { paceMs: 50 }],
    ["split 3", { split: 3 }],
    ["stream 7", { steps: [{ kind: "stream", words: 7 }] }],
    ["handoff Billing desk", { steps: [{ kind: "call", name: "transfer_to_Billing_desk", rest: "{}" }] }],
  ])("reads %s", (prompt, expected) => {
    expect(parseScript(prompt)[0]).toMatchObject(expected);
  });

  test("ignores what only looks like a directive", () => {
    for (const prompt of [
      "constructor",
      "fail",
      "fail 42",
      "delay two",
      "stream",
      "callous a",
      "item {broken",
    ]) {
      expect(parseScript(prompt)).toEqual([]);
    }
  });

  test("reads any text without throwing, in linear steps", () => {
    const pieces = fc.constantFrom(
      "call ",
      "echo:",
      "then",
      "item {",
      '{"a":',
      "}",
      ";",
      "\n",
      "fail 500",
      "\u0000",
      "é",
      "\ud83d",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }), (parts) => {
        expect(Array.isArray(parseScript(parts.join("")))).toBe(true);
      }),
    );
    expect(measureCpu(() => parseScript("call a {\n".repeat(20_000)))).toBeLessThan(2000);
  });
});
