import { expect, test } from "vitest";
import { replaceValue } from "./operators.ts";

const key = Buffer.alloc(32, 7);
const token = (ofClass: string, value: string): string => replaceValue("token", ofClass, value, key);
const last4 = (ofClass: string, value: string): string => replaceValue("last4", ofClass, value, key);
const card = ["4111", "1111", "1111", "1234"];
/** Each character by its number. */
const escapes: readonly ((text: string) => string)[] = [
  (text) => text.replaceAll(/./gs, (c) => `%${c.charCodeAt(0).toString(16)}`),
  (text) => text.replaceAll(/./gs, (c) => `&#${c.charCodeAt(0)};`),
  (text) => text.replaceAll(/./gs, (c) => `\\u00${c.charCodeAt(0).toString(16)}`),
];

test.each([
  ["ip_address", "1.23.4.5", "12.3.4.5"],
  ["email", "a.b@example.com", "ab@example.com"],
  ["secret", "a-bc", "abc"],
  ["field", "1.5", "15"],
])("gives two values of the class %s two tokens: %s, %s", (ofClass, one, other) => {
  expect(token(ofClass, one)).not.toBe(token(ofClass, other));
});

test.each([
  ["credit_card", card.join(" "), card.join("")],
  ["bank_account", "de89 3704 0044", "DE89-37040044"],
  ["national_id", ["536", "90", "4399"].join("-"), ["536", "90", "4399"].join("")],
  ["email", "Ada@EXAMPLE.com", "ada@example.com"],
])("gives one value of the class %s one token: %s, %s", (ofClass, one, other) => {
  expect(token(ofClass, one)).toBe(token(ofClass, other));
  for (const escape of escapes) expect(token(ofClass, escape(one))).toBe(token(ofClass, other));
});

test("shows the last four characters of a value, however it is escaped", () => {
  for (const escape of escapes) {
    expect(last4("credit_card", escape(card.join(" ")))).toBe("************1234");
    expect(last4("credit_card", card.join("") + escape(" "))).toBe("************1234");
    // Its escapes are long enough, the value isn't.
    expect(last4("phone", escape("55512345"))).toBe("[REDACTED:phone]");
    expect(last4("secret", escape("a".repeat(40)))).toBe("[REDACTED:secret]");
  }
});

test("writes what stays itself in JSON, in HTML and in an address", () => {
  for (const operator of ["fixed", "redact", "last4", "token"] as const) {
    const written = replaceValue(operator, "credit_card", card.join(""), key);
    expect(JSON.stringify(written)).toBe(`"${written}"`);
    expect(written).not.toMatch(/[%&<>+#?=/\\"' ]/);
    expect(new URL(`https://example.com/?q=${written}`).searchParams.get("q")).toBe(written);
    expect(decodeURIComponent(written)).toBe(written);
  }
});
