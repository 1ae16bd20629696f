import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patchBody } from "./patch.ts";
import type { Patch } from "./patch.ts";

const patch = (text: string, ...patches: Patch[]): string => patchBody(Buffer.from(text), patches).toString();

describe("patchBody", () => {
  it("changes one member, and keeps every other byte", () => {
    const text = '{ "a" : 1.0e2,\n "b":[ 1.50, {"x":"\\u00e9"} ] , "c": null }';
    expect(patch(text, { path: ["c"], does: "set", value: false })).toBe(text.replace("null", "false"));
    expect(patch(text, { path: ["d"], does: "set", value: 1 })).toBe(text.replace("null }", 'null ,"d":1}'));
    expect(patch(text, { path: ["a"], does: "drop" })).toBe('{ "b":[ 1.50, {"x":"\\u00e9"} ] , "c": null }');
    expect(patch(text, { path: ["c"], does: "drop" })).toBe(
      '{ "a" : 1.0e2,\n "b":[ 1.50, {"x":"\\u00e9"} ] }',
    );
    expect(patch(text, { path: ["b"], does: "take", indexes: new Set([0]) })).toBe(
      '{ "a" : 1.0e2,\n "b":[ {"x":"\\u00e9"} ] , "c": null }',
    );
  });

  it("finds a member whose name is written with escapes", () => {
    expect(patch('{"st\\u006fre":true}', { path: ["store"], does: "set", value: false })).toBe(
      '{"st\\u006fre":false}',
    );
  });

  it("makes what a path leads through", () => {
    const change = { path: ["reasoning", "effort"], does: "set", value: "low" } as const;
    expect(patch("{}", change)).toBe('{"reasoning":{"effort":"low"}}');
    expect(patch('{"reasoning":null}', change)).toBe('{"reasoning":{"effort":"low"}}');
    expect(patch('{"reasoning":{"summary":"auto"}}', change)).toBe(
      '{"reasoning":{"summary":"auto","effort":"low"}}',
    );
  });

  it("neither drops nor takes what is not there", () => {
    for (const does of [{ does: "drop" } as const, { does: "take", indexes: new Set([0]) } as const]) {
      expect(patch('{"a":1}', { path: ["b"], ...does })).toBe('{"a":1}');
      expect(patch('{"a":1}', { path: ["a", "b"], ...does })).toBe('{"a":1}');
    }
  });

  it("gives what editing the tree gives", () => {
    const key = fc.constantFrom("a", "b", "c", 'q"', "__proto__", "toString");
    const value = fc.jsonValue({ maxDepth: 2 }).map((one) => JSON.parse(JSON.stringify(one)));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 6 }),
        key,
        value,
        fc.constantFrom(0, 2, "\t"),
        fc.uniqueArray(fc.nat({ max: 4 })),
        (members, name, to, indent, indexes) => {
          const body = Object.fromEntries([...members, ["list", [1, "]", [2], { "}": 3 }, null]]]);
          const text = JSON.stringify(body, null, indent);
          const changed = patch(
            text,
            { path: [name], does: "set", value: to },
            { path: ["list"], does: "take", indexes: new Set(indexes) },
          );
          const list = [1, "]", [2], { "}": 3 }, null].filter((_, index) => !indexes.includes(index));
          expect(JSON.parse(changed)).toEqual(
            Object.fromEntries([...Object.entries(body), [name, to], ["list", list]]),
          );
          const { [name]: _, ...rest } = body;
          expect(JSON.parse(patch(text, { path: [name], does: "drop" }))).toEqual(rest);
        },
      ),
    );
  });
});
