import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../exchange.ts";
import { escapeToken, getAt, isList, isObject, setAt } from "./pointer.ts";

// The examples of RFC 6901 §5.
const DOCUMENT: Json = {
  foo: ["bar", "baz"],
  "": 0,
  "a/b": 1,
  "c%d": 2,
  "e^f": 3,
  "g|h": 4,
  "i\\j": 5,
  'k"l': 6,
  " ": 7,
  "m~n": 8,
};

function listPointers(value: Json, at = ""): string[] {
  const below = isList(value)
    ? value.flatMap((child, index) => listPointers(child, `${at}/${index}`))
    : isObject(value)
      ? Object.entries(value).flatMap(([key, child]) => listPointers(child, `${at}/${escapeToken(key)}`))
      : [];
  return [at, ...below];
}

describe("JSON Pointers", () => {
  it.each([
    ["", DOCUMENT],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("finds the RFC's example %j", (pointer, expected) => {
    expect(getAt(DOCUMENT, pointer)).toEqual(expected);
  });

  it.each([
    "foo",
    "/nothing",
    "/foo/2",
    "/foo/01",
    "/foo/-",
    "/foo/-1",
    "/foo/length",
    "/a~2b",
    "/m~",
    "/toString",
    "/__proto__",
  ])("finds nothing at %j", (pointer) => {
    expect(getAt(DOCUMENT, pointer)).toBeUndefined();
  });

  it("reads back what it set, at every place of every value, and changes nothing else", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(), fc.string(), (raw, pick, text) => {
        const value: Json = JSON.parse(JSON.stringify(raw));
        const before = JSON.stringify(value);
        const pointers = listPointers(value);
        const pointer = pointers[pick % pointers.length] ?? "";
        const original = getAt(value, pointer);
        expect(original).not.toBeUndefined();
        const changed = setAt(value, pointer, text);
        expect(getAt(changed ?? null, pointer)).toBe(text);
        expect(JSON.stringify(setAt(changed ?? null, pointer, original ?? null))).toBe(before);
        expect(JSON.stringify(value)).toBe(before);
      }),
    );
  });

  it("adds a member or an element, but no path", () => {
    expect(setAt({ a: [1] }, "/b", 2)).toEqual({ a: [1], b: 2 });
    expect(setAt({ a: [1] }, "/a/-", 2)).toEqual({ a: [1, 2] });
    expect(setAt({ a: [1] }, "/a/1", 2)).toEqual({ a: [1, 2] });
    expect(setAt({ a: [1] }, "/a/3", 2)).toBeUndefined();
    expect(setAt({ a: [1] }, "/b/c", 2)).toBeUndefined();
    expect(setAt({ a: 1 }, "/a/b", 2)).toBeUndefined();
  });

  it("sets a member named __proto__ without touching the prototype", () => {
    const changed = setAt(JSON.parse('{"__proto__":1}'), "/__proto__", { admin: true });
    expect(JSON.stringify(changed)).toBe('{"__proto__":{"admin":true}}');
    expect("admin" in Object(changed)).toBe(false);
  });
});
