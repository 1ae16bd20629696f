// The first line of a corpus: what it holds, how that was chosen, and what was left out and why.
import { z } from "zod";
import { ReplayError } from "../replay/replay-error.ts";

const count = z.int().nonnegative();
const moment = z.iso.datetime();

const manifest = z.strictObject({
  format: z.literal(1),
  /** The version of the facts, `input.v`. */
  facts: z.literal(1),
  made_at: moment,
  /** The version of the gateway that made it. */
  tollgate: z.string(),
  /** What was asked for, in words. */
  scope: z.string(),
  /** When its first exchange began, and its last; null: it has none. */
  span: z.strictObject({ from: moment, to: moment }).nullable(),
  exchanges: count,
  /** Decisions after the requests'. */
  decisions: count,
  operations: z.record(z.string(), count),
  /** Which policies decided, with the digests of their bundles where those are kept. */
  revisions: z.array(
    z.strictObject({ revision: z.string(), digest: z.string().nullable(), exchanges: count }),
  ),
  /** Whether callers are named, or stand under names that only hold within this corpus. */
  callers: z.enum(["names", "pseudonyms"]),
  sampling: z
    .strictObject({
      asked: z.string(),
      /** The part of all exchanges that is kept whatever they are. */
      part: z.number().min(0).max(1),
      /** Of each operation, code and caller so many are kept besides, or all. */
      at_least: count,
      chosen_by: z.literal("sha256 of the id"),
    })
    .nullable(),
  left_out: z.array(z.strictObject({ what: z.string(), why: z.string(), count: count.nullable() })),
  /** What an operator's file may name besides what a bundle says. */
  connection_labels: z.array(z.string()),
  recognised: z.array(z.string()),
  /** Of the lines that follow, unpacked. */
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const header = z.strictObject({ tollgate_corpus: z.unknown(), signature: z.string().optional() });

/** What a corpus says of itself. */
export type CorpusManifest = z.infer<typeof manifest>;

/** The first line as it was read; `signed` is what a signature is over. */
export type CorpusHeader = {
  readonly manifest: CorpusManifest;
  readonly signed: object;
  readonly signature: string | null;
};

/** Reads the first line. Throws a `ReplayError` where it is none, or of a later format. */
export function parseHeader(line: string): CorpusHeader {
  const read = header.safeParse(parse(line));
  const signed = read.data?.tollgate_corpus;
  if (!read.success || typeof signed !== "object" || signed === null)
    throw new ReplayError("That is no corpus: its first line is no manifest.");
  const format = z.object({ format: z.unknown(), facts: z.unknown() }).safeParse(signed);
  if (format.success && (format.data.format !== 1 || format.data.facts !== 1))
    throw new ReplayError(
      "The corpus is of another version of Tollgate: export it anew, or replay it with that one.",
    );
  const known = manifest.safeParse(signed);
  if (!known.success) throw new ReplayError("The corpus is damaged: its manifest is malformed.");
  return { manifest: known.data, signed, signature: read.data.signature ?? null };
}

/** Writes the first line. */
export function toHeader(manifest: CorpusManifest, signature: string | null): string {
  return `${JSON.stringify({ tollgate_corpus: manifest, ...(signature !== null && { signature }) })}\n`;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
