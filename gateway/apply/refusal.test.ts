import { describe, expect, test } from "vitest";
import type { Effect, RuleText } from "../exchange.ts";
import { NO_EFFECTS } from "../policy/decision.ts";
import { toCallDenial, toMissingAllow, toRefusal } from "./refusal.ts";

const rule = { code: "no_drop", title: "Dropping is refused", remedy: "Ask first.", package: "p" };
const RULES = new Map<string, RuleText>([
  ["no_drop", { ...rule, refusal: null }],
  ["model", { ...rule, code: "model", refusal: 'You may not use the model "{about}".' }],
  ["size", { ...rule, code: "size", refusal: "There are too many tokens ({about})" }],
]);

function toMessage(...deny: Effect[]): string | undefined {
  return toRefusal({ ...NO_EFFECTS, deny }, RULES, "e1")?.message;
}

describe("a decision", () => {
  test("refuses the whole by a denial that names no call, with code, title, remedy and exchange", () => {
    const error = toRefusal({ ...NO_EFFECTS, deny: [{ code: "no_drop" }] }, RULES, "e1");
    expect(error).toMatchObject({ status: 403, publicCode: "no_drop" });
    expect(error?.message).toBe("Refused by policy (no_drop). Dropping is refused. Ask first. [exchange e1]");
  });

  test("tells what was refused in the rule's own sentence", () => {
    expect(toMessage({ code: "model", about: "gpt-x" })).toBe(
      'Refused by policy (model). You may not use the model "gpt-x". Ask first. [exchange e1]',
    );
    expect(toMessage({ code: "size", about: "7, the limit is 5" })).toContain(
      "too many tokens (7, the limit is 5). Ask",
    );
    // Of several things the same rule's are told, and not all.
    const many = ["d", "a", "c", "b", "a"].map((about) => ({ code: "size", about }));
    expect(toMessage(...many, { code: "model", about: "m" })).toContain("tokens (a, b, c and 1 more).");
  });

  test("tells it without a name where there is none", () => {
    expect(toMessage({ code: "model", about: "" })).toContain("You may not use the model. Ask first.");
    expect(toMessage({ code: "size" })).toContain("There are too many tokens. Ask first.");
  });

  test("keeps a name on one line, visible and short", () => {
    expect(toMessage({ code: "model", about: 'a"\n\u202E\u0000b$&' })).toContain('the model "a\' b$&".');
    const long = toMessage({ code: "model", about: "x".repeat(500) }) ?? "";
    expect(long).toContain(`"${"x".repeat(80)}…".`);
  });

  test("refuses the whole by a call's denial only where the rule says so", () => {
    const deny = [{ code: "no_drop", call: "c1" }];
    expect(toRefusal({ ...NO_EFFECTS, deny }, RULES, "e1")).toBeNull();
    expect(
      toRefusal({ ...NO_EFFECTS, deny: [{ code: "no_drop", call: "c1", as: "error" }] }, RULES, "e1"),
    ).not.toBeNull();
  });

  test("refuses a request that no rule allows, and says what was asked by whom", () => {
    const asked = { operation: "responses.create", groups: ["guests"] };
    expect(toMissingAllow(NO_EFFECTS, asked, "e1")).toMatchObject({ code: "policy_not_allowed" });
    expect(toMissingAllow(NO_EFFECTS, asked, "e1")?.message).toBe(
      "Refused by policy (policy_not_allowed). No rule allows you responses.create; you are in the groups: guests. " +
        "Ask whoever keeps the policy for access. [exchange e1]",
    );
    expect(toMissingAllow(NO_EFFECTS, { ...asked, groups: [] }, "e1")?.message).toContain(
      "you are in no group.",
    );
    expect(toMissingAllow({ ...NO_EFFECTS, allow: [{ code: "a" }] }, asked, "e1")).toBeNull();
  });

  test("denies the call that it names, a lone surrogate in the id included", () => {
    const deny = [{ code: "no_drop", call: "c\uFFFD" }];
    const call = { id: "c\uD800", name: null };
    expect(toCallDenial({ ...NO_EFFECTS, deny }, call, RULES, "e1")?.code).toBe("no_drop");
    expect(toCallDenial({ ...NO_EFFECTS, deny }, { ...call, id: "other" }, RULES, "e1")).toBeNull();
  });

  test("tells in a call's place its name, code, remedy and exchange, and nothing of an unknown rule", () => {
    const deny = [
      { code: "size", call: "c1", about: "drop_database" },
      { code: "size", call: "c2", about: "truncate" },
    ];
    const call = { id: "c1", name: "run_sql" };
    expect(toCallDenial({ ...NO_EFFECTS, deny }, call, RULES, "e1")?.text).toBe(
      "This call of run_sql was refused by policy (size). There are too many tokens (drop_database). Ask first. [exchange e1]",
    );
    const gone = [{ code: "gone", call: "c1" }];
    expect(toCallDenial({ ...NO_EFFECTS, deny: gone }, { ...call, name: null }, RULES, "e1")?.text).toBe(
      "This tool call was refused by policy (gone). A rule refuses. [exchange e1]",
    );
  });
});
