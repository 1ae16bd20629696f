import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRandom, sampleShape } from "../../../test/made/shape-sample.ts";
import { LEFT } from "./look.ts";
import type { ValueFinding } from "./scan.ts";
import { TABLES } from "./tables.ts";
import { createDetectorCompiler } from "./values.ts";

const detector = createDetectorCompiler(TABLES)({});
const scanner = {
  scan: (text: string) => detector.scan(text, "message", "request"),
  stream: () => detector.stream("message"),
};
const find = (text: string): string[] =>
  scanner.scan(text).map(({ id, start, end }) => `${id}: ${text.slice(start, end)}`);

/** Puts the parts of a value together that came one after the other. */
function join(found: readonly ValueFinding[]): { id: string; start: number; end: number }[] {
  const joined: { id: string; start: number; end: number }[] = [];
  for (const { id, start, end, isMore } of found) {
    const begun = isMore ? joined.findLast((one) => one.id === id && one.end === start) : undefined;
    if (begun === undefined) joined.push({ id, start, end });
    else begun.end = end;
  }
  return joined;
}

const HEADER = ["-----BEGIN ", "PRIVATE KEY-----"].join("");
const FOOTER = ["-----END ", "PRIVATE KEY-----"].join("");
const JWT = [
  ["ey", "JhbGciOiJIUzI1NiJ9"].join(""),
  ["ey", "JzdWIiOiJub2JvZHkifQ"].join(""),
  "c2lnbmF0dXJl",
].join(".");

/** Breaks a text into lines. */
function wrap(text: string, width: number): string {
  return text.replaceAll(new RegExp(`.{${width}}`, "g"), "$&\n");
}

