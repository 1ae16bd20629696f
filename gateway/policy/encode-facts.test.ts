// What a policy is told of the facts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createEncodeFacts } from "./encode-facts.ts";
import { toSampleFacts } from "./sample-facts.ts";

const facts = toSampleFacts("request");
const read = (reads: readonly string[] | null, given: object = facts): unknown =>
  JSON.parse(createEncodeFacts(reads)({ ...facts, ...given }));

describe("createEncodeFacts", () => {
  it("writes everything where it is not known what is read", () => {
    expect(read(null)).toEqual(facts);
  });

  it("writes what is read, and nothing else", () => {
    expect(read(["/v", "/request/model", "/request/tokens/count", "/tools"])).toEqual({
      v: 1,
      request: { model: facts.request.model, tokens: { count: facts.request.tokens.count } },
      tools: facts.tools,
    });
  });

  it("writes the whole of what is read besides a part of it", () => {
    expect(read(["/request", "/request/model"])).toEqual({ request: facts.request });
  });

  it("leaves out what is missing, and keeps null", () => {
    expect(read(["/usage/total_tokens", "/caller/acts_for", "/answer"])).toEqual({
      caller: { acts_for: null },
    });
  });

  it("reads keys that hold a slash or a tilde", () => {
    expect(read(["/patterns/a~1b~0c"], { patterns: { "a/b~c": 1, other: 2 } })).toEqual({
      patterns: { "a/b~c": 1 },
    });
  });

  it("never writes a lone surrogate, in values or in keys", () => {
    const claims = fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }));
    const lone = fc.constantFrom("\ud800", "\udfff", "a\ud83d", "\ude00b", "\\ud800");
    fc.assert(
      fc.property(claims, lone, lone, (some, key, value) => {
        const text = createEncodeFacts(["/caller/claims"])({
          ...facts,
          caller: { ...facts.caller, claims: { ...some, [key]: value } },
        });
        expect(text.isWellFormed()).toBe(true);
        const back: unknown = JSON.parse(text);
        expect(JSON.stringify(back)).not.toMatch(/(?<!\\)(?:\\\\)*\\ud/);
      }),
    );
  });

  it("refuses keys that would become one", () => {
    const claims = { "\ud800": 1, "\ud801": 2 };
    expect(() => createEncodeFacts(null)({ ...facts, caller: { ...facts.caller, claims } })).toThrow(
      "become equal",
    );
  });
});
