// However a file's bytes are cut, it is masked as the whole is, what is not masked keeps its bytes, and no piece of a value is left.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VALUES } from "../../test/made/secrets.ts";
import { createDetectors } from "../detect/detector.ts";
import type { Effect } from "../exchange.ts";
import { createMaskAccount } from "./account.ts";
import { createEditor } from "./edits.ts";
import { createMasks } from "./masks.ts";
import { createPieceMasker } from "./mask-pieces.ts";
import { maskText } from "./mask-text.ts";
import { createPieceReader } from "./text-pieces.ts";

const detector = createDetectors()({ account: { class: "account", any: ["990417"] } });
const mask: Effect[] = [
  { code: "m", class: "secret" },
  { code: "m", class: "credit_card", with: "last4" },
  { code: "m", class: "email", with: "token" },
  { code: "m", class: "bank_account", with: "fixed" },
  { code: "m", class: "phone", with: "surrogate" },
  { code: "m", class: "account" },
];

function createTestEditor() {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(mask);
  return createEditor(masks, "request", Buffer.alloc(32), () => undefined);
}

function toWhole(text: string): string {
  const found = detector.scan(text, "other", "request");
  return maskText(createTestEditor(), text, found, "other")?.text ?? text;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let i = 0, k = 0; i < bytes.length; k += 1) {
    const size = sizes[k % sizes.length] ?? 1;
    pieces.push(bytes.subarray(i, i + size));
    i += size;
  }
  return pieces;
}

type Encoding = Parameters<typeof createPieceReader>[0];

function toPieces(pieces: readonly Buffer[], encoding: Encoding = "utf-8", keepsLength = false) {
  const reader = createPieceReader(encoding);
  const masker = createPieceMasker({
    stream: detector.stream("other", "request"),
    editor: createTestEditor(),
    kind: "other",
    place: "",
    keepsLength,
    toRefusal: (ofClass) => new Error(`refused ${ofClass}`),
  });
  const out = pieces.flatMap((piece) => reader.push(piece)).flatMap((piece) => masker.push(piece));
  for (const piece of reader.end()) out.push(...masker.push(piece));
  return [...out, ...masker.end()];
}

const toBytes = (...given: Parameters<typeof toPieces>): Buffer =>
  Buffer.concat(toPieces(...given).map(({ bytes }) => bytes));

const words = fc.constantFrom(
  "the key is",
  "mail",
  "\n",
  "x",
  "é",
  "漢字",
  "😀",
  '"',
  "\\",
  "password:",
  "=",
  "(",
  "a@",
  "4111 ",
  ",",
  "[",
  "{",
  "  ",
);
const value = fc
  .tuple(fc.constantFrom(...VALUES.map((one) => one.value)), fc.constantFrom(" ", ", ", "\n", '"'))
  .map(([one, after]) => ` ${one}${after}`);
const text = fc.array(fc.oneof(words, value), { minLength: 1, maxLength: 12 }).map((parts) => parts.join(""));
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

function expectNothingLeft(sent: string, text: string): void {
  for (const { value } of VALUES) {
    if (!text.includes(value)) continue;
    // Of some classes the last characters are shown.
    for (let i = 0; i + 8 <= value.length - 4; i += 1) expect(sent).not.toContain(value.slice(i, i + 8));
  }
}

