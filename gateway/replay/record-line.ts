// An exchange as a line of a corpus: the recorded facts and decisions as they are, so that other tools read them too.
import { z } from "zod";
import type { ReplayRow } from "../../db/queries/replay-rows.ts";
import { ReplayError } from "./replay-error.ts";

const text = z.string().nullable();

const line = z.strictObject({
  id: z.uuid(),
  subject: text,
  operation: z.string(),
  stream: z.boolean(),
  error: text,
  outcome: text,
  facts: z.unknown(),
  decision: z.unknown(),
  later: z.array(z.strictObject({ phase: z.string(), facts: z.unknown(), decision: z.unknown() })),
});

/** An exchange with its JSON read. */
export type RecordLine = z.infer<typeof line>;

/** Reads the JSON of a recorded exchange. Throws what `JSON.parse` throws. */
export function toRecordLine(row: ReplayRow): RecordLine {
  const { id, subject, operation, stream, error, outcome } = row;
  const later = row.later.map(({ phase, facts, decision }) => ({
    phase,
    facts: read(facts),
    decision: read(decision),
  }));
  const [facts, decision] = [read(row.facts), read(row.decision)];
  return { id, subject, operation, stream, error, outcome, facts, decision, later };
}

/** Reads whole lines as exchanges. Throws a `ReplayError` where one is none. */
export function readLines(lines: Uint8Array): readonly ReplayRow[] {
  const texts = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString("utf8").split("\n");
  return texts.filter((one) => one !== "").map(toRow);
}

function toRow(one: string): ReplayRow {
  const parsed = line.safeParse(parse(one));
  if (!parsed.success) throw new ReplayError("The corpus is damaged: it holds a line that is no exchange.");
  const { facts, decision, later, ...row } = parsed.data;
  return {
    ...row,
    facts: write(facts),
    decision: write(decision),
    later: later.map(({ phase, facts, decision }) => ({
      phase,
      facts: write(facts),
      decision: write(decision),
    })),
  };
}

function read(json: string | null): unknown {
  const value: unknown = json === null ? null : JSON.parse(json);
  return value;
}

function write(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
