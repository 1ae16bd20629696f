import fc from "fast-check";
import { expect, it } from "vitest";
import { parseJson } from "./json.ts";
import { parseJsonInSteps } from "./json-steps.ts";
import { createRequestParser } from "./request.ts";
import { matchRoute } from "./route.ts";
import { runAtOnce, STEP } from "./steps.ts";

const LIMITS = { depth: 100 };

/** Gives what is read, or the code of the refusal. */
function readOrRefuse(read: () => unknown): unknown {
  try {
    return { value: read() };
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}

const escaped = fc
  .array(
    fc.constantFrom(
      "a",
      "é",
      "😀",
      String.raw`\n`,
      String.raw`\"`,
      String.raw`\\`,
      String.raw`\u0041`,
      String.raw`\ud83d\ude00`,
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));
const broken = fc
  .array(fc.constantFrom("\\", '"', "u", "0041", "d83d", "\n", "a", "{", ":", ","), { maxLength: 12 })
  .map((parts) => parts.join(""));

it("reads what is read in one go, or refuses it, wherever its strings are cut", () => {
  fc.assert(
    fc.property(
      fc.array(escaped),
      broken,
      fc.boolean(),
      fc.integer({ min: 1, max: 20 }),
      (texts, odd, isOdd, step) => {
        const list = texts.map((text, index) => `{"k${index}": "${text}"}`).join(" , ");
        const bytes = Buffer.from(
          `[${list}${isOdd ? odd : ""}, "${isOdd ? odd : ""}", {"__proto__": "${texts[0] ?? ""}"}]`,
        );
        const inSteps = readOrRefuse(() => runAtOnce(parseJsonInSteps(bytes, LIMITS, step)));
        if (inSteps !== "body_too_large")
          expect(inSteps).toEqual(readOrRefuse(() => parseJson(bytes, LIMITS)));
      },
    ),
    { numRuns: 2000 },
  );
});

it.each([
  ["a quote that is missing", `["${"a".repeat(40)}`],
  ["an escaped quote at the end", `["${"a".repeat(40)}\\"`],
  ["a lone surrogate", String.raw`["${"a".repeat(40)}\ud83d"]`],
  ["a control character", `["${"a".repeat(40)}\u0001"]`],
])("refuses a long string with %s", (_, text) => {
  expect(readOrRefuse(() => runAtOnce(parseJsonInSteps(Buffer.from(text), LIMITS, 16)))).toBe("body_invalid");
});

it("refuses a name that is too long to be read in one go", () => {
  const read = (): unknown =>
    runAtOnce(parseJsonInSteps(Buffer.from(`{"${"a".repeat(40)}" : 1}`), LIMITS, 16));
  expect(readOrRefuse(read)).toBe("body_too_large");
});

it.each([
  ["a long text", ['\n"'.repeat(STEP)], 8],
  ["many items", Array.from({ length: 3000 }, (_, index) => `${index}`), 12],
])(
  "lets others be served while a body with %s is parsed, which is read as in one go",
  async (_, texts, least) => {
    const parser = createRequestParser({ secret: Buffer.from("s"), cacheItems: 10, limits: LIMITS });
    const bytes = Buffer.from(JSON.stringify({ input: texts.map((content) => ({ role: "user", content })) }));
    const input = {
      ...matchRoute("POST", "/v1/responses"),
      contentType: "application/json",
      bytes,
      tenant: "t",
    };
    let turns = 0;
    let isOver = false;
    const serve = (): void => {
      turns += 1;
      if (!isOver) setImmediate(serve);
    };
    setImmediate(serve);
    const parsed = await parser.parseInTurns({
      ...input,
      bytes: Buffer.concat([bytes, Buffer.alloc(STEP, " ")]),
    });
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(least);
    expect(parsed.items.map(({ segments }) => segments[0]?.text)).toEqual(texts);
    expect(parsed.facts.chars).toBe(parser.parse(input).facts.chars);
  },
);
