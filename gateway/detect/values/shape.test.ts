import { describe, expect, test } from "vitest";
import { compileShape, matchBackward, matchForward, NONE, WAIT } from "./shape.ts";

const match = (source: string, text: string, isFinal = true, anyCase = false): number =>
  matchForward(compileShape(source, anyCase), 0, text, 0, isFinal);

describe("a shape", () => {
  test("matches characters as they are, classes and counts, as long as it can", () => {
    expect(match("ab-[0-9]{2,4}", "ab-12345")).toBe(7);
    expect(match("ab-[0-9]{2,4}", "ab-1")).toBe(NONE);
    expect(match("a\\.b\\d", "a.b7")).toBe(4);
    expect(match("a-?b", "ab")).toBe(2);
    expect(match("AB[^x]{2}", "ABqx")).toBe(NONE);
    expect(match("ab[a-f]", "ABC", true, true)).toBe(3);
  });

  test("ends a run where the next part first stands", () => {
    expect(match("[a-z.]{2,9}\\.x", "ab.cd.xyz")).toBe(7);
  });

  test("waits only where more text could change what it says", () => {
    expect(match("ab-[0-9]{2,4}", "ab-12", false)).toBe(WAIT);
    expect(match("ab-[0-9]{2,4}", "ab-1234", false)).toBe(7);
    expect(match("ab-[0-9]{2,4}", "a", false)).toBe(WAIT);
    expect(match("ab-[0-9]{2,4}", "ax", false)).toBe(NONE);
  });

  test("reads what stands before its anchor backwards", () => {
    const shape = compileShape("[a-z0-9]{3}\\.anchor\\.[a-z]{2}");
    expect(shape.anchor).toBe(1);
    expect(matchBackward(shape, 1, "zab1.anchor.xy", 4)).toBe(1);
    expect(matchBackward(shape, 1, "b1.anchor.xy", 2)).toBe(NONE);
  });

  test.each(["(a)", "a|b", "[a", "a{2", "[z-a]x", "a.b"])("refuses %s", (source) => {
    expect(() => compileShape(source)).toThrow("malformed");
  });
});
