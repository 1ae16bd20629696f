import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "./json.ts";

const LIMITS = { depth: 100 };

function parse(text: string) {
  return parseJson(Buffer.from(text), LIMITS);
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "another error";
  }
  return "no error";
}

describe("parseJson", () => {
  it("gives what JSON.parse gives for every JSON value, with any white space", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 1, 2, "\t"), (text, indent) => {
        const spaced = JSON.stringify(JSON.parse(text), null, indent);
        expect(parse(spaced)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("refuses exactly the texts that JSON.parse refuses, where nothing else is wrong", () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom("{", "}", '"', ",", "\\", "]", "x", ":"),
        (text, at, extra) => {
          const place = at % (text.length + 1);
          const broken = text.slice(0, place) + extra + text.slice(place);
          let valid = true;
          try {
            JSON.parse(broken);
          } catch {
            valid = false;
          }
          if (!valid) expect(codeOf(() => parse(broken))).toBe("body_invalid");
        },
      ),
    );
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":{"c":[{"d":0,"d":0}]}}',
    String.raw`{"a":1,"\u0061":2}`,
    String.raw`{"\u005f_proto__":1,"__proto__":2}`,
    '{"__proto__":{},"__proto__":{}}',
    '{"":1,"":2}',
    '{"1":1,"1":2}',
  ])("refuses a name that stands twice: %s", (text) => {
    expect(codeOf(() => parse(text))).toBe("body_invalid");
  });

  it("refuses a repeated name wherever it stands", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        fc.array(fc.constantFrom("[", '{"k":'), { maxLength: 8 }),
        (keys, pick, around) => {
          const twice = [...keys, keys[pick % keys.length]];
          const inner = `{${twice.map((key) => `${JSON.stringify(key)}:[1,"a:b",{"x":":"}]`).join(",")}}`;
          const close = around.map((open) => (open === "[" ? "]" : "}")).reverse();
          expect(codeOf(() => parse(around.join("") + inner + close.join("")))).toBe("body_invalid");
        },
      ),
    );
  });

  it("keeps a member named __proto__ as an own member", () => {
    const value = parse('{"__proto__":{"admin":true}}');
    expect(Object.keys(value ?? {})).toEqual(["__proto__"]);
    expect("admin" in Object(value)).toBe(false);
  });

  it.each([
    "0",
    "-0",
    "1.0",
    "1e3",
    "1E+2",
    "0.1",
    "-12.50e-3",
    "9007199254740992",
    "1e23",
    "5e-324",
    "1.7976931348623157e308",
    "0.10000000000000001",
    "0e99999",
    "100000000000000000000",
  ])("takes the number %s", (text) => {
    expect(parse(`[${text}]`)).toEqual([Number(text)]);
  });

  it.each([
    "1e400",
    "-1e400",
    "12345678901234567890",
    "9007199254740993",
    "1e-400",
    "0.1234567890123456789012",
    "1.00000000000000000001",
  ])("refuses the number %s, which does not survive", (text) => {
    expect(codeOf(() => parse(`{"n":${text}}`))).toBe("body_invalid");
  });

  it("takes every number that JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(parse(JSON.stringify(number))).toBe(number === 0 ? 0 : number);
      }),
    );
  });

  it("refuses whole numbers that a double rounds", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }), (number) => {
        const digits = String(number).replace(/0+$/, "").length;
        if (BigInt(Number(number)) !== number && digits > 17) {
          expect(codeOf(() => parse(`${number}`))).toBe("body_invalid");
        }
      }),
    );
  });

  it.each([
    String.raw`"\ud800"`,
    String.raw`["a\uDC00b"]`,
    String.raw`{"\ud83d":1}`,
    String.raw`{"a":["\ude00\ud83d"]}`,
  ])("refuses the lone surrogate in %s", (text) => {
    expect(codeOf(() => parse(text))).toBe("body_invalid");
  });

  it("takes an escaped pair of surrogates", () => {
    expect(parse(String.raw`"\ud83d\ude00"`)).toBe("😀");
  });

  it.each([
    ["invalid UTF-8", Buffer.from([0x22, 0xff, 0x22])],
    ["an overlong encoding", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ["a surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["a byte order mark", Buffer.from("\uFEFF{}")],
    ["UTF-16", Buffer.from("{}", "utf16le")],
    ["nothing", Buffer.alloc(0)],
    ["a comment", Buffer.from("{}//")],
    ["a trailing comma", Buffer.from("[1,]")],
    ["two values", Buffer.from("{}{}")],
    ["an unterminated string", Buffer.from('["a')],
    ["an unterminated escape", Buffer.from('["a\\')],
    ["NaN", Buffer.from("[NaN]")],
  ])("refuses %s", (_, bytes) => {
    expect(codeOf(() => parseJson(bytes, LIMITS))).toBe("body_invalid");
  });

  it("refuses what is nested one level too deep and takes what is not", () => {
    expect(codeOf(() => parse("[".repeat(101) + "]".repeat(101)))).toBe("body_too_deep");
    expect(codeOf(() => parse("[".repeat(100) + "]".repeat(100)))).toBe("no error");
    expect(codeOf(() => parse('{"a":'.repeat(101) + "1" + "}".repeat(101)))).toBe("body_too_deep");
  });

  it("refuses 10,000 levels whatever the limit, without exhausting the stack", () => {
    const deep = Buffer.from("[".repeat(10_000) + "]".repeat(10_000));
    expect(codeOf(() => parseJson(deep, { depth: 1e9 }))).toBe("body_too_deep");
    expect(codeOf(() => parseJson(Buffer.from("[".repeat(1_000_000)), { depth: 1e9 }))).toBe("body_too_deep");
  });

  it("does not count brackets within strings as levels", () => {
    expect(parse(JSON.stringify(["[{".repeat(5000)]))).toEqual(["[{".repeat(5000)]);
  });

  it("reads 100,000 members", () => {
    const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index]));
    expect(parse(JSON.stringify(value))).toEqual(value);
    const twice = JSON.stringify(value).replace(/}$/, ',"k5":1}');
    expect(codeOf(() => parse(twice))).toBe("body_invalid");
  });

  it("names the target's answer where it is one", () => {
    expect(codeOf(() => parseJson(Buffer.from("{"), { depth: 5, failure: "answer_unreadable" }))).toBe(
      "answer_unreadable",
    );
    expect(codeOf(() => parseJson(Buffer.from("[[[]]]"), { depth: 2, failure: "answer_unreadable" }))).toBe(
      "answer_unreadable",
    );
  });

  it("keeps the text out of the error, its cause included", () => {
    try {
      parse('{"password": hunter2}');
    } catch (error) {
      expect(error instanceof Error && error.cause).toBeUndefined();
      expect(String(error)).not.toContain("hunter2");
    }
  });
});
