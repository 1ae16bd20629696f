import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { measureCpu } from "../../../test/fixtures/cpu-time.ts";
import { PlainText } from "./plain.ts";

function read(pieces: readonly string[]): PlainText {
  const plain = new PlainText();
  for (const piece of pieces) plain.push(piece, false);
  plain.push("", true);
  return plain;
}

describe("PlainText", () => {
  test.each([
    ["a\\u0040b", "a@b"],
    ["a\\\\\\u0040b", "a@b"],
    ['say \\"hi\\"', 'say "hi"'],
    ["line\\nline", "line\nline"],
    ["my\\_key", "my_key"],
    ["ada%40example.com", "ada@example.com"],
    ["100% of it", "100% of it"],
    ["&#45;&#x2d;&amp;", "--&"],
    ["AT&T; co", "AT&T; co"],
    ["４１１１", "4111"],
    ["a\u200bb", "ab"],
    ["٤١", "41"],
    ["12‑34", "12-34"],
    ["C:\\dir", "C:\\dir"],
    ["Zoë 漢字 😀", "Zoë 漢字 😀"],
    ["𝟒𝟏", "41"],
    ["\\ud835\\udfd2\\\\ud835\\\\udfcf", "41"],
    ["4\\u200b1&#8203;&zwj;1\\\\u00ad1", "4111"],
    ["\\ud835x", "\ufffdx"],
  ])("reads %s as %s", (raw, plain) => {
    expect(read([raw]).text).toBe(plain);
  });

  test("tells where each character came from, with the whole of its escape", () => {
    const plain = read(["x\\u0040\u200by%2Dz"]);
    expect(plain.text).toBe("x@y-z");
    expect([0, 1, 2, 3, 4].map((at) => plain.toRaw(at))).toEqual([0, 1, 8, 9, 12]);
    expect([1, 2, 3, 4, 5].map((at) => plain.toRawEnd(at))).toEqual([1, 7, 9, 12, 13]);
  });

  test("looks no further for the end of an entity than one can be long", () => {
    expect(measureCpu(() => read(["&#".repeat(500_000)]))).toBeLessThan(2_000);
  });

  const piece = fc.oneof(
    fc.constantFrom(
      "\\",
      "\\u",
      "\\u00",
      "40",
      "\\\\",
      "%",
      "%4",
      "&",
      "&#",
      "45;",
      "😀",
      "\ud83d",
      "\u200b",
      "４",
      '\\"',
      "\\ud835",
      "\\udfdc",
      "\\\\ud835\\\\udfdc",
      "\\u200b",
      "&shy;",
    ),
    fc.string({ unit: "grapheme", maxLength: 6 }),
  );

  test("reads the same however the text is cut", () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 30 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
        (made, sizes) => {
          const text = made.join("");
          const cut: string[] = [];
          for (let i = 0; i < text.length;) {
            const size = sizes.next().value ?? 1;
            cut.push(text.slice(i, i + size));
            i += size;
          }
          const whole = read([text]);
          const parts = read(cut);
          expect(parts.text).toBe(whole.text);
          for (let at = 0; at <= whole.text.length; at += 1) {
            expect(parts.toRaw(at)).toBe(whole.toRaw(at));
            expect(parts.toRawEnd(at)).toBe(whole.toRawEnd(at));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
