// What the linter knows of facts: which values a fact may have, in which phases it is there, which requests carry it.

import { z } from "zod";
import { listRoutes } from "../routes.ts";
import { toFactsJsonSchema } from "../policy/facts-schema.ts";
import type { CollectedPhase } from "./collector.ts";

/** A path below `input`; null for a step that only an evaluation knows. */
export type FactPath = readonly (string | null)[];

const node = z.looseObject({
  enum: z.array(z.unknown()).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  anyOf: z.array(z.looseObject({ enum: z.array(z.unknown()).optional() })).optional(),
});

const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** The facts that are not there in every phase. Of what is read whole all of them are. */
const PHASES_OF: Readonly<Record<string, readonly CollectedPhase[]>> = {
  answer: ["answer", "finding", "tool_call", "end", "whole"],
  calls: ["tool_call", "whole"],
  usage: ["end", "whole"],
  body: ["request", "end", "whole"],
  texts: ["request", "end", "whole"],
};

/** What of `input.request` is known of a request without a body too. */
const WITHOUT_BODY: ReadonlySet<string | null> = new Set([null, "bytes", "betas", "beta", "stream"]);

/** Gives a function that gives the values that a fact may have, or null where it may have any. */
export function createFactValues(): (path: FactPath) => readonly string[] | null {
  const root = toFactsJsonSchema();
  return (path) => {
    if (path.join("/") === "time/weekday") return WEEKDAYS;
    let at: z.infer<typeof node> | undefined = node.parse(root);
    for (const step of path) {
      const next: unknown = step === null ? (at?.items ?? at?.additionalProperties) : at?.properties?.[step];
      at = node.safeParse(next).data;
    }
    // One of some words, or null.
    const words = at?.enum ?? at?.anyOf?.flatMap((one) => one.enum ?? []);
    const values = words?.filter((value) => typeof value === "string");
    return values === undefined || values.length === 0 ? null : values;
  };
}

/** Gives the phases in which a fact is there; null for all. */
export function toPhases([first]: FactPath): readonly CollectedPhase[] | null {
  return typeof first === "string" && Object.hasOwn(PHASES_OF, first) ? (PHASES_OF[first] ?? null) : null;
}

/** Says whether a fact comes from a request's body. */
export function isOfBody([first, second = null]: FactPath): boolean {
  if (first === "request") return !WITHOUT_BODY.has(second);
  return ["tools", "texts", "body", "injection"].some((name) => name === first);
}

/** Says whether requests of the operation have no body. */
export function hasNoBody(operation: string): boolean {
  return listRoutes().some((route) => route.operation === operation && route.body === "none");
}
