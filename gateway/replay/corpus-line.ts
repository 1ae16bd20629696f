// A corpus holds an exchange a line, as a replay reads it.
import { z } from "zod";
import type { ReplayRow } from "../../db/queries/replay-rows.ts";

const json = z.unknown().transform((value) => (value == null ? null : JSON.stringify(value)));

const line = z.strictObject({
  id: z.string(),
  subject: z.string().nullable(),
  operation: z.string(),
  stream: z.boolean(),
  facts: json,
  decision: json,
  error: z.string().nullable(),
  outcome: z.string().nullable(),
  later: z.array(z.strictObject({ phase: z.string(), facts: json, decision: json })),
});

/** Says that a corpus is none. */
export class CorpusError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CorpusError";
  }
}

/** Reads a line. Throws `CorpusError`, without a word of what it holds. */
export function readCorpusLine(text: string): ReplayRow {
  try {
    return line.parse(JSON.parse(text));
  } catch (cause) {
    throw new CorpusError("A line of the corpus is no exchange.", { cause });
  }
}

/** Writes a line. */
export function toCorpusLine(row: ReplayRow): string {
  const parse = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
  return JSON.stringify({
    ...row,
    facts: parse(row.facts),
    decision: parse(row.decision),
    later: row.later.map((one) => ({
      phase: one.phase,
      facts: parse(one.facts),
      decision: parse(one.decision),
    })),
  });
}
