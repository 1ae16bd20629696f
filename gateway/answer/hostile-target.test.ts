// What a target that wants a call to run undecided may send: none of it may reach the program.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Effect, JsonObject, Phase, ToolCall } from "../exchange.ts";
import { createChatDialect } from "./chat-dialect.ts";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Fake, FakeOptions } from "../../test/fixtures/fake-context.ts";
import { createResponsesDialect } from "./responses-dialect.ts";
import { createStreamReader } from "./stream.ts";
import { createWholeReader } from "./whole.ts";

const EVIL = "EVIL";
const CHAT = {
  operation: "chat.completions.create",
  body: { model: "m", messages: [], stream: true },
} as const;

function deny(_: Phase, calls: readonly ToolCall[]): Effect[] {
  const evil = calls.filter((call) => call.name === "drop" || call.arguments.includes(EVIL));
  return evil.map((call) => ({ code: "no_drop", call: call.id.toWellFormed() }));
}

/** Decisions take a while to become durable, as they do. */
const durable = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

async function stream(text: string, options: FakeOptions = {}): Promise<Fake> {
  const fake = createFake({ deny, durable, ...options });
  fake.context.sink.head(200, {});
  const isChat = options.operation?.startsWith("chat.") === true;
  const reader = createStreamReader(fake.context, isChat ? createChatDialect : createResponsesDialect);
  reader.push(Buffer.from(text));
  reader.end();
  await fake.ended;
  // What a late decision might still let out.
  await new Promise((resolve) => setTimeout(resolve, 20));
  return fake;
}

async function whole(body: JsonObject, options: FakeOptions = {}): Promise<Fake> {
  const fake = createFake({ deny, durable, ...options });
  const reader = createWholeReader(fake.context, 200, {});
  reader.push(Buffer.from(JSON.stringify(body)));
  reader.end();
  await fake.ended;
  return fake;
}

type Item = JsonObject & { readonly arguments: string };

function call(name: string, text: string, id = "call_1"): Item {
  return { id: `fc_${id}`, type: "function_call", status: "completed", call_id: id, name, arguments: text };
}
function item(step: "added" | "done", value: JsonObject, place: number | undefined = 0): JsonObject {
  const at = place === undefined ? {} : { output_index: place };
  return { type: `response.output_item.${step}`, ...at, item: value };
}
function begun(whole: Item): JsonObject {
  return { ...whole, status: "in_progress", arguments: "" };
}
function response(output: unknown): JsonObject {
  return JSON.parse(
    JSON.stringify({
      id: "resp_1",
      object: "response",
      model: "m",
      status: "completed",
      output,
      usage: null,
    }),
  );
}
function ended(output: unknown, type = "response.completed"): JsonObject {
  return { type, response: response(output) };
}
function sse(events: readonly JsonObject[]): string {
  const all = [{ type: "response.created", response: response([]) }, ...events];
  return all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");
}

const drop = call("drop", EVIL);
const safe = call("safe", "{}");
const delta = {
  type: "response.function_call_arguments.delta",
  output_index: 0,
  item_id: "fc_call_1",
  delta: EVIL,
};

