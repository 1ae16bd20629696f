import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import type { Json } from "../exchange.ts";
import { parseAnswerJson } from "./answer-json.ts";
import { createEventParser } from "./event-json.ts";

function attempt(work: () => Json): string {
  try {
    return JSON.stringify(work());
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
}

const at = { item_id: "msg_1", output_index: 0, content_index: 0 };

function responses(number: number, delta: unknown, padding: unknown): object {
  const type = "response.output_text.delta";
  return { type, sequence_number: number, ...at, delta, logprobs: [], obfuscation: padding };
}

function chat(index: number, content: unknown, padding: unknown): object {
  const choices = [{ index, delta: { content }, logprobs: null, finish_reason: null }];
  return { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, choices, obfuscation: padding };
}

const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", " word", "\n", '"', "\\", "\u2028"));
const padding = fc.constantFrom("abc", "XyZ09", "", "two words");
const whole = fc.oneof(
  fc.record({ number: fc.nat(), text, padding }).map((one) => responses(one.number, one.text, one.padding)),
  fc.record({ index: fc.nat(2), text, padding }).map((one) => chat(one.index, one.text, one.padding)),
  fc
    .record({ text, more: fc.jsonValue() })
    .map((one) => ({ ...responses(1, one.text, "a"), more: one.more })),
);
const written = fc
  .record({ event: whole, indent: fc.constantFrom(0, 0, 0, 1) })
  .map(({ event, indent }) => JSON.stringify(event, null, indent));
/** What a target may write that does not mean well. */
const STRAY = [
  '"',
  "\\",
  ",",
  "}",
  "{",
  "0",
  "-",
  "1.5",
  "e3",
  "\u0000",
  "\n",
  " ",
  '"delta":"x"',
  ',"delta":"other"',
  '"d\\u0065lta":"a text",',
  '"content":"x",',
  "\\u00e9",
  "\\ud800",
  "\\x",
  '"sequence_number":7,',
  "null",
];
const spoiled = fc
  .record({
    text: written,
    cut: fc.nat(),
    length: fc.constantFrom(0, 0, 1, 5),
    stray: fc.constantFrom(...STRAY),
  })
  .map(({ text, cut, length, stray }) => {
    const from = cut % (text.length + 1);
    return text.slice(0, from) + stray + text.slice(from + length);
  });

describe("createEventParser", () => {
  it("reads every event of a stream as one that comes alone is read, whatever came before", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(written, spoiled), { maxLength: 20 }), (texts) => {
        const parser = createEventParser();
        for (const one of texts)
          expect(attempt(() => parser.parse(one))).toBe(attempt(() => parseAnswerJson(one, "It")));
      }),
      { numRuns: 400 },
    );
  });

  it("tells that an event is like an earlier one but for text, number and padding", () => {
    const parser = createEventParser();
    for (const make of [responses, chat]) {
      const first = make(1, " one", "abc");
      const second = make(make === chat ? 1 : 2, '\n"two"\u00e9', "de");
      parser.parse(JSON.stringify(first));
      expect(parser.like).toBe(null);
      expect(parser.parse(JSON.stringify(second))).toEqual(second);
      expect(parser.like).toEqual(first);
      parser.parse(JSON.stringify({ ...second, more: 1 }));
      expect(parser.like).toBe(null);
    }
  });

  it("refuses what is no JSON, however like the rest it is", () => {
    const parser = createEventParser();
    const write = (number: string, inner: string): string =>
      `{"sequence_number":${number},"delta":"${inner}","obfuscation":"abc"}`;
    parser.parse(write("1", "a"));
    for (const inner of ["a\nb", "a\u0000", "\\x", "\\u12", "\\"])
      expect(attempt(() => parser.parse(write("2", inner)))).toBe("answer_unreadable");
    for (const number of ["", "01", "1.", "+1"])
      expect(attempt(() => parser.parse(write(number, "a")))).toBe("answer_unreadable");
  });

  it("takes no place for the text that is not", () => {
    for (const [first, second] of [
      ['{"d\\u0065lta":"a","x":{"delta":"a"}}', '{"d\\u0065lta":"a","x":{"delta":"b"}}'],
      ['{"delta":"a","x":{"sequence_number":1}}', '{"delta":"a","x":{"sequence_number":2}}'],
      ['{"delta":"a","x":{"obfuscation":"a"}}', '{"delta":"a","x":{"obfuscation":"b"}}'],
      ['{"delta":"a","content":"a"}', '{"delta":"a","content":"b"}'],
    ] as const) {
      const parser = createEventParser();
      parser.parse(first);
      expect(parser.parse(second)).toEqual(JSON.parse(second));
    }
  });
});
