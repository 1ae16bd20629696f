import { expect, test } from "vitest";
import { countFindings, listFound } from "./findings.ts";
import type { ParsedRequest } from "./parse/parsed.ts";
import { createRequestParser } from "./parse/request.ts";
import type { RequestParser } from "./parse/request.ts";
import { matchRoute } from "./parse/route.ts";

function createParser(): RequestParser {
  return createRequestParser({ secret: Buffer.from("a secret"), cacheItems: 1000, limits: { depth: 100 } });
}

function parse(texts: readonly string[], parser = createParser()): ParsedRequest {
  const { route, query } = matchRoute("POST", "/v1/responses");
  const input = texts.map((content) => ({ role: "user", content }));
  const bytes = Buffer.from(JSON.stringify({ instructions: "none", input }));
  return parser.parse({ route, query, contentType: "application/json", bytes, tenant: "t" });
}

/** Finds each letter of a kind, and notes what it was given. */
function createLetterScanner(letter: string) {
  const scanned: string[] = [];
  return {
    digest: letter,
    scanned,
    scan(text: string) {
      scanned.push(text);
      return [...text.matchAll(new RegExp(letter, "g"))].map(({ index }) => ({
        id: letter,
        class: "letter",
        start: index,
        end: index + 1,
      }));
    },
  };
}

test("what stands in a history that grows, branches and is cut counts as if it was seen for the first time", () => {
  const parser = createParser();
  const x = createLetterScanner("x");
  const turns = ["x", "-", "xx", "-", "-x-", "y", "xyx"];
  const histories = [
    turns,
    [...turns, "x"],
    [...turns, "y"],
    [...turns, "x", "xxx"],
    turns.slice(0, 5),
    [...turns.slice(0, 6), "xxxx"],
    turns,
  ];
  for (const texts of histories) {
    const request = parse(texts, parser);
    const count = texts.join("").split("x").length - 1;
    expect(countFindings(x, request).patterns).toEqual({ x: count });
    expect(listFound(x, request)).toEqual(listFound(createLetterScanner("x"), parse(texts)));
  }
  // The parser keeps equal items once, so none is scanned again.
  expect(x.scanned.toSorted()).toEqual([...new Set(x.scanned)].toSorted());
});

test("each scanner finds its own in a history that another has read", () => {
  const parser = createParser();
  const texts = ["x", "y", "xyy", "x"];
  parse(texts, parser);
  const again = parse(texts, parser);
  expect(again.start?.count).toBe(4);
  expect(countFindings(createLetterScanner("y"), again).patterns).toEqual({ y: 3 });
  expect(countFindings(createLetterScanner("x"), again).patterns).toEqual({ x: 3 });
  expect(countFindings(createLetterScanner("z"), again).patterns).toEqual({});
});