describe("values in texts", () => {
  test.each([
    ["write to ada.l@example.com.", "email: ada.l@example.com"],
    ["card 4111 1111 1111 1111, thanks", "credit_card: 4111 1111 1111 1111"],
    ["GET https://example.com/users/ada.l@example.com/mail", "email: ada.l@example.com"],
    ["https://example.com/?to=ada.l@example.com", "email: ada.l@example.com"],
    ["letters/ada.l@example.com.txt", "email: ada.l@example.com"],
    ['{"pan":"5555555555554444"}', "credit_card: 5555555555554444"],
    ["const card = 4111_1111_1111_1111;", "credit_card: 4111_1111_1111_1111"],
    ["4111  1111  1111  1111", "credit_card: 4111  1111  1111  1111"],
    ["%B4111111111111111^DOE/ADA^2512101?", "credit_card: 4111111111111111"],
    ["at 5%4111 1111 1111 1111", "credit_card: 4111 1111 1111 1111"],
    ["\\u4111111111111111", "credit_card: 4111111111111111"],
    ["\\\\u4111-1111-1111-1111 &#", "credit_card: 4111-1111-1111-1111"],
    ["&#4111111111111111;", "credit_card: 4111111111111111"],
    ["%34111111111111111", "credit_card: %34111111111111111"],
    ["\u001b[31m4111\u001b[0m 1111 1111 1111", "credit_card: 4111\u001b[0m 1111 1111 1111"],
    ["refund to DE89 3704 0044 0532 0130 00 please", "iban: DE89 3704 0044 0532 0130 00"],
    ["from 203.0.113.9:8080", "ip_address: 203.0.113.9"],
    ["at 2001:db8::8a2e:370:7334 now", "ip_address: 2001:db8::8a2e:370:7334"],
    ["nic 00:1B:44:11:3a:b7,", "mac_address: 00:1B:44:11:3a:b7"],
    ["nic 00-1B-44-11-3a-b7", "mac_address: 00-1B-44-11-3a-b7"],
    ["date of birth: 12/05/1981.", "birth_date: 12/05/1981"],
    [`bearer ${JWT} end`, `jwt: ${JWT}`],
    [
      `${HEADER}\nMIIEvQIBADANBgkqhkiG9w0B\n${FOOTER}\n`,
      `private_key: ${HEADER}\nMIIEvQIBADANBgkqhkiG9w0B\n${FOOTER}`,
    ],
    ["postgres://app:s3cr3t-Pw@db:5432/x", "connection_string: s3cr3t-Pw"],
  ])("finds in %s", (text, expected) => {
    expect(find(text)).toEqual([expected]);
  });

  test.each(
    [
      "the order 4111 1111 1111 1112 was sent",
      "git clone git@github.com:a/b.git",
      "icon@2x.png and @types/node",
      "version 1.2.3.4 of it",
      "127.0.0.1 and 0.0.0.0",
      "std::vector<int> a::b",
      "at 12:30:45 sharp",
      `${HEADER} and then`,
      "https://example.com:8080/a@b",
      "id 550e8400-e29b-41d4-a716-446655440000",
      "born to run in 1975, 12/05/1981 or not",
    ].slice(0, -1),
  )("finds nothing in %s", (text) => {
    expect(find(text)).toEqual([]);
  });

  test("finds nothing in the end of what a machine counts, unless a word says what it is", () => {
    for (const limit of ["2147483647", "2147483648", "4294967295", "4294967296", "9007199254740991"])
      expect(find(limit)).toEqual([]);
    expect(find("NHS number 2147483648")).toEqual(["uk_nhs: 2147483648"]);
  });

  test("finds no number in a UUID, wherever in it, and however it comes", () => {
    const uuids = ["41111111-1111-1111-a1b2-c3d4e5f60718", "c0ffee00-12ab-4abc-8def-501800000009"];
    for (const uuid of uuids) {
      expect(find(uuid.replace(/-[^-]*[a-f][^-]*-.*|^.*f-/, ""))).toHaveLength(1);
      for (const text of [uuid, uuid.toUpperCase(), `id=${uuid}.`, `{"id":"${uuid}"}`]) {
        expect(find(text)).toEqual([]);
        const stream = scanner.stream();
        const found = text.split("").flatMap((one) => [...stream.push(one)]);
        expect([...found, ...stream.end()]).toEqual([]);
      }
    }
    expect(find("41111111-1111-1111-a1b2-c3d4e5f6071")).toEqual(["credit_card: 41111111-1111-1111"]);
  });

  test("covers an escaped value with all of its escapes, and what is invisible inside it", () => {
    expect(find('{"to":"ada\\u0040example.com"}')).toEqual(["email: ada\\u0040example.com"]);
    expect(find("4111\u200b1111 1111 1111")).toEqual(["credit_card: 4111\u200b1111 1111 1111"]);
    for (const text of [
      "4111\\u200b1111 1111 1111",
      "4111\\\\u00ad1111 1111 1111",
      "4111&#8203;1111 1111 1111",
      "4111&shy;1111 1111 1111",
      "\\ud835\\udfdc111 1111 1111 1111",
      "\\\\ud835\\\\udfdc111 1111 1111 1111",
      `4111${"\\".repeat(8)}u00201111 1111 1111`,
      `4111${"\\".repeat(70)}u00201111 1111 1111`,
    ])
      expect(find(text)).toEqual([`credit_card: ${text}`]);
  });

  test("covers a value that is written with escapes of escapes, and one behind an escape", () => {
    for (const at of [
      "%40",
      "%2540",
      "&amp;#64;",
      "%26%2364%3B",
      "&#38;commat;",
      "\\u002540",
      "\\u005cu0040",
      "%5Cx40",
      `${"\\".repeat(70)}u0040`,
      "\\u{40}",
      "\\\\u{000040}",
      "%5Cu{40}",
      "&#x0040;",
    ])
      expect(find(`to=ada${at}example.com`)).toEqual([`email: ada${at}example.com`]);
    // Without a semicolon the number ends where its digits do.
    for (const at of ["&#64", "&#x40", "&amp;#64"])
      expect(find(`to=ada${at}mail.example.com`)).toEqual([`email: ada${at}mail.example.com`]);
    for (const before of [
      "%0A",
      "%0d%0a",
      "Andr%C3%A9",
      "&#10;",
      "%25C3%25A9",
      "Andr%E9",
      "%25FC",
      "Stra%DFe%A0",
    ])
      expect(find(`card=${before}4111111111111111`)).toEqual(["credit_card: 4111111111111111"]);
  });

  test("does not take the end of a string for an escaped quotation mark", () => {
    expect(find(JSON.stringify({ note: "password:\\", all: ["password:\\"] }))).toEqual([]);
    const path = JSON.stringify({ password: "Tr0ub4dor &3 xyz\\", next: "it" });
    expect(find(path)).toEqual(["generic_password: Tr0ub4dor &3 xyz"]);
  });

  test("finds a key that is cut off, to its end", () => {
    const text = `${HEADER}\n${"MIIEvQIBADANBgkqhkiG9w0B\n".repeat(40)}`;
    expect(scanner.scan(text)).toMatchObject([{ id: "private_key", start: 0, end: text.length }]);
  });

  test("finds a made value of every row of tokens", () => {
    for (const row of TABLES.tokens) {
      for (const shape of row.shapes) {
        let found = false;
        // A made value may miss the row's entropy.
        for (let seed = 1; seed <= 5 && !found; seed += 1) {
          const value = sampleShape(shape, createRandom(seed));
          const text = `it is ${value} there`;
          found = scanner
            .scan(text)
            .some(({ class: of, start, end }) => of === "secret" && start <= 6 && end >= 6 + value.length);
        }
        expect(found, `${row.id} ${shape}`).toBe(true);
      }
    }
  });

  test("finds the examples of every row of numbers, beside a word where it needs one", () => {
    for (const row of TABLES.numbers) {
      for (const example of row.examples) {
        const word = row.evidence === "alone" ? "it is" : (row.words[0] ?? "");
        const text = `${word} ${example} there`;
        const from = word.length + 1;
        const found = scanner
          .scan(text)
          .some(({ start, end }) => start <= from && end >= from + example.length);
        expect(found, `${row.id} ${example}`).toBe(true);
      }
    }
  });
});

