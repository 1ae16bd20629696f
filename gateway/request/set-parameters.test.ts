import { describe, expect, it } from "vitest";
import type { Effect, JsonObject } from "../exchange.ts";
import { isObject } from "../parse/pointer.ts";
import { getRoute } from "../routes.ts";
import { requireUnchanged, setParameters } from "./set-parameters.ts";

function set(operation: string, body: JsonObject, ...effects: Omit<Effect, "code">[]) {
  const rules = effects.map((effect) => ({ code: "rule", ...effect }));
  const asked = setParameters(rules, getRoute(operation), body);
  const { changes } = asked;
  const sent: unknown = JSON.parse(asked.apply(Buffer.from(JSON.stringify(body))).toString());
  return { changes, sent };
}

const bound = { parameter: "max_output_tokens", at_most: 100 } as const;

describe("setParameters", () => {
  it.each([
    ["responses.create", { max_output_tokens: 500 }, { max_output_tokens: 100 }],
    ["responses.create", { max_output_tokens: 50 }, { max_output_tokens: 50 }],
    ["responses.create", {}, { max_output_tokens: 100 }],
    ["responses.create", { max_output_tokens: null }, { max_output_tokens: 100 }],
    ["chat.completions.create", {}, { max_completion_tokens: 100 }],
    ["chat.completions.create", { max_tokens: 500 }, { max_tokens: 100 }],
    [
      "chat.completions.create",
      { max_tokens: 50, max_completion_tokens: 500 },
      { max_tokens: 50, max_completion_tokens: 100 },
    ],
    ["completions.create", {}, {}],
    ["completions.create", { max_tokens: 500 }, { max_tokens: 100 }],
    ["threads.runs.create", {}, { max_completion_tokens: 100 }],
    ["embeddings.create", {}, {}],
    ["realtime.connect", { type: "session.update", session: {} }, { type: "session.update", session: {} }],
    ["realtime.connect", { session: { max_output_tokens: "inf" } }, { session: { max_output_tokens: 100 } }],
    ["realtime.connect", { response: {} }, { response: { max_output_tokens: 100 } }],
    [
      "realtime.connect",
      { type: "response.create" },
      { type: "response.create", response: { max_output_tokens: 100 } },
    ],
    ["responses.create", { type: "response.steer" }, { type: "response.steer" }],
  ])("bounds the answer of %s with %j to %j", (operation, body, sent) => {
    expect(set(operation, body, bound).sent).toEqual(sent);
  });

  it("says what was changed: numbers and booleans as they were, of texts only that they were one", () => {
    const effects = [
      bound,
      { parameter: "store", to: false },
      { parameter: "service_tier", strip: true },
    ] as const;
    const { changes } = set(
      "responses.create",
      { max_output_tokens: 500, service_tier: "secret" },
      ...effects,
    );
    expect(changes).toEqual([
      { parameter: "max_output_tokens", pointer: "/max_output_tokens", codes: ["rule"], from: 500, to: 100 },
      { parameter: "service_tier", pointer: "/service_tier", codes: ["rule"], from: "text", to: null },
      { parameter: "store", pointer: "/store", codes: ["rule"], from: null, to: false },
    ]);
  });

  it("bounds from below what the API would take by itself, and only where it knows that", () => {
    const warm = { parameter: "temperature", at_least: 1.5 } as const;
    expect(set("responses.create", {}, warm).sent).toEqual({ temperature: 1.5 });
    expect(set("responses.create", {}, { parameter: "temperature", at_most: 1 }).changes).toEqual([]);
    expect(set("responses.create", {}, { parameter: "max_output_tokens", at_least: 16 }).changes).toEqual([]);
    expect(set("chat.completions.create", {}, { parameter: "seed", at_most: 3 }).changes).toEqual([]);
  });

  it("sets what stands deeper", () => {
    const low = { parameter: "reasoning_effort", to: "low" } as const;
    expect(set("responses.create", { reasoning: { effort: "high", summary: "auto" } }, low).sent).toEqual({
      reasoning: { effort: "low", summary: "auto" },
    });
    expect(set("chat.completions.create", {}, low).sent).toEqual({ reasoning_effort: "low" });
  });

  it.each([
    [{ tools: [{ type: "mcp", server_label: "x" }] }, {}],
    [
      {
        tools: [
          { type: "function", name: "x" },
          { type: "function", name: "y" },
        ],
        tool_choice: "required",
      },
      { tools: [{ type: "function", name: "y" }], tool_choice: "required" },
    ],
    [{ tools: [{ type: "mcp", server_label: "x" }], tool_choice: "required", parallel_tool_calls: true }, {}],
    [
      {
        tools: [{ type: "function", name: "x" }, { type: "shell" }],
        tool_choice: { type: "function", name: "x" },
      },
      { tools: [{ type: "shell" }], tool_choice: "none" },
    ],
    [
      {
        tools: [{ type: "function", name: "x" }, { type: "shell" }],
        tool_choice: {
          type: "allowed_tools",
          mode: "auto",
          tools: [{ type: "shell" }, { type: "function", name: "x" }],
        },
      },
      {
        tools: [{ type: "shell" }],
        tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "shell" }] },
      },
    ],
  ])("takes tools out of %j with what chose them", (body, sent) => {
    const effect = { parameter: "tools", without: [{ type: "mcp" }, { name: "x" }] } as const;
    expect(set("responses.create", body, effect).sent).toEqual(sent);
  });

  it("takes tools out of the shapes of Chat", () => {
    const body = {
      tools: [
        { type: "function", function: { name: "x" } },
        { type: "custom", custom: { name: "y" } },
      ],
      functions: [{ name: "x" }],
      function_call: { name: "x" },
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "x" } }] },
      },
      web_search_options: {},
    };
    const effect = { parameter: "tools", without: [{ name: "x" }, { type: "web_search" }] } as const;
    const { sent, changes } = set("chat.completions.create", body, effect);
    expect(sent).toEqual({ tools: [body.tools[1]], function_call: "none", tool_choice: "none" });
    expect(changes).toMatchObject([{ taken: ["function x", "function x", "web_search"] }]);
    expect(set("chat.completions.create", body, { parameter: "tools", strip: true }).sent).toEqual({});
  });

  it("refuses what would have to be changed where nothing can be", () => {
    const asked = setParameters([{ code: "rule", ...bound }], getRoute("responses.create"), {});
    expect(() => requireUnchanged(asked, "in a file")).toThrow(
      expect.objectContaining({
        code: "policy_denied",
        publicCode: "rule",
        message: expect.stringContaining("`max_output_tokens` must be 100"),
      }),
    );
    const fine = { max_output_tokens: 50 };
    const kept = setParameters([{ code: "rule", ...bound }], getRoute("responses.create"), fine);
    expect(() => requireUnchanged(kept, "in a file")).not.toThrow();
  });

  it("keeps every other byte", () => {
    const text =
      '{"model" : "m","max_output_tokens": 5e2 ,"tools":[{"type":"function","name":"y","parameters":{"minimum":1.0}}, {"type":"mcp","server_label":"x"}]}';
    const body: unknown = JSON.parse(text);
    const effects = [
      { code: "a", ...bound },
      { code: "b", parameter: "tools", without: [{ type: "mcp" }] },
    ] as const;
    const asked = setParameters(effects, getRoute("responses.create"), toObject(body));
    expect(asked.apply(Buffer.from(text)).toString()).toBe(
      '{"model" : "m","max_output_tokens": 100 ,"tools":[{"type":"function","name":"y","parameters":{"minimum":1.0}}]}',
    );
  });
});

function toObject(value: unknown): JsonObject {
  const json = JSON.parse(JSON.stringify(value));
  if (!isObject(json)) throw new TypeError("no object");
  return json;
}
