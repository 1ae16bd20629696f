import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import type { Json } from "../exchange.ts";
import { parseAnswerJson } from "./answer-json.ts";

function refused(text: string): unknown {
  try {
    return parseAnswerJson(text, "It");
  } catch (error) {
    return error instanceof GatewayError ? error.code : error;
  }
}

describe("the target's JSON", () => {
  test("is read as JSON.parse reads it", () => {
    const read = (value: unknown, indent: number): void => {
      const text = JSON.stringify(value, null, indent);
      expect(parseAnswerJson(text, "It")).toEqual(JSON.parse(text));
    };
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(0, 2), read));
  });

  test("is refused where an object names a member twice, however it is written", () => {
    const twice = (inner: Json, key: string, first: Json, second: Json, escaped: boolean): void => {
      const name = JSON.stringify(key);
      const again = escaped ? `"${toEscape(key)}"` : name;
      const object = `{${name}:${JSON.stringify(first)},"x:y":1, ${again} :${JSON.stringify(second)}}`;
      fc.pre(key !== "x:y");
      expect(refused(`[${JSON.stringify(inner)},{"in":${object}}]`)).toBe("answer_unreadable");
    };
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), fc.jsonValue(), fc.jsonValue(), fc.boolean(), (...given) =>
        twice(toJson(given[0]), given[1], toJson(given[2]), toJson(given[3]), given[4]),
      ),
    );
  });

  test.each(['{"__proto__":1,"__proto__":2}', '{"a":"\\":","a":1}', '{"a":1,"\\u0061":2}'])(
    "is refused: %s",
    (text) => expect(refused(text)).toBe("answer_unreadable"),
  );

  test.each(['{"__proto__":{"a":1}}', '{"a":"x:y\\\\","b":"{\\"c\\":1}"}', '":"', "[]", "1"])(
    "is read: %s",
    (text) => expect(refused(text)).toEqual(JSON.parse(text)),
  );

  test("is refused where it is none", () => expect(refused('{"a":')).toBe("answer_unreadable"));
});

function toEscape(unit: string): string {
  return Array.from({ length: unit.length }, (_, index) => {
    return `\\u${unit.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }).join("");
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}
