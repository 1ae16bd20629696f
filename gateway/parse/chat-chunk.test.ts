import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../exchange.ts";
import { readChatChunk } from "./chat-chunk.ts";
import { getAt } from "./pointer.ts";

function read(delta: Json, choice: Record<string, Json> = {}) {
  return readChatChunk({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-4o",
    system_fingerprint: "fp",
    obfuscation: "abc",
    choices: [{ index: 3, delta, logprobs: null, finish_reason: null, ...choice }],
  });
}

function textsOf(delta: Json): string[] {
  return read(delta)
    .choices.flatMap((choice) => choice.texts)
    .filter(({ apart }) => apart === undefined)
    .map(({ channel, kind, pointer, text }) => `${channel} ${kind} ${pointer} ${text}`);
}

describe("readChatChunk", () => {
  it.each([
    [{ role: "assistant", content: "T" }, ["/choices/3/message/content message /choices/0/delta/content T"]],
    [{ content: "" }, []],
    [{ refusal: "T" }, ["/choices/3/message/refusal message /choices/0/delta/refusal T"]],
    [
      { reasoning_content: "T" },
      ["/choices/3/message/reasoning_content reasoning /choices/0/delta/reasoning_content T"],
    ],
    [{ reasoning: "T" }, ["/choices/3/message/reasoning reasoning /choices/0/delta/reasoning T"]],
    [
      { tool_calls: [{ index: 2, function: { arguments: "T" } }] },
      [
        "/choices/3/message/tool_calls/2/function/arguments tool_arguments /choices/0/delta/tool_calls/0/function/arguments T",
      ],
    ],
    [
      { tool_calls: [{ index: 2, type: "custom", custom: { input: "T" } }] },
      [
        "/choices/3/message/tool_calls/2/custom/input tool_arguments /choices/0/delta/tool_calls/0/custom/input T",
      ],
    ],
    [
      { function_call: { arguments: "T" } },
      [
        "/choices/3/message/function_call/arguments tool_arguments /choices/0/delta/function_call/arguments T",
      ],
    ],
    [
      { audio: { id: "audio_1", transcript: "T", data: "AAAA" } },
      ["/choices/3/message/audio/transcript message /choices/0/delta/audio/transcript T"],
    ],
    [{ novelty: { deep: "T" } }, ["/choices/3/message/novelty/deep message /choices/0/delta/novelty/deep T"]],
  ])("gives the texts of %j", (delta, texts) => {
    expect(textsOf(delta).filter((text) => !text.includes("\0"))).toEqual(texts);
  });

  it("gives the fragments of parallel calls", () => {
    const first = read({
      tool_calls: [
        { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } },
        { index: 1, id: "call_2", type: "custom", custom: { name: "c", input: "I" } },
      ],
    });
    expect(first.choices[0]?.calls).toEqual([
      { index: 0, id: "call_1", type: "function", name: "f", arguments: "" },
      { index: 1, id: "call_2", type: "custom", name: "c", arguments: "I" },
    ]);
    expect(read({ tool_calls: [{ index: 1, function: { arguments: "{" } }] }).choices[0]?.calls).toEqual([
      { index: 1, id: null, type: null, name: null, arguments: "{" },
    ]);
    expect(read({ tool_calls: [{ index: 0, id: "call_3", type: "novel" }] }).choices[0]?.calls).toEqual([
      { index: 0, id: "call_3", type: "novel", name: null, arguments: "" },
    ]);
    expect(read({ function_call: { name: "old", arguments: "{" } }).choices[0]?.calls).toEqual([
      { index: null, id: null, type: "function_call", name: "old", arguments: "{" },
    ]);
  });

  it("reads each of several choices by its own index", () => {
    const chunk = readChatChunk({
      choices: [
        { index: 1, delta: { content: "b" } },
        { index: 0, delta: { content: "a" }, finish_reason: "stop" },
      ],
    });
    expect(
      chunk.choices.map(({ index, finishReason, texts }) => [index, finishReason, texts[0]?.channel]),
    ).toEqual([
      [1, null, "/choices/1/message/content"],
      [0, "stop", "/choices/0/message/content"],
    ]);
  });

  it("reads the usage chunk", () => {
    const chunk = readChatChunk({
      id: "c",
      model: "m",
      choices: [],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    });
    expect(chunk).toMatchObject({
      id: "c",
      model: "m",
      choices: [],
      texts: [
        { text: "c", apart: { of: "token" } },
        { text: "m", apart: { of: "token" } },
      ],
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    });
  });

  it("gives an error, its message as text", () => {
    const chunk = readChatChunk({ error: { message: "it broke", code: "x" } });
    expect(chunk.error).toEqual({ message: "it broke", code: "x" });
    expect(chunk.texts.map((text) => text.text)).toContain("it broke");
  });

  /** Reads, or refuses as what can be read in more than one way; nothing else may be thrown. */
  function readOrRefuse(chunk: Json) {
    try {
      return readChatChunk(chunk);
    } catch (error) {
      expect(error).toMatchObject({ code: "answer_unreadable" });
      return null;
    }
  }

  it("reads any JSON, each text at its pointer, or refuses it", () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 3 }),
        fc.constantFrom("delta", "message", "tool_calls", "function_call", "content"),
        (raw, name) => {
          const inner = name === "delta" || name === "message" ? { [name]: raw } : { delta: { [name]: raw } };
          for (const shape of [
            raw,
            { choices: raw },
            { choices: [raw] },
            { choices: [{ index: 0, ...inner }] },
          ]) {
            const chunk: Json = JSON.parse(JSON.stringify(shape ?? null));
            const read = readOrRefuse(chunk);
            if (read === null) continue;
            for (const { pointer, text } of [
              ...read.texts,
              ...read.choices.flatMap((choice) => choice.texts),
            ])
              if (!pointer.endsWith("/\0")) expect(getAt(chunk, pointer)).toBe(text);
          }
        },
      ),
    );
  });
});

describe("a member that pads or names", () => {
  it.each(["obfuscation", "service_tier", "id"])("is text where it reads so: %s", (key) => {
    const chunk = readChatChunk({ choices: [], [key]: "a sentence that hides" });
    expect(chunk.texts.map(({ text }) => text)).toEqual(["a sentence that hides"]);
  });

  it.each(["finish_reason", "logprobs"])("of a choice is text where it reads so: %s", (key) => {
    const { choices } = readChatChunk({ choices: [{ index: 0, [key]: "a sentence that hides" }] });
    expect(choices[0]?.texts.map(({ text }) => text)).toEqual(["a sentence that hides"]);
  });
});
