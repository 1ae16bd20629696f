import { describe, expect, it } from "vitest";
import { measureCpu } from "../../test/fixtures/cpu-time.ts";
import { MOST_ITEMS, MOST_REFERENCES, MOST_SEGMENTS, MOST_VALUES } from "./budget.ts";
import type { ParsedRequest } from "./parsed.ts";
import { createRequestParser } from "./request.ts";
import type { RequestParser } from "./request.ts";
import { matchRoute } from "./route.ts";

function createParser(): RequestParser {
  return createRequestParser({ secret: Buffer.from("s"), cacheItems: 50_000, limits: { depth: 100 } });
}

function parse(body: string, parser = createParser(), url = "/v1/responses"): ParsedRequest {
  const bytes = Buffer.from(body);
  return parser.parse({ ...matchRoute("POST", url), contentType: "application/json", bytes, tenant: "t" });
}

function list(count: number, write: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => write(index)).join(",");
}

const TOO_LARGE = expect.objectContaining({ code: "body_too_large" });

/** Expects a refusal from a parser that has seen nothing, and again from one that has. */
function expectRefused(body: string, parser = createParser()): void {
  expect(() => parse(body, parser)).toThrow(TOO_LARGE);
  expect(() => parse(body, parser)).toThrow(TOO_LARGE);
}

describe("a body is taken up to, and refused over,", () => {
  it("a number of items, with a history that is known too", () => {
    const parser = createParser();
    const items = list(MOST_ITEMS, (index) => `"${index}"`);
    expect(parse(`{"input":[${items}]}`, parser).items).toHaveLength(MOST_ITEMS);
    expect(parse(`{"input":[${items}]}`, parser).items).toHaveLength(MOST_ITEMS);
    expectRefused(`{"input":[${items},"x"]}`, parser);
    const messages = list(MOST_ITEMS + 1, () => `{"role":"user","content":"x"}`);
    expect(() => parse(`{"messages":[${messages}]}`, parser, "/v1/chat/completions")).toThrow(TOO_LARGE);
  });

  it.each([
    ["members", (count: number) => `{"metadata":{${list(count - 2, (index) => `"k${index}":0`)}}}`],
    [
      "members of the top level",
      (count: number) => `{${list(count - 2, (index) => `"k${index}":0`)},"k":[]}`,
    ],
    ["elements", (count: number) => `{"metadata":[${list(count - 2, () => "0")}]}`],
    ["empty objects", (count: number) => `{"metadata":[${list((count - 2) / 2, () => "{}")}]}`],
  ])("a number of %s", (_, write) => {
    const parser = createParser();
    for (let run = 0; run < 2; run++) expect(parse(write(MOST_VALUES), parser).items).toEqual([]);
    expectRefused(write(MOST_VALUES + 2), parser);
  });

  it("a number of members in all of its items, those known from elsewhere too", () => {
    const item = (name: string): string =>
      `{"role":"user","content":"${name}","numbers":[${list(9_000, () => "0")}]}`;
    const items = list(11, (index) => item(`i${index}`));
    const parser = createParser();
    for (let run = 0; run < 2; run++) expect(parse(`{"input":[${items}]}`, parser).items).toHaveLength(11);
    parse(`{"input":[${item("another")}]}`, parser);
    expectRefused(`{"input":[${items},${item("another")}]}`, parser);
    expectRefused(`{"metadata":[${list(9_000, () => "0")}],"input":[${items}]}`, parser);
  });

  it("a number of texts", () => {
    // A member is two texts: its name and its value.
    const write = (count: number): string =>
      `{"metadata":{${list(count / 2, (index) => `"k${index}":"v"`)}}}`;
    expect(parse(write(MOST_SEGMENTS)).rest).toHaveLength(MOST_SEGMENTS);
    expectRefused(write(MOST_SEGMENTS + 2));
    const half = write(MOST_SEGMENTS / 2).slice(0, -1);
    const items = list(6, (index) => {
      const members = list(5_000, (member) => `"name ${member}":"v${index}"`);
      return `{"role":"user","content":"x",${members}}`;
    });
    expectRefused(`${half},"input":[${items}]}`);
  });

  it("a number of values in JSON that stands inside a text", () => {
    const write = (count: number): string => {
      const output = String.raw`["\u0041",${list(count, () => "0")}]`;
      return JSON.stringify({ input: [{ type: "function_call_output", call_id: "c", output }] });
    };
    expect(parse(write(90_000)).items).toHaveLength(1);
    expectRefused(write(MOST_VALUES));
  });

  it("a number of references", () => {
    const write = (count: number): string =>
      `{"tools":[{"type":"file_search","vector_store_ids":[${list(count, (index) => `"vs_${index}"`)}]}]}`;
    expect(parse(write(MOST_REFERENCES)).references).toHaveLength(MOST_REFERENCES);
    expectRefused(write(MOST_REFERENCES + 1));
  });
});

describe("a body of many small things", () => {
  const MANY = 5_000_000;

  it.each([
    ["items", `{"input":["0"${',"1"'.repeat(MANY)}]}`],
    ["members", `{"metadata":{"a":0${',"b":1'.repeat(MANY)}}}`],
    ["members of the top level", `{"a":0${',"b":1'.repeat(MANY)}}`],
    ["elements", `{"metadata":[0${",0".repeat(MANY)}]}`],
    ["elements within an item", `{"input":[{"role":"user","content":[0${",0".repeat(MANY)}]}]}`],
    ["arrays", `{"metadata":[[]${",[]".repeat(MANY)}]}`],
  ])("is refused soon: %s", (_, body) => {
    // Reading them all takes many times as long.
    expect(measureCpu(() => expect(() => parse(body)).toThrow(TOO_LARGE))).toBeLessThan(2000);
  });
});
