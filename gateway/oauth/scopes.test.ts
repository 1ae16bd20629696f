import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinScopes, narrowScopes } from "./scopes.ts";

/** Whether a token of these scopes is good for a name of a kind. */
function isGood(scopes: readonly string[], kind: string, name: string): boolean {
  const limits = scopes.filter((scope) => scope.startsWith(kind)).map((scope) => scope.slice(kind.length));
  if (limits.length === 0) return true;
  return limits.some((limit) => (limit.endsWith("*") ? name.startsWith(limit.slice(0, -1)) : name === limit));
}

const KINDS = ["model:", "operation:", "connection:"];
const name = fc.stringMatching(/^[ab]{1,3}$/);
const scope = fc
  .tuple(fc.constantFrom(...KINDS), name, fc.constantFrom("", "*"))
  .map(([kind, text, end]) => kind + text + end);
const scopes = fc.array(scope, { maxLength: 5 });

describe("a narrowed token", () => {
  test("is good for nothing that the token which asks is not good for", () => {
    fc.assert(
      fc.property(scopes, scopes, fc.constantFrom(...KINDS), name, (held, asked, kind, what) => {
        let narrowed: string[];
        try {
          narrowed = narrowScopes(held, asked.join(" "));
        } catch {
          return;
        }
        if (isGood(narrowed, kind, what)) expect(isGood(held, kind, what)).toBe(true);
      }),
    );
  });

  test.each([
    [["model:gpt-*"], "model:gpt-4.1", ["model:gpt-4.1"]],
    [["model:gpt-*"], "operation:responses.create", ["model:gpt-*", "operation:responses.create"]],
    [[], "model:gpt-4.1 offline_access", ["model:gpt-4.1"]],
    [["reports"], "reports", ["reports"]],
    [["reports"], "", []],
  ])("of %j that asks for %j has %j", (held, asked, expected) => {
    expect(narrowScopes(held, asked)).toEqual(expected);
  });

  test.each([
    [["model:gpt-4.1"], "model:gpt-*"],
    [["model:gpt-4.1"], "model:o3"],
    [[], "reports"],
    [[], 'model:"x'],
    [[], "model:\u00e9"],
  ])("of %j can't be had for %j", (held, asked) => {
    expect(() => narrowScopes(held, asked)).toThrow(expect.objectContaining({ code: "invalid_scope" }));
  });
});

test("the scopes of two together cover exactly what both cover", () => {
  fc.assert(
    fc.property(scopes, scopes, fc.constantFrom(...KINDS), name, (one, other, kind, what) => {
      const joined = joinScopes(one, other);
      expect(isGood(joined, kind, what)).toBe(isGood(one, kind, what) && isGood(other, kind, what));
    }),
  );
});
