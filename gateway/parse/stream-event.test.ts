import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../exchange.ts";
import { parseAnswer } from "./answer.ts";
import { getAt } from "./pointer.ts";
import { isText } from "./apart.ts";
import { readResponseEvent } from "./stream-event.ts";
import type { EventText } from "./stream-event.ts";
import { getRoute } from "../routes.ts";

const AT = { sequence_number: 3, output_index: 2, item_id: "i_1" };

function readTexts(event: Json): readonly EventText[] {
  return readResponseEvent(event).texts.filter(({ apart }) => apart === undefined);
}

function textsOf(event: Json): string[] {
  return readTexts(event).map(
    ({ channel, kind, whole, pointer, text }) =>
      `${channel} ${kind} ${whole ? "whole" : "more"} ${pointer} ${text}`,
  );
}

describe("readResponseEvent", () => {
  it.each([
    [
      "output_text.delta",
      { content_index: 1, delta: "T", logprobs: [{ token: "T" }], obfuscation: "xyz" },
      "/output/2/content/1/text message more /delta T",
    ],
    [
      "output_text.done",
      { content_index: 1, text: "T", logprobs: [] },
      "/output/2/content/1/text message whole /text T",
    ],
    ["refusal.delta", { content_index: 0, delta: "T" }, "/output/2/content/0/refusal message more /delta T"],
    [
      "refusal.done",
      { content_index: 0, refusal: "T" },
      "/output/2/content/0/refusal message whole /refusal T",
    ],
    [
      "reasoning_text.delta",
      { content_index: 0, delta: "T" },
      "/output/2/content/0/text reasoning more /delta T",
    ],
    [
      "reasoning_text.done",
      { content_index: 0, text: "T" },
      "/output/2/content/0/text reasoning whole /text T",
    ],
    [
      "reasoning_summary_text.delta",
      { summary_index: 4, delta: "T" },
      "/output/2/summary/4/text reasoning more /delta T",
    ],
    [
      "reasoning_summary_text.done",
      { summary_index: 4, text: "T" },
      "/output/2/summary/4/text reasoning whole /text T",
    ],
    [
      "reasoning_summary_part.added",
      { summary_index: 4, part: { type: "summary_text", text: "T" } },
      "/output/2/summary/4/text reasoning whole /part/text T",
    ],
    [
      "content_part.done",
      {
        content_index: 1,
        part: { type: "output_text", text: "T", annotations: [], logprobs: [{ token: "T" }] },
      },
      "/output/2/content/1/text message whole /part/text T",
    ],
    [
      "content_part.done",
      { content_index: 1, part: { type: "refusal", refusal: "T" } },
      "/output/2/content/1/refusal message whole /part/refusal T",
    ],
    [
      "content_part.added",
      { content_index: 1, part: { type: "reasoning_text", text: "T" } },
      "/output/2/content/1/text reasoning whole /part/text T",
    ],
    ["function_call_arguments.delta", { delta: "T" }, "/output/2/arguments tool_arguments more /delta T"],
    [
      "function_call_arguments.done",
      { arguments: "T" },
      "/output/2/arguments tool_arguments whole /arguments T",
    ],
    ["custom_tool_call_input.delta", { delta: "T" }, "/output/2/input tool_arguments more /delta T"],
    ["custom_tool_call_input.done", { input: "T" }, "/output/2/input tool_arguments whole /input T"],
    ["mcp_call_arguments.delta", { delta: "T" }, "/output/2/arguments tool_arguments more /delta T"],
    ["mcp_call_arguments.done", { arguments: "T" }, "/output/2/arguments tool_arguments whole /arguments T"],
    ["code_interpreter_call_code.delta", { delta: "T" }, "/output/2/code tool_arguments more /delta T"],
    ["code_interpreter_call_code.done", { code: "T" }, "/output/2/code tool_arguments whole /code T"],
    [
      "shell_call_command.added",
      { command_index: 1, command: "T" },
      "/output/2/action/commands/1 tool_arguments whole /command T",
    ],
    [
      "shell_call_command.delta",
      { command_index: 1, delta: "T" },
      "/output/2/action/commands/1 tool_arguments more /delta T",
    ],
    [
      "shell_call_command.done",
      { command_index: 1, command: "T" },
      "/output/2/action/commands/1 tool_arguments whole /command T",
    ],
    [
      "shell_call_output_content.delta",
      { command_index: 1, delta: { stdout: "T" } },
      "/output/2/output/1/stdout tool_output more /delta/stdout T",
    ],
    ["audio.transcript.delta", { delta: "T" }, "/output/2/transcript message more /delta T"],
    [
      "output_text.annotation.added",
      {
        content_index: 0,
        annotation_index: 0,
        annotation: { type: "url_citation", title: "T", start_index: 0, end_index: 1 },
      },
      "response.output_text.annotation.added/annotation/title other whole /annotation/title T",
    ],
    ["brand_new.delta", { delta: "T" }, "response.brand_new.delta/delta other more /delta T"],
    [
      "brand_new.done",
      { what: { deep: ["T"] } },
      "response.brand_new.done/what/deep/0 other whole /what/deep/0 T",
    ],
  ])("reads response.%s %j", (type, event, expected) => {
    const texts = textsOf({ type: `response.${type}`, ...AT, ...event });
    expect(texts.filter((text) => !text.includes("\0"))).toEqual([expected]);
  });

  it.each(["image_generation_call.partial_image", "audio.delta"])("finds no text in %s", (type) => {
    expect(
      textsOf({
        type: `response.${type}`,
        ...AT,
        partial_image_b64: "AAAA",
        size: "1024x1024",
        output_format: "png",
        background: "opaque",
      }),
    ).toEqual([]);
  });

  it.each(["web_search_call.in_progress", "mcp_list_tools.completed", "audio.done", "compaction.compacting"])(
    "finds no text in %s",
    (type) => {
      expect(textsOf({ type: `response.${type}`, ...AT })).toEqual([]);
    },
  );

  it("finds an unknown member beside a known one", () => {
    expect(
      textsOf({ type: "response.output_text.delta", ...AT, content_index: 0, delta: "T", aside: "psst" }),
    ).toEqual([
      "/output/2/content/0/text message more /delta T",
      "response.output_text.delta/aside other whole /aside psst",
    ]);
  });

  it("gives an item whole, its texts on the channels of its deltas", () => {
    const item = { type: "function_call", id: "fc_1", call_id: "call_1", name: "f", arguments: "{}" };
    const event = readResponseEvent({
      type: "response.output_item.done",
      sequence_number: 1,
      output_index: 2,
      item,
    });
    expect(event).toMatchObject({ item, outputIndex: 2, isTerminal: false });
    expect(
      readTexts({ type: "response.output_item.done", output_index: 2, item }).map(({ channel, pointer }) => [
        channel,
        pointer,
      ]),
    ).toEqual([
      ["/output/2/name", "/item/name"],
      ["/output/2/arguments", "/item/arguments"],
    ]);
    const message = { type: "message", role: "assistant", content: [{ type: "output_text", text: "T" }] };
    expect(textsOf({ type: "response.output_item.done", output_index: 2, item: message })).toEqual([
      "/output/2/content/0/text message whole /item/content/0/text T",
    ]);
  });

  it("puts a text on one channel in every event that repeats it, and in the whole answer", () => {
    const part = { type: "output_text", text: "T", annotations: [] };
    const item = { type: "message", id: "i_1", role: "assistant", content: [part] };
    const events: Json[] = [
      { type: "response.output_text.delta", output_index: 0, content_index: 0, item_id: "i_1", delta: "T" },
      { type: "response.output_text.done", output_index: 0, content_index: 0, item_id: "i_1", text: "T" },
      { type: "response.content_part.done", output_index: 0, content_index: 0, item_id: "i_1", part },
      { type: "response.output_item.done", output_index: 0, item },
    ];
    const channels = events.flatMap((event) => readTexts(event).map((text) => text.channel));
    const pointers = parseAnswer(getRoute("responses.create"), { id: "r", output: [item] })
      .segments.filter(isText)
      .map((segment) => segment.pointer);
    expect(new Set([...channels, ...pointers])).toEqual(new Set(["/output/0/content/0/text"]));
  });

  it.each([
    ["response.created", false],
    ["response.queued", false],
    ["response.in_progress", false],
    ["response.completed", true],
    ["response.failed", true],
    ["response.incomplete", true],
  ])("gives the response of %s, terminal: %s", (type, isTerminal) => {
    const response = { id: "resp_1", status: "x", output: [] };
    expect(readResponseEvent({ type, sequence_number: 0, response })).toEqual({
      type,
      outputIndex: null,
      itemId: null,
      isTerminal,
      response,
      texts: [],
    });
  });

  it("takes an error for terminal and its message for text", () => {
    const event = readResponseEvent({
      type: "error",
      code: "server_error",
      message: "it broke",
      param: null,
      sequence_number: 4,
    });
    expect(event.isTerminal).toBe(true);
    expect(event.texts.map((text) => text.text)).toContain("it broke");
  });

  it("reads any JSON without throwing, each text at its pointer", () => {
    const type = fc.constantFrom(
      "response.output_text.delta",
      "response.output_item.done",
      "response.content_part.added",
      "response.completed",
      "error",
      "x",
    );
    fc.assert(
      fc.property(
        type,
        fc.jsonValue({ maxDepth: 3 }),
        fc.constantFrom("item", "part", "delta", "response", "output_index", "content_index", "tools"),
        (type, raw, name) => {
          const event: Json = JSON.parse(JSON.stringify({ type, [name]: raw }));
          for (const { pointer, text } of readResponseEvent(event).texts)
            if (!pointer.endsWith("/\0")) expect(getAt(event, pointer)).toBe(text);
          expect(() => readResponseEvent(JSON.parse(JSON.stringify(raw ?? null)))).not.toThrow();
        },
      ),
    );
  });
});

describe("a member that pads or names", () => {
  it.each(["obfuscation", "logprobs", "event_id", "call_id", "type"])(
    "is text where it reads so: %s",
    (key) => {
      const event = { type: "response.output_text.delta", delta: "a", [key]: "a sentence that hides" };
      expect(readResponseEvent(event).texts.map(({ text }) => text)).toContain("a sentence that hides");
    },
  );
});
