// The operator's lists of what waits for a person, and of who answers.
import { z } from "zod";
import { APPROVAL_FIELDS } from "./approval-effect.ts";

const text = z.string().min(1).max(256);
const groups = z.array(text).min(1).max(1_000).exactOptional();

function field(name: string, expected: string) {
  return z.custom<unknown>((value) => APPROVAL_FIELDS[name]?.(value) === true, `expected ${expected}`);
}

/** Describes them, as they stand under `lists`. */
export const approvalLists = {
  approvals: z
    .array(
      z.strictObject({
        code: text.exactOptional(),
        question: field("question", "a question of at most 500 characters").exactOptional(),
        from: field("from", "a list of lists of groups, at most 8 of 32"),
        people: field("people", "1 to 16 people").exactOptional(),
        within_s: field("within_s", "seconds, at most 30 days of them"),
        allows: z.literal("once").exactOptional(),
      }),
    )
    .max(1_000),
  approve_operations: z.array(z.strictObject({ operations: z.array(text).min(1), groups })).max(1_000),
  approve_models: z.array(z.strictObject({ model: text, groups })).max(1_000),
  approve_findings: z
    .array(z.strictObject({ class: text, at_least: z.int().min(1).max(1_000_000), groups }))
    .max(1_000),
};
