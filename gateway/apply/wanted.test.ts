import { describe, expect, it } from "vitest";
import type { Effect } from "../exchange.ts";
import { toWanted } from "./wanted.ts";

const want = (...effects: Omit<Effect, "code">[]) =>
  toWanted(effects.map((effect, index) => ({ code: `rule_${index}`, ...effect })));

describe("toWanted", () => {
  it("takes the narrowest of several bounds, and names all rules", () => {
    const parameter = "max_output_tokens";
    expect(
      want(
        { parameter, at_most: 500 },
        { parameter, at_most: 200 },
        { parameter, at_least: 16 },
        { parameter, at_least: 100 },
      ),
    ).toEqual([
      {
        parameter,
        codes: ["rule_0", "rule_1", "rule_2", "rule_3"],
        to: null,
        atMost: 200,
        atLeast: 100,
        strip: false,
        without: [],
      },
    ]);
  });

  it("takes a value that lies between the bounds, and the same value twice", () => {
    const parameter = "temperature";
    const [wanted] = want({ parameter, to: 0.5 }, { parameter, to: 0.5 }, { parameter, at_most: 1 });
    expect(wanted).toMatchObject({ to: 0.5 });
  });

  it("adds tools up", () => {
    const parameter = "tools";
    const [wanted] = want({ parameter, without: [{ type: "mcp" }] }, { parameter, without: [{ name: "x" }] });
    expect(wanted?.without).toEqual([{ type: "mcp" }, { name: "x" }]);
  });

  it.each([
    [{ to: 0 }, { to: 1 }],
    [{ to: 1 }, { at_most: 0.5 }],
    [{ to: 0 }, { at_least: 0.5 }],
    [{ at_most: 0.1 }, { at_least: 0.2 }],
    [{ strip: true as const }, { to: 1 }],
    [{ strip: true as const }, { at_most: 1 }],
  ])("refuses %j beside %j", (one, other) => {
    expect(() => want({ parameter: "temperature", ...one }, { parameter: "temperature", ...other })).toThrow(
      expect.objectContaining({ code: "policy_settings_conflict" }),
    );
  });

  it("refuses two values of a boolean", () => {
    expect(() => want({ parameter: "store", to: false }, { parameter: "store", to: true })).toThrow(
      expect.objectContaining({ code: "policy_settings_conflict" }),
    );
  });
});
