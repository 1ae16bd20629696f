import { describe, expect, test } from "vitest";
import { readAnswerSaid, readSaid } from "./said.ts";

describe("what a model said", () => {
  test("is the same in whatever form a program sends it back", () => {
    const text = "It rains.";
    const part = {
      type: "output_text",
      text,
      annotations: [{ type: "url_citation", url: "https://x.example" }],
    };
    for (const item of [
      { role: "assistant", content: text },
      { type: "message", role: "assistant", content: [part] },
      { type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text }] },
      { role: "assistant", content: ` ${text}\n` },
      { role: "assistant", content: [{ type: "text", text }], tool_calls: null },
    ])
      expect(readSaid(item)).toEqual({ id: null, calls: [], text });
  });

  test("is a call's id, an output's too, and an item's id", () => {
    const args = { name: "f", arguments: "{}" };
    expect(readSaid({ type: "function_call", id: "fc_1", call_id: "call_1", ...args })).toEqual({
      id: "fc_1",
      calls: ["call_1"],
      text: "",
    });
    expect(readSaid({ type: "function_call_output", call_id: "call_1", output: "42" }).calls).toEqual([
      "call_1",
    ]);
    expect(readSaid({ role: "tool", tool_call_id: "call_2", content: "42" }).calls).toEqual(["call_2"]);
    expect(readSaid({ type: "item_reference", id: "msg_1" })).toEqual({ id: "msg_1", calls: [], text: "" });
    const calls = [{ id: "call_1" }, { id: "call_2" }, null, { id: 3 }];
    expect(readSaid({ role: "assistant", content: null, tool_calls: calls }).calls).toEqual([
      "call_1",
      "call_2",
    ]);
  });

  test("is nothing in what is no item", () => {
    for (const value of [null, "text", 1, [], { type: "reasoning", summary: [] }, { role: "assistant" }])
      expect(readSaid(value)).toEqual({ id: null, calls: [], text: "" });
    for (const value of [null, "text", {}, { output: "text" }, { error: { message: "no" } }])
      expect(readAnswerSaid(value)).toEqual([]);
  });

  test("is read of each item of an answer, and of each choice", () => {
    const message = { role: "assistant", content: "Hi." };
    expect(readAnswerSaid({ output: [{ type: "message", ...message }] })).toEqual([readSaid(message)]);
    expect(readAnswerSaid({ choices: [{ message }, { index: 1 }, null] }).map(({ text }) => text)).toEqual([
      "Hi.",
      "",
      "",
    ]);
  });
});