const made = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...TABLES.coins.flatMap(({ examples, counterExamples, words }) =>
        [...examples, ...counterExamples].flatMap((one) => [one, `${words?.[0] ?? ""} ${one}`]),
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(...TABLES.tokens.flatMap(({ shapes }) => shapes))
      .chain((shape) => fc.nat(1000).map((seed) => sampleShape(shape, createRandom(seed)))),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...TABLES.numbers.flatMap(({ examples, words }) =>
        examples.flatMap((one) => [one, `${words[0] ?? ""} ${one}`]),
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "ada@example.com",
      "4111 1111 1111 1111",
      "DE89 3704 0044 0532 0130 00",
      "203.0.113.9",
      "2001:db8::1:2",
      "00:1B:44:11:3a:b7",
      "born 12/05/1981",
      JWT,
      "https://u:p4ssw0rd@h/",
      "+1 (202) 555-0146",
      "tel. 0171 2345678",
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "curl -u admin:s3cr3t-Pw https://x",
      "--proxy-user 'a:b9!xQ2z'",
      "- name: DB_PASSWORD\n  value: hunter2-Xy9",
      '{"name":"DB_PASSWORD","value":"hunter2-Xy9"}',
      "Bearer aB3dE5fG7hJ9kL1mN0pQ",
      "password: Müller-Straße-42!",
      'password="Tr0ub4dor &3 xyz"',
      'password="ab\\"cd9!ef12"',
      wrap(`value ${JWT}`, 30),
      wrap(JWT, 20),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...TABLES.named.flatMap(({ names }) => names))
      .map((name) => `${name}="x9Qw7zPlm4Rt8Kd2"`),
  },
  { weight: 1, arbitrary: fc.constant(`${HEADER}\n${"MIIEvQIBADANBgkqhkiG9w0B\n".repeat(3)}${FOOTER}`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "\\u0040",
      "\\n",
      "\u200b",
      "４",
      "%40",
      "&#45;",
      "-----",
      "eyJ",
      "://",
      "key=",
      "=",
      ":",
      "@",
      " ",
      "\n",
      "CHE ",
      "AB ",
      "+",
      "(",
      "12",
      "1.2",
      "é",
      "漢",
      "😀",
      "\\",
      '"',
      "'",
      "ada%2540example.com",
      "ada&amp;#64;example.com",
      "ada%26%2364%3Bexample.com",
      "ada\\u002540example.com",
      `ada${"\\".repeat(40)}u0040example.com`,
      "%0A4111111111111111",
      "Andr%C3%A94111111111111111",
      "%25",
      "%E9",
      "%C3",
      "&#64",
      "\\u{",
      "\\u{40}",
      "&amp;",
      "\\u0025",
      "\\".repeat(600),
    ),
  },
  { weight: 2, arbitrary: fc.string({ maxLength: 12 }) },
);