describe("a file that comes in pieces", () => {
  test("is masked as the whole is, however it is cut", () => {
    fc.assert(
      fc.property(text, sizes, fc.constantFrom("", "\uFEFF"), (text, sizes, mark) => {
        const sent = toBytes(cut(Buffer.from(mark + text), sizes)).toString();
        expect(sent).toBe(mark + toWhole(text));
        expectNothingLeft(sent, text);
      }),
      { numRuns: 400 },
    );
  });

  test("is masked as the whole is where each byte comes alone", () => {
    for (const { value } of VALUES) {
      const text = `naïve 漢字: ${value}\nend`;
      expect(toBytes(cut(Buffer.from(text), [1])).toString()).toBe(toWhole(text));
    }
  });

  test("is masked so in UTF-16 too, whatever the order of its bytes", () => {
    fc.assert(
      fc.property(text, sizes, fc.boolean(), (text, sizes, isLittle) => {
        const encode = (one: string): Buffer => {
          const bytes = Buffer.from(`\uFEFF${one}`, "utf16le");
          return isLittle ? bytes : bytes.swap16();
        };
        const sent = toBytes(cut(encode(text), sizes), isLittle ? "utf-16le" : "utf-16be");
        expect(sent.equals(encode(toWhole(text)))).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("has as many bytes as before where it must, and what holds JSON together", () => {
    fc.assert(
      fc.property(text, sizes, fc.boolean(), (note, sizes, isWide) => {
        const line = JSON.stringify({ note, all: [note] });
        const bytes = Buffer.from(line, isWide ? "utf16le" : "utf8");
        const sent = toBytes(cut(bytes, sizes), isWide ? "utf-16le" : "utf-8", true);
        expect(sent.length).toBe(bytes.length);
        const masked = sent.toString(isWide ? "utf16le" : "utf8");
        expect(Object.keys(JSON.parse(masked))).toEqual(["note", "all"]);
        expectNothingLeft(masked, line);
      }),
      { numRuns: 200 },
    );
  });

  test("keeps a value in groups one value, where its text only begins as JSON may", () => {
    const text = "[1] the card is 4111 1111 1111 1111, and no other.";
    expect(toWhole(text).match(/\*+\d{4}/g)).toEqual(["************1111"]);
    for (const size of [1, 5]) expect(toBytes(cut(Buffer.from(text), [size])).toString()).toBe(toWhole(text));
  });

  const mail = ["ada", "example.com"].join("@");
  test.each([
    // The value stands outside of a string, and what replaces it is no number.
    ['{"a": 4111111111111111}', '{"a": "************1111"}'],
    [" [4111111111111111,true]", ' ["************1111",true]'],
    // Of a number nothing is left, be it negative or a fraction.
    ['{"a": -4111111111111111}', '{"a": "************1111"}'],
    ["[-4111111111111111,1]", '["************1111",1]'],
    ['{"a":-990417.5e+3 , "b":1}', '{"a":"[REDACTED:account]" , "b":1}'],
    ["[990417.25]", '["[REDACTED:account]"]'],
    ["[990417.990417,-0.1]", '["[REDACTED:account]",-0.1]'],
    ["[12.990417.x, 990417]", '["[REDACTED:account]"x, "[REDACTED:account]"]'],
    ['{"a":1}\n{"b":[null,4111111111111111]}', '{"a":1}\n{"b":[null,"************1111"]}'],
    // No JSON, or none any more.
    ["[1] 4111111111111111 is the card", "[1] ************1111 is the card"],
    ["[2024] 4111111111111111", "[2024] ************1111"],
    ["[12 of us, 4111111111111111]", "[12 of us, ************1111]"],
    ['{"a": "b"} and, 4111111111111111', '{"a": "b"} and, ************1111'],
    ["{name}, 4111111111111111", "{name}, ************1111"],
    ["[EMAIL_X], 4111111111111111", "[EMAIL_X], ************1111"],
    ["{'a': 4111111111111111}", "{'a': ************1111}"],
    ['{"a": "x" "y", "b": 4111111111111111}', '{"a": "x" "y", "b": ************1111}'],
  ])("has quotes round what it masks only where it is JSON: %s", (text, masked) => {
    expect(toWhole(text)).toBe(masked);
    for (const size of [1, 7]) expect(toBytes(cut(Buffer.from(text), [size])).toString()).toBe(masked);
  });

  test("of JSON that prose follows is masked in both", () => {
    const text = `{"by": "${mail}"} was by ${mail}.`;
    const masked = toWhole(text);
    const [, token] = /"by": "(\[EMAIL_\w+\])"/.exec(masked) ?? [];
    expect(masked).toBe(`{"by": "${token}"} was by ${token}.`);
  });

  test.each(['password:"', 'password:"x', "password:\\", 'secret="a" password: "x y'])(
    "stays valid where a value seems to go on behind its string: %s",
    (note) => {
      const line = JSON.stringify({ n: 4111111111111111, note, n2: [4111111111111111, note], n3: note });
      for (const size of [1, 3, line.length])
        expect(JSON.parse(toBytes(cut(Buffer.from(line), [size])).toString())).toMatchObject({
          n: "************1111",
        });
    },
  );

  test("stays valid where it is JSON, line by line too", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), sizes, (texts, sizes) => {
        const lines = texts.map((note, n) => JSON.stringify({ n: 4111111111111111, note, n2: [n, note] }));
        const sent = toBytes(cut(Buffer.from(lines.join("\n")), sizes)).toString();
        for (const line of sent.split("\n"))
          expect(JSON.parse(line)).toMatchObject({ n: "************1111" });
      }),
      { numRuns: 200 },
    );
  });

  test("keeps the bytes of what is no text, and is refused where a value stands in it", () => {
    const stray = Buffer.concat([
      Buffer.from("caf"),
      Buffer.from([0xe9, 0x00, 0xff]),
      Buffer.from(" au lait "),
    ]);
    fc.assert(
      fc.property(sizes, (sizes) => {
        expect(toBytes(cut(stray, sizes)).equals(stray)).toBe(true);
      }),
    );
    const [{ value } = { value: "" }] = VALUES;
    expect(() => toPieces([Buffer.concat([stray, Buffer.from(value)])])).toThrow("refused secret");
    const half = Buffer.from(`\uD800key ${value}\n`, "utf16le");
    expect(() => toPieces(cut(half, [half.length]), "utf-16le")).toThrow("refused secret");
  });

  test("gives the pieces back untouched in which nothing stands", () => {
    const [{ value } = { value: "" }] = VALUES;
    const pieces = ["first words. ", `a key: ${value} `, "last words. "].map((piece) => Buffer.from(piece));
    expect(toPieces(pieces).map(({ isChanged }) => isChanged)).toEqual([false, true, false]);
  });
});
