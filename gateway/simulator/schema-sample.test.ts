import { expect, test } from "vitest";
import { z } from "zod";
import type { Json } from "../exchange.ts";
import { parseText } from "./read-json.ts";
import { sampleOfSchema } from "./schema-sample.ts";

const step = z.object({ explanation: z.string(), output: z.string() });

test.each([
  z.object({ name: z.string(), age: z.int().min(18).max(20), tags: z.array(z.string()).min(2) }),
  z.object({ kind: z.enum(["a", "b"]), fixed: z.literal("x"), on: z.boolean(), nothing: z.null() }),
  z.object({ when: z.iso.date(), at: z.iso.datetime(), mail: z.email(), id: z.uuid() }),
  z.object({ steps: z.array(step), final: step.nullable(), either: z.union([z.number(), z.string()]) }),
  z.object({ bounded: z.string().min(9).max(12), positive: z.number().positive() }),
])("gives a value that the schema accepts (%#)", (schema) => {
  const sample = sampleOfSchema(toJson(z.toJSONSchema(schema)), "word");
  expect(schema.safeParse(sample)).toMatchObject({ success: true });
});

test("follows references into definitions, and stops in a schema that holds itself", () => {
  const node = { type: "object", properties: { next: { $ref: "#/$defs/node" } }, required: ["next"] };
  expect(JSON.stringify(sampleOfSchema({ $ref: "#/$defs/node", $defs: { node } }, "end"))).toContain("end");
  const named = {
    properties: { city: { $ref: "#/$defs/city~1name" } },
    required: ["city"],
    $defs: { "city/name": { const: "Oslo" } },
  };
  expect(sampleOfSchema(named, "word")).toEqual({ city: "Oslo" });
});

function toJson(value: unknown): Json {
  return parseText(JSON.stringify(value)) ?? null;
}
