// The pattern table: what a policy's author writes under `data.gateway.patterns`, and its check.
import { z } from "zod";
import { GatewayError } from "../../errors.ts";
import { SEGMENT_KINDS } from "../../exchange.ts";

/** Which way a text goes: to the target, or back from it. */
export type Direction = "request" | "answer";

const text = z.string().min(1).max(256);
const view = z.enum(["fold", "exact"]);

const literal = z.strictObject({
  /** The words to find. At least three characters that are no space. */
  literal: text,
  /**
   * `fold` (default): letters match in either case, full-width, mathematical, accented and look-alike letters as the
   * plain one, runs of white space as one space, and invisible characters are passed over. `exact`: as written.
   */
  case: view.optional(),
  /** Whether a match must stand by itself, not inside a longer word (default true). */
  word: z.boolean().optional(),
});

const run = z.strictObject({
  /** What the value begins with: one string or several. */
  prefix: z.union([text, z.array(text).min(1).max(64)]),
  /** Which ASCII characters follow, as in a regex class: `A-Za-z0-9_-`; `\s` is white space, `\` escapes. */
  alphabet: z.string().min(1).max(256),
  /** How many of them at least, and at most; what goes on beyond `max` is not part of the match. */
  min: z.int().min(0).max(8192),
  max: z.int().min(1).max(8192),
  /** Where the run ends early, these included, for instance `-----END PRIVATE KEY-----`. */
  suffix: z.array(text).min(1).max(64).optional(),
  /** As in a literal, but `exact` by default. */
  case: view.optional(),
  /** Whether no letter or digit may stand before the prefix (default true). */
  left_boundary: z.boolean().optional(),
  /** Whether no letter or digit may stand after the run (default false). */
  right_boundary: z.boolean().optional(),
});

const regex = z.strictObject({
  /** The regex is tried only where one of these stands. */
  literals: z.array(text).min(1).max(256),
  /** RE2 syntax. It begins at the literal, or within `before` of it, and must cover the literal. */
  regex: z.string().min(1).max(1024),
  /** How many UTF-16 units from the literal's start on the regex sees (default 256). */
  window: z.int().min(8).max(1024).optional(),
  /** How many units before the literal it sees (default 0). A stream always keeps that many back. */
  before: z.int().min(0).max(256).optional(),
  /** As in a literal; with `fold` (default) the regex sees the folded text and matches in either case. */
  case: view.optional(),
  /** Whether no letter or digit may stand before the match (default true). */
  left_boundary: z.boolean().optional(),
});

const invisible = z.strictObject({
  /** A run of invisible characters: Unicode tags, bidirectional controls, or characters of no width. */
  characters: z.enum(["tag", "bidi", "zero_width"]),
  /** How many stand in a row at least (default 1). */
  min: z.int().min(1).max(64).optional(),
});

const spec = z.strictObject({
  /** The class of a finding: `secret`, `personal_data`, `prompt_injection`, … */
  class: z.string().regex(/^[a-z][a-z0-9_.:-]{0,63}$/),
  title: z.string().max(200).optional(),
  /** The kinds of text that it is looked for in; absent: all. */
  kinds: z.array(z.enum(SEGMENT_KINDS)).min(1).optional(),
  /** The directions that it is looked for in; absent: both. */
  directions: z
    .array(z.enum(["request", "answer"]))
    .min(1)
    .optional(),
  /** The ways to match; a plain string is a literal. */
  any: z
    .array(z.union([text, literal, run, regex, invisible]))
    .min(1)
    .max(512),
});

const table = z.record(z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/), spec);

/** One way in which a pattern matches, with what `any` holds as plain strings made literals. */
export type PatternAlternative =
  | z.infer<typeof literal>
  | z.infer<typeof run>
  | z.infer<typeof regex>
  | z.infer<typeof invisible>;

/** A pattern as a policy's author writes it. `docs/patterns.md` tells how. */
export type PatternSpec = z.infer<typeof spec>;

/** Patterns by id. */
export type PatternTable = Readonly<Record<string, PatternSpec>>;

/**
 * Checks a bundle's `data.gateway.patterns`; absent is an empty table.
 *
 * @throws GatewayError `detector_failed` that names the pattern and what is wrong with it.
 */
export function parsePatternTable(value: unknown): PatternTable {
  const result = table.safeParse(value ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue === undefined ? "" : issue.path.map(String).join(".");
  throw new GatewayError("detector_failed", `Pattern ${where}: ${issue?.message ?? "malformed"}.`);
}
