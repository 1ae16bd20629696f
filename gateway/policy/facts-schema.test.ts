// The schema of the facts and the file that OPA reads.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { factsSchema, toFactsJsonSchema } from "./facts-schema.ts";
import { toLargestFacts, toSampleFacts } from "./sample-facts.ts";

const PHASES = ["request", "answer", "finding", "tool_call", "end", "whole"] as const;

describe("the facts' schema", () => {
  it("is what stands in rego/schemas", () => {
    const file: unknown = JSON.parse(
      readFileSync(new URL("../../rego/schemas/facts.json", import.meta.url), "utf8"),
    );
    expect(toFactsJsonSchema()).toEqual(file);
  });

  it("takes ordinary and the largest facts of every phase", () => {
    for (const phase of PHASES) {
      expect(factsSchema.parse(toSampleFacts(phase)).phase).toBe(phase);
      expect(factsSchema.parse(toLargestFacts(phase, { paths: null, body: true, texts: true })).phase).toBe(
        phase,
      );
    }
  });

  it("takes nothing that it does not name", () => {
    const facts = toSampleFacts("request");
    expect(factsSchema.safeParse({ ...facts, extra: 1 }).success).toBe(false);
    expect(factsSchema.safeParse({ ...facts, request: { ...facts.request, modle: "x" } }).success).toBe(
      false,
    );
  });

  it("closes every object of its own, so that OPA finds a misspelling", () => {
    const open: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value !== "object" || value === null) return;
      if (
        "properties" in value &&
        (!("additionalProperties" in value) || value.additionalProperties !== false)
      )
        open.push(path);
      if ("anyOf" in value && JSON.stringify(value.anyOf).includes("properties")) open.push(path);
      for (const [key, child] of Object.entries(value)) walk(child, `${path}/${key}`);
    };
    walk(toFactsJsonSchema(), "");
    expect(open).toEqual([]);
  });
});
