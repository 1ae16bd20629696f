// Finds in texts what must not pass unseen: the values that the gateway knows, and a policy's patterns, in one pass.
import { hash } from "node:crypto";
import type { SegmentKind } from "../../exchange.ts";
import { compilePatterns, listUses, toUse, type Use } from "./compile-patterns.ts";
import { compileValues, joinTriggers, type Tables } from "./compile.ts";
import type { Direction, PatternTable } from "./pattern-spec.ts";
import { ValueScan, type ValueFinding } from "./scan.ts";

/** Finds in texts; equal digests find the same. */
export type Detector = {
  readonly digest: string;
  /** One of each set of uses of text in which the same is found. */
  readonly uses: readonly Use[];
  /** Finds all in a whole text, sorted by start. Of a part of a JSON text, which was searched whole, only patterns. */
  scan(text: string, kind: SegmentKind, direction: Direction, isPart?: boolean): readonly ValueFinding[];
  /** Begins a text, or a part of one, that comes in pieces; the findings are those of the whole, however it is cut. */
  stream(kind: SegmentKind, direction?: Direction, isPart?: boolean): ValueScan;
};

/** Changes when the same tables would give other findings. */
const VERSION = 6;

const NONE: readonly ValueFinding[] = [];
const NO_TABLES: Tables = { tokens: [], named: [], numbers: [], coins: [], isNoSecret: () => false };

/**
 * Makes the compiler of a policy's patterns, which puts them beside the values of `tables`; with null it looks for patterns
 * alone. Of runs of base64 or hexadecimal in a text it looks into `encodedBytes` bytes, decoded.
 */
export function createDetectorCompiler(
  tables: Tables | null,
  encodedBytes = 0,
): (patterns: PatternTable) => Detector {
  const { tokens, named, numbers, coins } = tables ?? NO_TABLES;
  const hasValues = tables !== null;
  const values = tables === null ? { triggers: [], words: 0 } : compileValues(tables);
  const digest = hash("sha256", JSON.stringify([VERSION, tokens, named, numbers, coins, encodedBytes]));
  return (patterns) => {
    const compiled = compilePatterns(patterns);
    const triggers = joinTriggers(values, compiled);
    return {
      uses: listUses(compiled),
      digest: hash("sha256", JSON.stringify([digest, toCanonical(patterns)])),
      scan(text, kind, direction, isPart = false) {
        const use = toUse(kind, direction);
        if (text === "" || ((isPart || !hasValues) && (use & triggers.uses) === 0)) return NONE;
        return new ValueScan(triggers, use, hasValues && !isPart, encodedBytes).take(text, true);
      },
      stream: (kind, direction = "answer", isPart = false) =>
        new ValueScan(triggers, toUse(kind, direction), hasValues && !isPart, encodedBytes),
    };
  };
}

/** Sorts the keys, so that equal tables have equal texts. */
function toCanonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toCanonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, inner]) => [key, toCanonical(inner)]);
}
