// Surrogates: shaped like the value, the same each time, nobody's, and never found again.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDetectors } from "../detect/detector.ts";
import { toSurrogate } from "./surrogates.ts";

const key = Buffer.alloc(32, 7);
const detector = createDetectors()({});
const make = (ofClass: string, value: string): string | null => toSurrogate(ofClass, value, key);

const digits = (least: number, most = least): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789")), minLength: least, maxLength: most });
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom(...Array.from("0123456789abcdef")),
    minLength: length,
    maxLength: length,
  });
const group = (text: string, sizes: readonly number[], separator: string): string => {
  const groups: string[] = [];
  let at = 0;
  for (const size of sizes) {
    groups.push(text.slice(at, at + size));
    at += size;
  }
  groups.push(text.slice(at));
  return groups.filter((one) => one !== "").join(separator);
};
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  email: fc.tuple(hex(9), hex(12)).map(([local, domain]) => `${local}@${domain}.example`),
  phone: fc
    .tuple(
      fc.constantFrom("1", "33", "44", "49", "52", "81", "91", "351", "353", "420", "971"),
      digits(10),
      fc.constantFrom([], [3, 3], [2, 2, 2, 2], [1, 2, 2, 2], [2, 4], [4]),
      fc.constantFrom(" ", "-", "."),
    )
    .map(([code, rest, sizes, separator]) => `+${code}${separator}${group(rest, sizes, separator)}`),
  credit_card: fc
    .tuple(digits(13, 19), fc.constantFrom("", " ", "-"))
    .map(([number, separator]) => group(number, [4, 4, 4], separator)),
  bank_account: fc
    .tuple(
      fc.constantFrom("DE", "GB", "FR", "NO", "MT"),
      digits(2),
      fc.constantFrom("", "WEST", "AX"),
      digits(11, 22),
      fc.constantFrom("", " "),
    )
    .map(([country, check, bank, rest, separator]) =>
      group(`${country}${check}${bank}${rest}`, [4, 4, 4, 4, 4, 4], separator),
    ),
  ip_address: fc.oneof(
    fc.ipV4(),
    hex(24).map((all) => group(`2${all.slice(1)}`, [4, 4, 4, 4, 4], ":") + "::1"),
  ),
  mac_address: fc
    .tuple(hex(12), fc.constantFrom(":", "-"))
    .map(([all, by]) => group(all, [2, 2, 2, 2, 2], by)),
};
const WORDS = [
  "",
  "phone: ",
  "call me at ",
  "card number ",
  "IBAN: ",
  "account number ",
  "routing no. ",
  "sort code ",
  "passport no. ",
  "driving licence ",
  "social security number ",
  "national id ",
  "date of birth: ",
  "password=",
  "token: ",
  "tax id ",
];

describe.each(Object.keys(VALUES))("a surrogate of the class %s", (ofClass) => {
  const values = VALUES[ofClass] ?? fc.constant("");

  test("is never found again, whatever word stands before it", () => {
    const property = fc.property(values, fc.constantFrom(...WORDS), fc.boolean(), (value, word, isLast) => {
      const made = make(ofClass, value);
      if (made === null) return;
      const text = `${word}${made}${isLast ? "" : " and so on"}`;
      const found = detector.scan(text, "message", "request");
      expect(found.map((one) => `${text} ${one.class} ${one.id} ${text.slice(one.start, one.end)}`)).toEqual(
        [],
      );
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test("is the same for the same value, another than it, and fits into JSON as it stands", () => {
    const property = fc.property(values, (value) => {
      const made = make(ofClass, value);
      expect(make(ofClass, value)).toBe(made);
      if (made === null) return;
      expect(made).not.toBe(value);
      expect(made).toMatch(/^[\w@+.:-]+$/);
    });
    fc.assert(property, { numRuns: 300 });
  });
});

const SHAPES: readonly (readonly [ofClass: string, value: string, shape: RegExp])[] = [
  ["email", "ada.l@example.com", /^[a-z]{10}@redacted\.invalid$/],
  ["email", "ada.lovelace@mail.example.com", /^[a-z]{14}@redacted\.invalid$/],
  ["phone", "+49 30 1234567", /^\+49\.00\.\d{7}$/],
  ["phone", "+44 (0)20 7946 0958", /^\+44\.00\.\d{4}\.\d{4}$/],
  ["phone", "+12125552368", /^\+100\d{8}$/],
  ["phone", "(212) 555-2368", /^\+1\.00\d\.\d{3}\.\d{4}$/],
  ["credit_card", "4111 1111 1111 1111", /^0000-\d{4}-\d{4}-\d{4}$/],
  ["credit_card", "378282246310005", /^0000-\d{4}-\d{4}-\d{3}$/],
  ["bank_account", "DE89 3704 0044 0532 0130 00", /^DE00(?:-0\d{3}){4}-0\d$/],
  ["bank_account", "GB29NWBK60161331926819", /^GB00(?:-[A-Z]{4}){4}-[A-Z]{2}$/],
  ["ip_address", "203.0.113.9", /^0\.\d{1,3}\.\d{1,3}\.\d{1,3}$/],
  ["ip_address", "2001:db8::8a2e:370:7334", /^[a-d][a-f]{3}:[a-f]{3}::[a-f]{4}:[a-f]{3}:[a-f]{4}$/],
  ["mac_address", "00-1B-44-11-3A-B7", /^00:00:5E:00:53:[\dA-F]{2}$/],
];

describe("surrogates", () => {
  test.each(SHAPES)("of the class %s keep the shape of %s", (ofClass, value, shape) => {
    expect(make(ofClass, value)).toMatch(shape);
    expect(toSurrogate(ofClass, value, Buffer.alloc(32, 8))).not.toBe(make(ofClass, value));
  });

  test("do not depend on how a number is grouped, or an address is capitalised", () => {
    const plain = (value: string): string => make("credit_card", value)?.replaceAll("-", "") ?? "";
    expect(plain("4111111111111111")).toBe(plain("4111-1111 1111-1111"));
    expect(make("email", "Ada.L@Example.com")).toBe(make("email", "ada.l@example.com"));
    expect(make("ip_address", "1.23.4.5")).not.toBe(make("ip_address", "12.3.4.5"));
  });

  test("are not made where nothing sound exists", () => {
    const none: readonly (readonly [string, string])[] = [
      ["secret", "hunter2-Xk91"],
      ["national_id", "078-05-1120"],
      ["birth_date", "12/05/1981"],
      ["passport", "C01X00T47"],
      // Old numbers of 13 digits look like telephone numbers; in Italy numbers begin with a zero.
      ["credit_card", "4222222222222"],
      ["phone", "+39 06 12345678"],
      ["phone", "030 1234567"],
      ["bank_account", "021000021 123456789"],
      ["ip_address", "::1"],
      ["ip_address", "::ffff:203.0.113.9"],
      ["constructor", "x"],
    ];
    for (const [ofClass, value] of none) expect(make(ofClass, value), value).toBeNull();
  });

  test("leave nothing unfound that is not one of them", () => {
    const classes = (text: string): string[] =>
      detector.scan(text, "message", "request").map((found) => found.class);
    expect(classes("to ada.lovelace@redacted.invalid")).toEqual(["email"]);
    expect(classes("to bcdfghjklm@redacted.invalid.example.com")).toEqual(["email"]);
    expect(classes("at 00:00:5E:00:54:01")).toEqual(["mac_address"]);
    expect(classes("password=DE00-Xk91-Qw7z-Lm2p")).toEqual(["secret"]);
  });
});
