// Masked texts in their places, and what beside them spells them again.
import { describe, expect, test } from "vitest";
import { measureCpu } from "../../test/fixtures/cpu-time.ts";
import type { JsonObject } from "../exchange.ts";
import { writeObjectChanges } from "./write-changes.ts";

const token = (text: string): JsonObject => ({ token: text, bytes: [...Buffer.from(text)], logprob: -1 });
const change = (pointer: string, from: string): Parameters<typeof writeObjectChanges>[1][number] => ({
  pointer,
  from,
  to: "[X]",
  edits: [],
});

describe("a masked text", () => {
  test("costs no more where thousands stand in one object", () => {
    const names = Array.from({ length: 8_000 }, (_, index) => `k${index}`);
    const value = { more: Object.fromEntries(names.map((name) => [name, "key"])) };
    const changes = names.map((name) => change(`/more/${name}`, "key"));
    expect(measureCpu(() => writeObjectChanges(value, changes))).toBeLessThan(5_000);
  });

  test("takes the tokens beside it away, where a token is masked too", () => {
    const choice = { message: { content: "a key" }, logprobs: { content: [token("a "), token("key")] } };
    const changes = [
      change("/choices/0/message/content", "a key"),
      change("/choices/0/logprobs/content/1/token", "key"),
    ];
    for (const order of [changes, changes.toReversed(), changes.slice(0, 1)]) {
      expect(writeObjectChanges({ choices: [choice] }, order)).toEqual({
        choices: [{ message: { content: "[X]" }, logprobs: null }],
      });
    }
  });

  test("takes all tokens away where one alone is masked, since its bytes spell it too", () => {
    const part = { text: "b", logprobs: [{ ...token("b"), top_logprobs: [token("key")] }] };
    const changed = writeObjectChanges({ content: [part] }, [
      change("/content/0/logprobs/0/top_logprobs/0/token", "key"),
    ]);
    expect(changed).toEqual({ content: [{ text: "b", logprobs: [] }] });
    const own = writeObjectChanges({ content: [part] }, [change("/content/0/text", "b")]);
    expect(own).toEqual({ content: [{ text: "[X]", logprobs: [] }] });
  });

  test("moves the places that annotations beside it name, and takes away what hides its length", () => {
    const text = "of ada.l@example.com [1]";
    const at = { start_index: text.indexOf("[1]"), end_index: text.length };
    const cited = { type: "url_citation", ...at };
    const nested = { type: "url_citation", url_citation: at };
    const edits = [{ start: 3, end: 20, text: "[X]" }];
    const changed = writeObjectChanges({ text, annotations: [cited, nested], obfuscation: "abc" }, [
      { pointer: "/text", from: text, to: "of [X] [1]", edits },
    ]);
    const moved = { start_index: 7, end_index: 10 };
    expect(changed).toEqual({
      text: "of [X] [1]",
      annotations: [
        { ...cited, ...moved },
        { ...nested, url_citation: moved },
      ],
    });
  });

  test("leaves the tokens of another text alone, and is refused where it does not stand", () => {
    const parts = { content: [{ text: "key" }, { text: "b", logprobs: [token("b")] }] };
    expect(writeObjectChanges(parts, [change("/content/0/text", "key")])).toEqual({
      content: [{ text: "[X]" }, parts.content[1]],
    });
    expect(() => writeObjectChanges(parts, [change("/content/0/text", "other")])).toThrow("cannot be masked");
  });
});
