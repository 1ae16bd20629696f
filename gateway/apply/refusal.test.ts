import { describe, expect, test } from "vitest";
import type { Decision, RuleText } from "../exchange.ts";
import { toCallDenial, toDenialText, toMissingAllow, toRefusal } from "./refusal.ts";

const NOTHING: Decision = { allow: [], deny: [], observe: [], record: [], label: [], need: [] };
const RULES = new Map<string, RuleText>([
  ["no_drop", { code: "no_drop", title: "Dropping is refused", remedy: "Ask first.", package: "p" }],
]);

describe("a decision", () => {
  test("refuses the whole by a denial that names no call, with code, title, remedy and exchange", () => {
    const error = toRefusal({ ...NOTHING, deny: [{ code: "no_drop" }] }, RULES, "e1");
    expect(error).toMatchObject({ status: 403, publicCode: "no_drop" });
    expect(error?.message).toBe("Refused by policy: Dropping is refused. Ask first. (exchange e1)");
  });

  test("refuses the whole by a call's denial only where the rule says so", () => {
    const deny = [{ code: "no_drop", call: "c1" }];
    expect(toRefusal({ ...NOTHING, deny }, RULES, "e1")).toBeNull();
    expect(
      toRefusal({ ...NOTHING, deny: [{ code: "no_drop", call: "c1", as: "error" }] }, RULES, "e1"),
    ).not.toBeNull();
  });

  test("refuses a request that no rule allows", () => {
    expect(toMissingAllow(NOTHING, "e1")?.code).toBe("policy_not_allowed");
    expect(toMissingAllow({ ...NOTHING, allow: [{ code: "a" }] }, "e1")).toBeNull();
  });

  test("denies the call that it names, a lone surrogate in the id included", () => {
    const deny = [{ code: "no_drop", call: "c\uFFFD" }];
    expect(toCallDenial({ ...NOTHING, deny }, "c\uD800")?.code).toBe("no_drop");
    expect(toCallDenial({ ...NOTHING, deny }, "other")).toBeNull();
  });

  test("tells the program code, remedy and exchange, and nothing of an unknown rule", () => {
    expect(toDenialText("no_drop", RULES, "e1")).toContain(
      "(no_drop). Dropping is refused. Ask first. [exchange e1]",
    );
    expect(toDenialText("gone", RULES, "e1")).toContain("A rule refuses.");
  });
});
