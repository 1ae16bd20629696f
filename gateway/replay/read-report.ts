// Reads a report that comes from a gateway.
import { z } from "zod";
import { PHASES } from "../policy/manifest.ts";
import { EFFECT_NAMES } from "./outcome.ts";
import type { Report } from "./report.ts";

const count = z.number().nonnegative();
const version = z.object({ revision: z.string(), dataRevision: z.string() });
const named = z.array(z.object({ name: z.string(), count }));
const unjudged = z.array(z.object({ reason: z.string(), text: z.string(), count }));
const texts = z.array(z.string());

const report: z.ZodType<Report> = z.object({
  bundle: version,
  against: version.nullable(),
  scope: z.string(),
  seconds: count,
  coverage: z.object({
    exchanges: count,
    judged: count,
    not_judged: unjudged,
    errors: named,
    later: count,
    later_not_judged: unjudged,
    answers_without_a_decision: count,
  }),
  exchanges: z.object({
    unchanged: count,
    changed: count,
    new_denials: count,
    new_denial_examples: texts,
    lifted_denials: count,
    lifted_denial_examples: texts,
  }),
  effects: z.record(z.string(), z.object({ gained: count, lost: count })),
  changes: z.array(
    z.object({
      change: z.enum(["gained", "lost"]),
      phase: z.enum(PHASES),
      effect: z.enum(EFFECT_NAMES),
      code: z.string(),
      detail: z.string(),
      title: z.string().nullable(),
      exchanges: count,
      times: count,
      callers: named,
      operations: named,
      examples: texts,
    }),
  ),
});

/** Gives the report; null where it is none. */
export function readReport(value: unknown): Report | null {
  return report.safeParse(value).data ?? null;
}
