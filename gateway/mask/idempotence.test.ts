import { describe, expect, test } from "vitest";
import { createRandom, sampleShape } from "../../test/made/shape-sample.ts";
import { createDetectors } from "../detect/detector.ts";
import { TABLES } from "../detect/values/tables.ts";
import { MASK_OPERATORS, type MaskOperator } from "../exchange.ts";
import { createMaskAccount } from "./account.ts";
import { createEditor } from "./edits.ts";
import { createMasks } from "./masks.ts";
import { maskText } from "./mask-text.ts";

const detector = createDetectors()({});
const key = Buffer.alloc(32, 7);
const OPERATORS = MASK_OPERATORS.filter((one) => one !== "detect" && one !== "block");
const CLASSES = [
  "secret",
  "credit_card",
  "bank_account",
  "email",
  "phone",
  "national_id",
  "passport",
  "driving_licence",
  "birth_date",
  "ip_address",
  "mac_address",
  "crypto_address",
];
const CONTEXTS: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => `it is ${value} there`,
  (value) => `password=${value}`,
  (value) => `api_key: "${value}", secret = '${value}'`,
  (value) => `Authorization: Bearer ${value}\nX-Api-Key: ${value}\n`,
  (value) => JSON.stringify({ token: value, password: [value], note: `card ${value}` }),
  (value) => `postgres://app:${value}@db:5432/x?password=${value}`,
  (value) => `the password is ${value} and the phone number ${value}, passport no. ${value}`,
  // What the gateway writes names a class, but tells nothing of what stands beside it.
  (value) => `${value}: hunter2-Xk91`,
  (value) => `${value}; a 12345678; ${value}; a 12/05/1981`,
  (value) => `login --token ${value}`,
];

/** Values of all tables, and of what has no table. */
function listValues(): string[] {
  const tokens = TABLES.tokens.flatMap(({ shapes }, seed) =>
    shapes.slice(0, 1).map((shape) => sampleShape(shape, createRandom(seed + 1))),
  );
  const numbers = TABLES.numbers.flatMap(({ examples, words }) =>
    examples.slice(0, 1).flatMap((one) => [one, `${words[0] ?? ""} ${one}`]),
  );
  return [
    ...tokens,
    ...numbers,
    "ada.l@example.com",
    "4111 1111 1111 1111",
    "5555555555554444",
    "DE89 3704 0044 0532 0130 00",
    "+49 30 1234567",
    "(212) 555-2368",
    "203.0.113.9",
    "2001:db8::8a2e:370:7334",
    "00:1B:44:11:3a:b7",
    "date of birth: 12/05/1981",
    ["s3cr3t", "Xq81-Lm"].join("-"),
  ];
}

function mask(text: string, operator: MaskOperator): string {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(CLASSES.map((one) => ({ code: "m", class: one, with: operator })));
  const editor = createEditor(masks, "request", key, () => undefined);
  return maskText(editor, text, detector.scan(text, "message", "request"), "message")?.text ?? text;
}

describe("what stands in a value's place", () => {
  test.each(OPERATORS)("is never found again (%s)", (operator) => {
    const again: string[] = [];
    for (const value of listValues()) {
      for (const put of CONTEXTS) {
        const once = mask(put(value), operator);
        const twice = mask(once, operator);
        if (twice !== once) again.push(`${put(value)} -> ${once} -> ${twice}`);
      }
    }
    expect(again).toEqual([]);
  });

  test("is passed over however a text is cut", () => {
    const text = [
      "password: [SECRET_ABCDEFGHIJKLMNOP] token=[REDACTED:secret] [REDACTED:secret]: hunter2-Xk91",
      "secret = [SECRET_ABCDEFGHIJKLMNO hunter2-Xk91] api_key [REDACTED:passport] 12345678 [SECRET: Xk91-hunter2 ]",
    ].join("\n");
    const whole = detector.scan(text, "message", "request");
    expect(whole.map(({ start, end }) => text.slice(start, end))).toEqual(["Xk91-hunter2"]);
    for (let size = 1; size < 40; size += 1) {
      const stream = detector.stream("message", "request");
      const found = [];
      for (let i = 0; i < text.length; i += size) found.push(...stream.push(text.slice(i, i + size)));
      found.push(...stream.end());
      expect(found).toEqual(whole);
    }
  });

  test("hides no value that somebody puts into such brackets", () => {
    const key = ["ghp", "0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f"].join("_");
    expect(mask(`[REDACTED:${key}]`, "redact")).toBe("[REDACTED:[REDACTED:secret]]");
  });
});