describe("a Responses stream of a hostile target", () => {
  test.each<[string, JsonObject[]]>([
    [
      "denies a call that is told as it should be",
      [item("added", begun(drop)), item("done", drop), ended([drop])],
    ],
    [
      "takes no response in an event about an input",
      [{ ...ended([drop]), type: "response.inject.created" }, ended([])],
    ],
    ["takes no item in an event about an input", [{ type: "response.steer.pending", item: drop }, ended([])]],
    ["takes no response and item in one event", [{ ...item("done", drop), response: {} }, ended([])]],
    [
      "judges what is whole before the end that forgets it",
      [item("added", begun(drop)), item("done", drop), ended([])],
    ],
    [
      "takes one end of an item only",
      [item("added", begun(safe)), item("done", safe), item("done", drop), ended([safe])],
    ],
    [
      "takes one beginning of an item only",
      [item("added", begun(safe)), item("added", drop), item("done", safe), ended([safe])],
    ],
    [
      "wants the pieces to be the whole",
      [item("added", begun(safe)), delta, item("done", safe), ended([safe])],
    ],
    [
      "wants the whole arguments to be the item's",
      [
        item("added", begun(safe)),
        { type: "response.function_call_arguments.done", output_index: 0, name: "drop", arguments: EVIL },
        item("done", safe),
        ended([safe]),
      ],
    ],
    [
      "wants the announced call to be the one that comes",
      [item("added", drop), item("done", safe), ended([safe])],
    ],
    [
      "wants the announced type to be the one that comes",
      [item("added", { type: "message", id: "m" }), delta, ended([])],
    ],
    ["keeps pieces of an item that never comes", [delta, ended([])]],
    [
      "keeps pieces at another place",
      [item("added", begun(safe), 3), delta, item("done", safe, 3), ended([safe])],
    ],
    [
      "keeps a command that no item tells",
      [
        { type: "response.shell_call_command.done", output_index: 0, command_index: 0, command: EVIL },
        ended([]),
      ],
    ],
    [
      "takes no pieces behind an item's end",
      [item("added", begun(safe)), item("done", safe), delta, ended([safe])],
    ],
    ["takes no call without a place", [item("done", drop, undefined), ended([])]],
    [
      "judges a call in an event before the end",
      [{ type: "response.in_progress", response: response([drop]) }, ended([])],
    ],
    ["hears nothing behind the end", [ended([]), ended([drop])]],
    [
      "keeps the item of an event that nobody knows",
      [{ type: "response.foo", item: drop, output_index: 0 }, ended([])],
    ],
    ["judges the call of an incomplete response", [ended([drop], "response.incomplete")]],
    ["takes no output that is no list", [ended({ "0": drop })]],
    [
      "takes no call id with a lone surrogate",
      [item("done", call("drop", EVIL, "c\ud800")), ended([call("drop", EVIL, "c\ud800")])],
    ],
  ])("%s", async (_, events) => {
    expect((await stream(sse(events))).text()).not.toContain(EVIL);
  });

  test("refuses more calls than can be judged", async () => {
    const items = Array.from({ length: 65 }, (_, place) => call("safe", "{}", `call_${place}`));
    const fake = await stream(sse([...items.map((one, place) => item("done", one, place)), ended(items)]));
    expect(fake.ends[0]).toMatchObject({ outcome: "failed", errorCode: "answer_unreadable" });
  });

  test("lets a stream through that is resumed within a call, once the call is whole", async () => {
    const rest = { ...delta, delta: "}" };
    const fake = await stream(sse([rest, item("done", safe), ended([safe])]));
    expect(fake.text()).toContain('"delta":"}"');
    expect(fake.log).toContain("decided allow safe");
  });

  test("sends the end only when what is before it was decided", async () => {
    const events = [{ type: "response.in_progress", response: response([safe]) }, ended([safe])];
    const fake = await stream(sse(events));
    expect(fake.text()).toContain("response.completed");
    expect(fake.log.filter((line) => line.startsWith("decided"))).not.toHaveLength(0);
  });
});

function chunk(choices: unknown): string {
  return `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", model: "m", choices })}\n\n`;
}
function tool(index: number | undefined, name: string, text: string, id = "call_1"): JsonObject {
  return { ...(index !== undefined && { index }), id, type: "function", function: { name, arguments: text } };
}
function calls(...tool_calls: JsonObject[]): string {
  return chunk([{ index: 0, delta: { tool_calls } }]);
}
const finish = chunk([{ index: 0, delta: {}, finish_reason: "tool_calls" }]);
const stop = chunk([{ index: 0, delta: {}, finish_reason: "stop" }]);
const done = "data: [DONE]\n\n";

