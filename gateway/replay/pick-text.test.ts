import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEncodeFacts, toPicked } from "../policy/encode-facts.ts";
import { toSampleFacts } from "../policy/sample-facts.ts";
import { createPickText } from "./pick-text.ts";

const READ = [
  "/v",
  "/request/model",
  "/request/tokens",
  "/calls",
  "/earlier/tokens",
  "/__proto__",
  '/a"b',
  "/é",
];
const pick = createPickText(toPicked(READ));

/** What a policy that reads this gets of a text, however it was made. */
const encode = createEncodeFacts(READ);
const toInput = (text: string): string => encode({ ...toSampleFacts("request"), ...JSON.parse(text) });

const name = fc.oneof(
  fc.constantFrom("v", "request", "model", "tokens", "calls", "earlier", "__proto__", 'a"b', "é", "x"),
  fc.string({ unit: "binary" }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "binary" }),
    fc.constantFrom("\\", '"', '\\"', "}", "]", ",", ":", "{", '"}'),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, false),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 6 }),
  ),
}));

describe("what is picked of facts as text", () => {
  test("is what is picked of them as objects, whatever they hold", () => {
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 8 }), (facts) => {
        const text = JSON.stringify(facts);
        const picked = pick(text);
        if (picked !== null) expect(toInput(picked)).toBe(toInput(text));
      }),
      { numRuns: 500 },
    );
  });

  test("is the same for facts that differ in what is not read, and for no others", () => {
    const facts = toSampleFacts("request");
    const of = (changes: object): string | null => pick(JSON.stringify({ ...facts, ...changes }));
    expect(of({ id: "other", operation: "x", injection: { score: 1, places: {} } })).toBe(of({}));
    for (const read of [
      { v: 2 },
      { calls: [] },
      { request: { ...facts.request, model: "m" } },
      { earlier: {} },
    ])
      expect(of(read)).not.toBe(of({}));
  });

  test("holds of facts that nobody reads whether they are objects or lists, and no more", () => {
    expect(pick('{"v":1,"x":{"a":"}"},"y":["]"],"z":"s","request":{"n":[1],"model":null}}')).toBe(
      '{"v":1,"x":{},"y":[],"request":{"n":[],"model":null}}',
    );
  });

  test.each([
    ["spaces", '{ "v":1}'],
    ["an escaped name", '{"\\u0076":1}'],
    ["no object", "[1]"],
    ["something after it", '{"v":1}1'],
    ["no end", '{"v":{"a":1}'],
    ["a text without an end", '{"v":"a'],
    ["much", JSON.stringify({ v: "x".repeat(100_000) })],
  ])("is not picked from a text with %s", (_, text) => {
    expect(pick(text)).toBeNull();
  });
});