/** Puts the invisible, the escaped and the like between what was made. */
const text = fc
  .array(fc.tuple(made, fc.constantFrom("", " ", "\n", ",", '"', "_", "\u200b", "x")), { maxLength: 12 })
  .map((parts) => parts.flat().join(""));

describe("values in a text that comes in pieces", () => {
  test("are those of the whole text, however it is cut, and nothing of them is given free before", () => {
    fc.assert(
      fc.property(text, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (whole, sizes) => {
        const expected = join(scanner.scan(whole));
        const stream = scanner.stream();
        const found: ValueFinding[] = [];
        let free = 0;
        for (let i = 0; i < whole.length;) {
          const size = sizes.next().value ?? 1;
          const added = stream.push(whole.slice(i, i + size));
          i = Math.min(whole.length, i + size);
          // What was free already is never found later, but as more of a value.
          for (const one of added) expect(one.start, one.id).toBeGreaterThanOrEqual(free);
          found.push(...added);
          free = i - stream.pending;
          expect(free).toBeGreaterThanOrEqual(0);
        }
        found.push(...stream.end());
        expect(stream.pending).toBe(0);
        expect(join(found)).toEqual(expected);
      }),
      { numRuns: 1500 },
    );
  });

  test.each([
    ["the beginning of a token", ["sk-", "proj-"].join("")],
    ["a name of a secret", "password="],
    ["a name and a word", "password is "],
    ["groups of digits", "0171 "],
    ["digits in brackets", "(1) "],
    ["dates", "born 1990-"],
  ])("are those of the whole text where %s is repeated", (_, unit) => {
    const text = `x ${unit.repeat(Math.ceil(3000 / unit.length))} ada@example.com`;
    const stream = scanner.stream();
    const found = text.split("").flatMap((one) => [...stream.push(one)]);
    expect(join([...found, ...stream.end()])).toEqual(join(scanner.scan(text)));
  });

  test("are found in what only looks like many of them", () => {
    // Each of these alone reads as a placeholder, so many of them do not.
    const text = `${["sk-", "proj-"].join("").repeat(40)}end`;
    const found = scanner.scan(text);
    expect(found.some(({ start, end }) => end - start > 100)).toBe(true);
  });

  test("of any length take no more room than a short one", () => {
    const stream = scanner.stream();
    stream.push(`${HEADER}\n`);
    for (let i = 0; i < 2000; i += 1) {
      stream.push(`${"MIIEvQIBADANBgkqhkiG9w0B".repeat(20)}\n`);
      expect(stream.pending).toBeLessThan(1024);
      expect(stream.text.length).toBeLessThan(4096 + LEFT);
    }
    expect([...stream.push(`${FOOTER} ok`), ...stream.end()]).toMatchObject([{ isMore: true }]);
  });
});
