import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ParsedRequest } from "./parsed.ts";
import { createRequestParser } from "./request.ts";
import { rewriteBody } from "./rewrite.ts";
import { matchRoute } from "./route.ts";

const parser = createRequestParser({ secret: Buffer.from("s"), cacheItems: 100, limits: { depth: 50 } });

function parse(text: string, url = "/v1/responses", method = "POST"): ParsedRequest {
  return parser.parse({
    ...matchRoute(method, url),
    contentType: "application/json",
    bytes: Buffer.from(text),
    tenant: "t",
  });
}

describe("rewriteBody", () => {
  it("gives what editing the tree gives, and parses again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ role: fc.constant("user"), content: fc.string({ unit: "grapheme" }) }), {
          maxLength: 5,
        }),
        fc.uniqueArray(fc.nat({ max: 5 }), { maxLength: 4 }),
        fc.array(fc.record({ role: fc.constant("developer"), content: fc.string() }), { maxLength: 2 }),
        fc.dictionary(
          fc.constantFrom("model", "store", "new", "__proto_", "été"),
          fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value))),
        ),
        fc.constantFrom(0, 2, "\t"),
        (input, drop, prepend, set, indent) => {
          delete set["model"];
          const body = { model: "m", input, store: true };
          const parsed = parse(JSON.stringify(body, null, indent));
          const changed = rewriteBody(parsed, { drop: new Set(drop), prepend, set });
          const expected = {
            ...body,
            ...set,
            input: [...prepend, ...input.filter((_, index) => !drop.includes(index))],
          };
          expect(JSON.parse(changed.toString())).toEqual(expected);
          if (typeof (set["store"] ?? true) === "boolean")
            expect(parse(changed.toString()).body()).toEqual(expected);
        },
      ),
    );
  });

  it("keeps the bytes of what no edit names", () => {
    const parsed = parse(
      '{ "model" : "m" , "n" : 1.0 , "input" : [ {"role":"user","content":"\\u00e4"} , {"role":"user","content":"b"} ] }',
    );
    expect(rewriteBody(parsed, {}).toString()).toBe(parsed.bytes.toString());
    expect(rewriteBody(parsed, { drop: new Set([1]) }).toString()).toBe(
      '{ "model" : "m" , "n" : 1.0 , "input" : [{"role":"user","content":"\\u00e4"}] }',
    );
    expect(rewriteBody(parsed, { set: { model: "o", store: false } }).toString()).toBe(
      '{ "model" : "o" , "n" : 1.0 , "input" : [ {"role":"user","content":"\\u00e4"} , {"role":"user","content":"b"} ] ,"store":false}',
    );
  });

  it("adds to an empty body, and to one that is missing", () => {
    expect(rewriteBody(parse("{}"), { set: { store: false } }).toString()).toBe('{"store":false}');
    const cancel = parser.parse({
      ...matchRoute("POST", "/v1/responses/resp_1/cancel"),
      contentType: undefined,
      bytes: Buffer.alloc(0),
      tenant: "t",
    });
    expect(rewriteBody(cancel, { set: { a: 1 } }).toString()).toBe('{"a":1}');
  });

  it("makes a list of an input that is a string, absent or null", () => {
    const item = { type: "function_call_output", call_id: "c", output: "denied" };
    expect(JSON.parse(rewriteBody(parse('{"input":"hi"}'), { prepend: [item] }).toString())).toEqual({
      input: [item, { role: "user", content: "hi" }],
    });
    expect(JSON.parse(rewriteBody(parse('{"input":"hi"}'), { drop: new Set([0]) }).toString())).toEqual({
      input: [],
    });
    expect(JSON.parse(rewriteBody(parse('{"model":"m"}'), { prepend: [item] }).toString())).toEqual({
      model: "m",
      input: [item],
    });
    expect(JSON.parse(rewriteBody(parse('{"input":null}'), { prepend: [item] }).toString())).toEqual({
      input: [item],
    });
  });

  it("does not let a setting replace the items", () => {
    expect(rewriteBody(parse('{"input":[]}'), { set: { input: "x" } }).toString()).toBe('{"input":[]}');
  });
});
