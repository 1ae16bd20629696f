// What of a bundle's data and rules the gateway refuses before it uses them.
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../exchange.ts";
import { checkData } from "./bundle-params.ts";
import type { BundleMetadata } from "./manifest.ts";

const patterns = { names: { class: "project", any: ["bluebird"] } };

function check(params: JsonObject, classes: readonly string[] = []): unknown {
  const rule = {
    code: "own",
    title: "Own",
    remedy: "None.",
    package: "data.gateway.rules.own",
    phases: ["request" as const],
    effects: ["mask"],
    classes: [...classes],
  };
  const tollgate: BundleMetadata = {
    format: 1,
    facts: 1,
    reads: {},
    phases: ["request"],
    rules: [rule],
    rego_patterns: 0,
    canaries: [],
  };
  const manifest = { revision: "r", roots: ["gateway"], wasm: [], metadata: { tollgate } };
  return checkData({ data: { params, patterns }, manifest });
}

describe("a bundle's data", () => {
  it("names classes of detectors and of its own patterns", () => {
    const params = {
      effects: { own: "observe" },
      lists: {
        masks: [{ class: "project" }, { fields: ["ssn"] }],
        originals: ["email", "field"],
        others: [{ a: 1 }],
      },
    };
    expect(check(params, ["email", "project"])).toEqual({ params, patterns, tokenLives: [] });
  });

  it.each<[string, JsonObject, readonly string[], string]>([
    [
      "a mask of a class that nothing finds",
      { lists: { masks: [{ class: "emial" }] } },
      [],
      "its data names the class emial in lists.masks",
    ],
    [
      "an original of one",
      { lists: { originals: ["projects"] } },
      [],
      "the class projects in lists.originals",
    ],
    ["a rule that writes one out", {}, ["project", "mail"], "it names the class mail in the rule own"],
    ["a mask of no class", { lists: { masks: [{ with: "redact" }] } }, [], "a class or fields, one of them"],
    [
      "a way to mask that there is not",
      { lists: { masks: [{ class: "email", with: "hide" }] } },
      [],
      "malformed",
    ],
    ["originals of secrets", { lists: { originals: ["secret"] } }, [], "secrets are never kept"],
    [
      "an effect of a code that no rule has",
      { effects: { other: "off" } },
      [],
      "the code other, which no rule has",
    ],
  ])("is refused for %s", (_, params, classes, why) => {
    expect(() => check(params, classes)).toThrow(why);
  });
});
