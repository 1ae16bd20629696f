import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TABLES } from "./tables.ts";
import { createDetectorCompiler } from "./values.ts";

const BUDGET = 16_384;
const detector = createDetectorCompiler(TABLES, BUDGET)({ bird: { class: "project", any: ["bluebird"] } });
const find = (text: string): string[] =>
  detector
    .scan(text, "message", "request")
    .map(({ class: of, start, end }) => `${of}: ${text.slice(start, end)}`);

const KEY = ["gh", "p_", "z0enEBhf2OsHDVcYPkQRSXXkvlQ3DDHWg5o9"].join("");
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const url = (text: string): string => Buffer.from(text).toString("base64url");
const hex = (text: string): string => Buffer.from(text).toString("hex");
const wide = (text: string): string => Buffer.from(text, "utf16le").toString("base64");

describe("a run of base64 or hexadecimal", () => {
  test.each([
    ["base64", base64],
    ["base64 for URLs", url],
    ["hexadecimal", hex],
    ["base64 of UTF-16", wide],
  ])("is found as a whole where a value stands in it: %s", (_, encode) => {
    for (const [ofClass, value] of [
      ["secret", `the key is ${KEY}`],
      ["email", "write to ada.l@example.com, please"],
      ["project", "what is called bluebird"],
    ] as const) {
      const run = encode(value);
      for (const text of [run, `value ${run} end`, `{"a":"${run}"}`, `data:text/plain;base64,${run}`])
        expect(find(text)).toEqual([`${ofClass}: ${run}`]);
    }
  });

  test("is found behind the path of an address", () => {
    const run = hex(`the key is ${KEY}`);
    expect(find(`https://example.com/v1/${run}?a=1`)).toHaveLength(1);
  });

  test("is not decoded unless it is asked for", () => {
    const run = base64(`the key is ${KEY}`);
    const off = createDetectorCompiler(TABLES)({});
    expect(off.scan(run, "message", "request")).toEqual([]);
    expect(off.digest).not.toBe(createDetectorCompiler(TABLES, 1)({}).digest);
  });

  test("is not decoded twice", () => {
    expect(find(base64(base64(`the key is ${KEY}`)))).toEqual([]);
  });

  test("is nothing where it stands for no text, or for one without values", () => {
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919 + (i >> 3)) % 256));
    for (const text of [bytes.toString("base64"), bytes.toString("hex"), base64("nothing at all is in here")])
      expect(find(text)).toEqual([]);
  });

  test("is decoded within the budget of its text, and the rest of a long one belongs to what was found", () => {
    const filler = base64("word ".repeat(2000));
    const run = base64(`the key is ${KEY}`);
    expect(find(`${filler} ${run}`)).toEqual([`secret: ${run}`]);
    expect(find(`${filler} ${filler} ${run}`)).toEqual([]);
    const long = base64(`the key is ${KEY}, ${"word ".repeat(2000)}`);
    expect(
      find(long)
        .map((one) => one.replace("secret: ", ""))
        .join(""),
    ).toBe(long);
  });

  test("is held back until it is decided, and no longer than a piece", () => {
    const stream = detector.stream("message");
    const run = base64("word ".repeat(4000));
    for (let i = 0; i < run.length; i += 100) {
      stream.push(run.slice(i, i + 100));
      expect(stream.pending).toBeLessThanOrEqual(8192 + 100);
    }
    stream.push(" then words ");
    expect(stream.pending).toBeLessThan(100);
  });
});

const part = fc.oneof(
  fc.constantFrom(
    base64(`the key is ${KEY}`),
    url("write to ada.l@example.com, please"),
    hex("card 4111 1111 1111 1111 it is"),
    base64("word ".repeat(1700) + KEY),
    base64("nothing at all is in here"),
    ["ey", "JhbGciOiJIUzI1NiJ9", ".ey", "JzdWIiOiJub2JvZHkifQ", ".c2lnbmF0dXJl"].join(""),
    `${["-----BEGIN", "PRIVATE", "KEY-----"].join(" ")}\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n`,
    KEY,
    "ada.l@example.com",
    "password=",
    "bluebird",
    "=",
    "==",
    "/",
    "-",
    " ",
    "\n",
    "\\u0041",
    "x",
  ),
  fc.string({ maxLength: 8 }),
);

describe("runs in a text that comes in pieces", () => {
  test("are those of the whole text, however it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }).map((parts) => parts.join("")),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (whole, sizes) => {
          const stream = detector.stream("message", "request");
          const found: { id: string; of: string; start: number; end: number }[] = [];
          let free = 0;
          const note = (all: ReturnType<typeof stream.push>): void => {
            for (const { id, class: of, start, end, isMore } of all) {
              expect(start).toBeGreaterThanOrEqual(free);
              const begun = isMore ? found.findLast((one) => one.id === id && one.end === start) : undefined;
              if (begun === undefined) found.push({ id, of, start, end });
              else begun.end = end;
            }
          };
          for (let i = 0; i < whole.length;) {
            const piece = whole.slice(i, i + (sizes.next().value ?? 1));
            i += piece.length;
            note(stream.push(piece));
            free = i - stream.pending;
          }
          note(stream.end());
          const expected = detector
            .scan(whole, "message", "request")
            .map(({ id, class: of, start, end }) => ({ id, of, start, end }));
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 400 },
    );
  });
});
