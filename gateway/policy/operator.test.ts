// What an operator's file may say.

import { describe, expect, it } from "vitest";
import type { BundleMetadata } from "./manifest.ts";
import { readOperatorData, type OperatorScope } from "./operator.ts";

const rule = (code: string, effects: string[]): BundleMetadata["rules"][number] => ({
  code,
  title: code,
  remedy: "none",
  package: `data.gateway.rules.${code}`,
  phases: ["request"],
  effects,
});

const SCOPE: OperatorScope = {
  metadata: {
    format: 1,
    facts: 1,
    reads: {},
    phases: ["request"],
    rules: [rule("loose", ["deny"]), rule("strict", ["deny"]), rule("labels", ["label"])],
    rego_patterns: 0,
    canaries: [],
  },
  params: {
    labels: ["production"],
    lists: { connectors: [], mcp_servers: [], own: [], masks: [], originals: [] },
    limits: { tokens_per_request: { default: 1 } },
    effects: { loose: "observe" },
    effects_by_label: { production: { strict: "require_approval" } },
    operator_may_relax: ["loose", "labels"],
  },
  patterns: { names: { class: "project" } },
  recognised: [],
  connectionLabels: ["lab"],
};

const read = (text: string) => readOperatorData(text, SCOPE).data;

describe("readOperatorData", () => {
  it("takes a class that a recogniser alone finds where one is configured for it", () => {
    const text = "lists: {masks: [{class: person_name}], originals: [person_name, address]}";
    expect(() => read(text)).toThrow("which a recogniser alone finds");
    const data = readOperatorData(text, { ...SCOPE, recognised: ["person_name"] }).data;
    expect(data).toMatchObject({ lists: { masks: [{ class: "person_name" }] } });
  });

  it("reads YAML and JSON, and an empty file", () => {
    expect(read("lists:\n  connectors: [connector_a]\n")).toEqual({ lists: { connectors: ["connector_a"] } });
    expect(read('{"limits": {"tokens_per_request": {"default": 10}}}')).toEqual({
      limits: { tokens_per_request: { default: 10 } },
    });
    expect(read("")).toEqual({});
  });

  it("takes lists that a bundle of one's own has", () => {
    expect(read("lists: {own: [a], mcp_servers: [{host: mcp.example.com, label: docs}]}")).toEqual({
      lists: { own: ["a"], mcp_servers: [{ host: "mcp.example.com", label: "docs" }] },
    });
  });

  it("masks what the bundle's patterns find", () => {
    expect(read("lists: {masks: [{class: project, kinds: [message]}]}")).toEqual({
      lists: { masks: [{ class: "project", kinds: ["message"] }] },
    });
  });

  it("fills in what a group leaves out, so that nothing of the bundle's group shines through", () => {
    const group = { operations: { names: ["responses.create"] }, models: { names: ["gpt-4.1"] } };
    expect(read(JSON.stringify({ groups: { developers: group } }))).toEqual({
      groups: { developers: { ...group, models: { names: ["gpt-4.1"], prefixes: [] } } },
    });
  });

  it("gives equal digests for equal data, and others for other data", () => {
    const digest = (text: string) => readOperatorData(text, SCOPE).digest;
    expect(digest("effects: {loose: off}")).toBe(digest('{"effects": {"loose": "off"}}'));
    expect(digest("effects: {loose: off}")).not.toBe(digest("effects: {loose: deny}"));
  });

  const refused: Record<string, [string, string]> = {
    "a misspelt key": ["lsits: {}", "lsits"],
    "a key of a list that no rule knows": ["lists: {teleports: []}", "teleports"],
    "a limit that no rule knows": ["limits: {teleports: {default: 1}}", "teleports"],
    "an element that a list cannot have": ["lists: {mcp_servers: [mcp.example.com]}", "mcp_servers"],
    "an object in a list of names": ["lists: {own: [{a: 1}]}", "own"],
    "a value of the wrong type": ["limits: {tokens_per_request: {default: many}}", "tokens_per_request"],
    "to restore what is not kept": [
      "lists: {masks: [{class: email, with: token, restore: [message]}]}",
      "restore goes with",
    ],
    "a class and fields": ["lists: {masks: [{class: email, fields: [ssn]}]}", "a class or fields"],
    "a mask of nothing": ["lists: {masks: [{with: redact}]}", "a class or fields"],
    "a pointer that is none": ["lists: {masks: [{fields: [ssn, /a~2]}]}", "no field"],
    "to restore what fields hold": [
      "lists: {masks: [{fields: [ssn], with: placeholder, restore: [message]}]}",
      "never restored",
    ],
    "to restore secrets": [
      "lists: {masks: [{class: secret, with: placeholder, restore: [message]}]}",
      "never restored",
    ],
    "to mask a class that nothing finds": [
      "lists: {masks: [{class: secrets}]}",
      "the class secrets in lists.masks",
    ],
    "to keep a class that nothing finds": ["lists: {originals: [mail]}", "the class mail in lists.originals"],
    "a kind of text that there is not": ["lists: {masks: [{class: email, kinds: [messages]}]}", "kinds"],
    "an unknown effect": ["effects: {loose: allow}", "loose"],
    "an unknown code": ["effects: {lose: off}", "lose"],
    "an unknown label": ["effects_by_label: {prodction: {loose: off}}", "prodction"],
    "an unknown code below a label": ["effects_by_label: {lab: {lose: off}}", "lose"],
    "to weaken a code that the bundle keeps": ["effects: {strict: observe}", "operator_may_relax"],
    "to weaken it below a label": ["effects_by_label: {production: {strict: observe}}", "operator_may_relax"],
    "an effect that a rule cannot have": ["effects: {labels: deny}", "never refuses"],
    "a parameter that cannot be set": ["lists: {set: [{parameter: model, to: gpt-5}]}", "parameter"],
    "two things to do with a parameter": [
      "lists: {set: [{parameter: store, to: false, strip: true}]}",
      "that fits the parameter",
    ],
    "a value that a parameter cannot have": ["lists: {set: [{parameter: temperature, at_most: 5}]}", "fits"],
    "a key that stands twice": ["effects: {loose: off}\neffects: {loose: deny}", "no YAML or JSON"],
    aliases: ["a: &a [1]\nb: *a", "no YAML or JSON"],
    "what is no YAML": ["effects: [", "no YAML or JSON"],
    "what is no object": ["[1, 2]", "refused"],
  };
  for (const [what, [text, reason]] of Object.entries(refused))
    it(`refuses ${what}`, () => {
      expect(() => read(text)).toThrow(reason);
    });

  it("lets the operator make any code stricter", () => {
    expect(read("effects: {strict: deny, loose: require_approval}")).toBeDefined();
    expect(read("effects_by_label: {production: {strict: deny}, lab: {loose: deny}}")).toBeDefined();
  });

  it("lets the operator weaken what the bundle names", () => {
    expect(read("effects: {loose: off, labels: observe}")).toBeDefined();
  });
});