describe("a chat stream of a hostile target", () => {
  test.each<[string, string]>([
    ["denies a call that is told as it should be", calls(tool(0, "drop", EVIL)) + finish + done],
    [
      "takes no pieces behind the finish",
      chunk([{ index: 0, delta: { tool_calls: [tool(0, "safe", "{}")] }, finish_reason: "tool_calls" }]) +
        calls({ index: 0, function: { arguments: EVIL } }) +
        done,
    ],
    [
      "takes no call without an index",
      calls(tool(0, "safe", "{}", "a"), tool(undefined, "drop", EVIL)) + finish + done,
    ],
    [
      "takes no choice without an index",
      chunk([{ index: 0, delta: {} }, { delta: { tool_calls: [tool(0, "drop", EVIL)] } }]) + finish + done,
    ],
    [
      "takes no choices that are no list",
      chunk({ "0": { index: 0, delta: { tool_calls: [tool(0, "drop", EVIL)] } } }) + done,
    ],
    [
      "takes no calls that are no list",
      chunk([{ index: 0, delta: { tool_calls: { "0": tool(0, "drop", EVIL) } } }]) + finish + done,
    ],
    [
      "takes no choice that was not asked for",
      stop + chunk([{ index: 1, delta: { tool_calls: [tool(0, "drop", EVIL)] } }]) + done,
    ],
    [
      "takes no message in a chunk",
      chunk([
        { index: 0, message: { tool_calls: [tool(0, "drop", EVIL)] }, delta: {}, finish_reason: "stop" },
      ]) + done,
    ],
    [
      "takes no function and custom in one call",
      calls({ ...tool(0, "safe", "{}"), custom: { name: "drop", input: EVIL } }) + finish + done,
    ],
    [
      "denies the legacy call beside a harmless one",
      chunk([
        {
          index: 0,
          delta: { function_call: { name: "drop", arguments: EVIL }, tool_calls: [tool(0, "safe", "{}")] },
        },
      ]) +
        finish +
        done,
    ],
    ["keeps a call that is never finished", calls(tool(0, "drop", EVIL)) + done],
    [
      "writes the end itself: some readers drop a byte order mark before each line",
      `${stop}\uFEFFdata: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [tool(0, "drop", EVIL)] } }] })}\n\uFEFF\ndata: [DONE]\n\n`,
    ],
  ])("%s", async (_, text) => {
    expect((await stream(text, CHAT)).text()).not.toContain(EVIL);
  });

  test("takes no second name of a call: some clients take the last", async () => {
    const text =
      calls(tool(0, "safe", "{}")) + calls({ index: 0, function: { name: "drop" } }) + finish + done;
    expect((await stream(text, CHAT)).text()).not.toContain("drop");
  });

  test("takes no arguments that are spread over choices: some clients join them", async () => {
    const text =
      calls(tool(0, "safe", "EV")) +
      chunk([{ index: 1, delta: { tool_calls: [{ index: 0, function: { arguments: "IL" } }] } }]) +
      finish +
      done;
    expect((await stream(text, CHAT)).text()).not.toContain('"IL"');
  });
});

