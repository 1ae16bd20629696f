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

const toPercent = (character: string): string => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

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
    ["ada%2540example.com", "ada@example.com"],
    ["&amp;#64;&#38;#x40;&#0000064;", "@@@"],
    ["%26%2364%3B", "@"],
    ["\\u002540\\u005cu0040&bsol;u0040", "@@@"],
    ["&num;&semi;&percnt;40&Tab;&NewLine;", "#;@\t\n"],
    ["&&#97;&#109;p;#64;", "@"],
    [`${"\\".repeat(40)}u0040`, "@"],
    ["%0A4111%0d%09", "\n4111\r\t"],
    ["Andr%C3%A94111 %EF%BC%94%E2%80%8B1 %F0%9D%9F%92", "André4111 41 4"],
    ["%E94111 100%ab 100% %zz", "é4111 100« 100% %zz"],
    ["%25252540", "%40"],
    ["C:\\\\dir", "C:\\dir"],
    ["4\u{e0080}1\u{1d173}1\u{1bca0}1\ufff01", "41111"],
    ["\u001b[01;31m\u001b[K41\u001b[m\u001b[K11", "4111"],
    ["\\u001b[31m41\\\\u001b[0m11", "4111"],
    ["a\u001bb \u001b[", "a\u001bb \u001b["],
  ])("reads %s as %s", (raw, plain) => {
    expect(read([raw]).text).toBe(plain);
  });

  test("tells where each character came from, with the whole of its escape", () => {
    const plain = read(["x\\u0040\u200by%2Dz"]);
    expect(plain.text).toBe("x@y-z");
    expect([0, 1, 2, 3, 4].map((at) => plain.toRaw(at))).toEqual([0, 1, 8, 9, 12]);
    expect([1, 2, 3, 4, 5].map((at) => plain.toRawEnd(at))).toEqual([1, 7, 9, 12, 13]);
  });

  test("passes over more backslashes than any escape has", () => {
    expect(read([`a${"\\".repeat(2000)}u0040b`]).text).toBe("a@b");
  });

  test("takes a quotation mark behind an even number of backslashes for one that nobody escaped", () => {
    for (const [backslashes, own] of [
      [1, 1],
      [2, 0],
      [3, 3],
      [4, 0],
      [5, 1],
      [6, 0],
      [7, 7],
    ] as const) {
      const plain = read([`a${"\\".repeat(backslashes)}"b`]);
      expect(plain.text).toBe('a"b');
      expect(plain.toRawEnd(2) - plain.toRaw(1)).toBe(own + 1);
      expect(plain.toRawEnd(1)).toBe(1);
    }
  });

  const writers: readonly ((character: string) => string)[] = [
    (character) => encodeURIComponent(character).replace(/^[^%A-Za-z0-9]$/, toPercent),
    (character) => `&#${character.charCodeAt(0)};`,
    (character) => `&#x${character.charCodeAt(0).toString(16)};`,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    (character) => `\\\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  ];

  test("reads what was written with escapes, and those with escapes of any kind, up to three times", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom("a", "Z", "0", "9", "@", ";", "#", "u", "-", ".", " ", "é", "漢", "\n"),
          maxLength: 12,
        }),
        fc.array(fc.constantFrom(...writers), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (plain, used, isWhole) => {
          const which = isWhole ? /[^]/g : /[^A-Za-z0-9]/g;
          const raw = used.reduce((text, write) => text.replaceAll(which, write), plain);
          expect(read([raw]).text).toBe(plain);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("looks no further for the end of an escape than one can be long, and at little more than once", () => {
    for (const repeated of ["&#", "%", "&amp;", "&#38;", "\\%", "\\u", "\\u005c", "\\", "%e2"]) {
      const text = repeated.repeat(400_000 / repeated.length);
      expect(measureCpu(() => read([text]))).toBeLessThan(1_500);
    }
  });

  const piece = fc.oneof(
    fc.constantFrom(
      "\\",
      "\u001b",
      "[1;31",
      "%4111 1111 1111 1111",
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
      "%25",
      "25",
      "&amp;",
      "amp;",
      "#64;",
      "%26%2364%3B",
      "\\u0025",
      "\\u005c",
      "%5C",
      "%C3",
      "%A9",
      '"',
      "\\".repeat(9),
      "\\".repeat(300),
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
