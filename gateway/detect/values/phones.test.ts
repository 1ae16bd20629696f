import { describe, expect, it, test } from "vitest";

import { isInternational, isNorthAmerican } from "./calling-codes.ts";
import { phoneStart, phoneWords, readPhone } from "./phones.ts";

/** Tries each first digit of a run in turn, as the scan does. */
function findPhone(text: string, hasWord: boolean): string | null {
  for (let at = 0; at < text.length; at++) {
    if (!/\d/.test(text.charAt(at)) || /\d/.test(text.charAt(at - 1))) continue;
    const end = readPhone(text, at, true, hasWord);
    if (end > 0) return text.slice(phoneStart(text, at, end), end);
  }
  return null;
}

function isIn(plan: typeof isInternational, digits: string): boolean {
  return plan(Uint8Array.from(digits, Number), 0, digits.length);
}

// Numbers that regulators set aside for fiction and examples, and those of the plans' own documents.
const alone = [
  "+1 202 555 0146",
  "+12025550146",
  "+1 (202) 555-0146",
  "+1-202-555-0173",
  "+44 20 7946 0958",
  "+44 (0)20 7946 0958",
  "(+44) 20 7946 0958",
  "+447700900123",
  "+33 1 99 00 12 34",
  "+33612345678",
  "+49 30 23125 123",
  "+49 (171) 234 56 78",
  "+39 06 1234 5678",
  "+48 512 345 678",
  "+61 491 570 156",
  "+65 8123 4567",
  "+91 98765 43210",
  "+55 11 96123-4567",
  "+86 131 2345 6789",
  "+353 20 910 1234",
  "(202) 555-0146",
  "(202)555-0146",
  "202-555-0146",
  "202.555.0146",
  "202 555 0146",
  "1-800-555-0199",
  "1 (800) 555-0199",
  "0171 2345678",
  "0171/2345678",
  "(0171) 2345678",
  "020 7946 0958",
  "06 12 34 56 78",
  "06.12.34.56.78",
  "08-123 456 78",
  "030/1234567",
  "00 33 6 12 34 56 78",
  "0049 171 2345678",
  "011 44 20 7946 0958",
  "202-555-0146 x123",
  "(202) 555-0146 ext. 4402",
];

const nearAWord = [
  "2025550146",
  "07700900123",
  "0033612345678",
  "81234567",
  "512 345 678",
  "8123 4567",
  "712 345",
];

const none = [
  "ORD-9702806581",
  "30569393546757",
  "2024-01-02 03:04",
  "01-02-2024 03:04",
  "01/02/2024",
  "20240102-030405",
  "192.168.100.200",
  "8.8.8.8:53",
  "1.7976931348623157e308",
  "3.14159 2.71828",
  "v1.202.555.0146",
  "lines 100-200-300",
  "94107-1234",
  "02111-1307",
  "02 01 04 03 06 05 08 07",
  "a0 8b 28 3f 01 00 00 00 50 32",
  "012-34-5678",
  "123-45-6789",
  "4111 1111 1111 1111",
  "4111-1111-1111-1111",
  "1713920701420",
  "1713920701",
  "$202-555-0146",
  "978-3-16-148410-0",
  "0-306-40615-2",
  "@@ -202,55 +202,55 @@",
  "x1+12025550146",
  "550e8400-e29b-41d4-a716-446655440000",
  "0x0171 2345678",
  "01 02 03 04 05 06",
  "00 11 22 33 44 55",
  "1 000 000 000",
  "100 000 000 000",
  "0000 000 000",
  "+1 111 555 0146",
  "+999 123 456 789",
  "+4412",
  "911-555-0146",
  "202-555-0146%",
  "2025550146@example.com",
  "12:30:45",
];

test.each(alone)("reads %s wherever it stands", (phone) => {
  for (const text of [
    phone,
    `(${phone})`,
    `"${phone}"`,
    `Ring ${phone}.`,
    `a, ${phone}, b`,
    `tel:${phone}\n`,
  ]) {
    expect(findPhone(text, false), text).toBe(phone);
  }
});

test.each(nearAWord)("reads %s near a word alone", (phone) => {
  expect(findPhone(`x ${phone} y`, true)).toBe(phone);
  expect(findPhone(`x ${phone} y`, false)).not.toBe(phone);
});

test.each(none)("reads none in %s", (text) => {
  expect(findPhone(text, false)).toBeNull();
});

test.each([
  "2024-01-02",
  "02.01.2024",
  "192.168.100.200",
  "078-05-1121",
  "0000000000",
  "123456",
  "1713920701420",
])("reads none in %s even near a word", (text) => {
  expect(findPhone(text, true)).toBeNull();
});

test("a date behind a number is no part of it", () => {
  expect(findPhone("+48 512 345 678 2024-01-02", false)).toBe("+48 512 345 678");
});

test.each([
  ["4111 1111 1111 1111 4111", null],
  ["4000 0566 5566 5556", null],
  ["3782 822463 10005", null],
  ["202 555 0146 202 555 0173", "202 555 0173"],
  ["2025 0171 2345678", "0171 2345678"],
  ["512 8123456", "512 8123456"],
])("near a word none begins within the groups of %s that has not the shape of one", (text, phone) => {
  expect(findPhone(text, true)).toBe(phone);
});

describe("in pieces", () => {
  it("waits until what it says holds for the whole text", () => {
    for (const phone of [...alone, ...nearAWord, ...none]) {
      for (const text of [
        phone,
        `${phone} and so on`,
        `${phone}, 2024`,
        `${phone} 7`,
        `${phone}-7`,
        `${phone}x`,
      ]) {
        const at = text.search(/\d/);
        for (const hasWord of [false, true]) {
          const whole = readPhone(text, at, true, hasWord);
          for (let length = at + 1; length < text.length; length++) {
            const early = readPhone(text.slice(0, length), at, false, hasWord);
            if (early !== -1) expect(early, text.slice(0, length)).toBe(whole);
          }
        }
      }
    }
  });

  it("waits for no more than a number can be long", () => {
    for (const filler of ["1", "1 ", "1-", "(1) ", "+1", " "]) {
      expect(readPhone(`2${filler.repeat(60)}`, 0, false, true)).not.toBe(-1);
    }
  });
});

test("the plans say how many digits follow a code", () => {
  expect(isIn(isInternational, "4930123456")).toBe(true);
  expect(isIn(isInternational, "49301")).toBe(false);
  expect(isIn(isInternational, "33612345678")).toBe(true);
  expect(isIn(isInternational, "336123456789")).toBe(false);
  expect(isIn(isInternational, "390612345678")).toBe(true);
  expect(isIn(isInternational, "440612345678")).toBe(false);
  expect(isIn(isInternational, "")).toBe(false);
  expect(isIn(isNorthAmerican, "2025550146")).toBe(true);
  expect(isIn(isNorthAmerican, "1025550146")).toBe(false);
});

test("words are lower case, and none is empty", () => {
  for (const word of phoneWords) expect(word).toBe(word.toLowerCase().trim());
  expect(phoneWords).not.toContain("");
});