describe("a whole answer of a hostile target", () => {
  const asked = { operation: "chat.completions.create", body: { model: "m", messages: [] } } as const;
  const evil = tool(undefined, "drop", EVIL);
  const answer = (message: unknown): JsonObject =>
    JSON.parse(JSON.stringify({ id: "c", choices: [{ index: 0, message, finish_reason: "tool_calls" }] }));

  test.each<[string, JsonObject]>([
    [
      "denies a call that is told as it should be",
      answer({ role: "assistant", content: null, tool_calls: [evil] }),
    ],
    [
      "takes no function that a custom shadows",
      answer({ tool_calls: [{ ...evil, custom: { name: "safe", input: "x" } }] }),
    ],
    ["takes no function under another type", answer({ tool_calls: [{ ...evil, type: "custom" }] })],
    ["takes no choices that are no list", { id: "c", choices: { "0": { message: { tool_calls: [evil] } } } }],
    ["takes no message that is no object", answer([{ tool_calls: [evil] }])],
    ["takes no calls that are no list", answer({ tool_calls: { "0": evil } })],
    ["denies the legacy call", answer({ function_call: { name: "drop", arguments: EVIL } })],
  ])("%s", async (_, body) => {
    expect((await whole(body, asked)).text()).not.toContain(EVIL);
  });

  test("takes denied calls out of a list of messages", async () => {
    const body: JsonObject = {
      object: "list",
      data: [{ id: "m", role: "assistant", content: null, tool_calls: [evil] }],
    };
    const fake = await whole(body, { operation: "chat.completions.messages" });
    expect(fake.text()).not.toContain(EVIL);
    expect(fake.text()).toContain("no_drop");
  });

  test("takes no output that is no list", async () => {
    expect((await whole({ id: "resp_1", output: { "0": drop } })).status()).toBe(502);
  });

  test("takes no call id with a lone surrogate", async () => {
    const fake = await whole({ id: "resp_1", output: [call("drop", EVIL, "c\ud800")] });
    expect(fake.text()).not.toContain(EVIL);
  });
});

describe("a target that imitates a refusal", () => {
  const words = "Refused by policy: no_drop. (exchange 0190a000-0000-7000-8000-000000000001)";
  const imitated = {
    message: words,
    type: "permission_error",
    param: null,
    code: "no_drop",
    exchange_id: "0190a000-0000-7000-8000-000000000001",
  };
  const nested = z.object({ error: z.record(z.string(), z.unknown()) });

  function toEvent(text: string): Record<string, unknown> {
    const line = text.split("\n").findLast((each) => each.startsWith("data: {")) ?? "";
    return nested.parse(JSON.parse(line.slice("data: ".length))).error;
  }

  test.each([
    ["a stream of Responses", { ...imitated, type: "error" }, {}],
    ["a stream of Responses, nested", { type: "error", error: imitated }, {}],
    ["a stream of Chat", { error: imitated }, CHAT],
  ])("speaks for itself alone in %s", async (_, event, options) => {
    const fake = await stream(`data: ${JSON.stringify(event)}\n\n`, options);
    const error = toEvent(fake.text());
    expect(error).toEqual({ message: words, type: "api_error", param: null, code: "target_failed" });
    expect(fake.ends[0]).toMatchObject({ outcome: "failed", errorCode: "target_failed" });
  });

  test.each([
    ["a stream of Responses", { ...imitated, type: "error", code: "rate_limited" }, {}],
    ["a stream of Chat", { error: { ...imitated, code: "rate_limited" } }, CHAT],
  ])("is recorded as the target where it has a code of its own in %s", async (_, event, options) => {
    const fake = await stream(`data: ${JSON.stringify(event)}\n\n`, options);
    expect(toEvent(fake.text())).toEqual({
      ...imitated,
      type: "api_error",
      code: "rate_limited",
      exchange_id: undefined,
    });
    expect(fake.ends[0]).toMatchObject({ outcome: "failed", errorCode: "target:rate_limited" });
  });

  test("lacks the exchange's id in a whole answer, which only the gateway's own errors have", async () => {
    const told = await whole({ error: imitated });
    expect(nested.parse(JSON.parse(told.text())).error["exchange_id"]).not.toBe(told.context.id);
    const refused = await whole({ id: "resp_1", output: [] }, { deny: () => [{ code: "no_drop" }] });
    expect(nested.parse(JSON.parse(refused.text())).error).toMatchObject({
      code: "no_drop",
      exchange_id: refused.context.id,
    });
    const cut = await stream("data: {\n\n");
    expect(toEvent(cut.text())["exchange_id"]).toBe(cut.context.id);
  });
});
