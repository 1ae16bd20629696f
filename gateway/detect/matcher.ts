// The matcher: finds a pattern table's patterns in whole texts and in streams of text.
import { hash } from "node:crypto";
import { SEGMENT_KINDS } from "../exchange.ts";
import type { Finding, SegmentKind } from "../exchange.ts";
import { compileGroup, type Group } from "./compile-patterns.ts";
import { createFolding } from "./fold.ts";
import type { Direction, PatternTable } from "./pattern-spec.ts";
import { advance, beginScan, toWork } from "./scanner.ts";
import type { Scan } from "./scanner.ts";

/** Finds patterns in texts. */
export type Matcher = {
  /** Names the pattern table: equal tables, equal digests. */
  readonly digest: string;
  /**
   * Finds all hits in a whole text, sorted by start; hits of one pattern that overlap are one finding.
   *
   * @throws GatewayError `detector_failed` where the text asks for too much work.
   */
  readonly scan: (text: string, kind: SegmentKind, direction: Direction) => readonly Finding[];
  /** Starts to scan a text that comes in pieces: one channel of an answer's stream, or a long text of a request. */
  readonly stream: (kind: SegmentKind, direction?: Direction) => StreamScanner;
};

/** Finds patterns in a text that comes in pieces. The findings are those of the whole text, however it is cut. */
export type StreamScanner = {
  /**
   * Takes the next piece; gives the findings that became certain, with offsets in the channel's whole text. Each lies
   * whole before the pending end.
   *
   * @throws GatewayError `detector_failed` where the text asks for too much work.
   */
  push: (text: string) => readonly Finding[];
  /** Ends the text; gives the remaining findings. */
  end: () => readonly Finding[];
  /** UTF-16 units at the end of what was pushed that could still become (part of) a match. All before is decided. */
  readonly pending: number;
  /** Units of text that were read, and that were looked at in sum: a measure that no text can drive beyond a multiple. */
  readonly work: { readonly read: number; readonly looked: number };
};

/** Changes when the same table would give other findings. */
const VERSION = 1;

const NONE: readonly Finding[] = [];

/**
 * Compiles a pattern table that `parsePatternTable` has checked.
 *
 * @throws GatewayError `detector_failed` that names the pattern that cannot be compiled.
 */
export function createMatcher(patterns: PatternTable): Matcher {
  const folding = createFolding();
  const bySelection = new Map<string, Group | null>();
  const byUse = new Map<string, Group | null>();
  const toGroup = (kind: SegmentKind, direction: Direction): Group | null => {
    const ids = Object.keys(patterns).filter((id) => applies(patterns, id, kind, direction));
    const selection = ids.sort().join(" ");
    let group = bySelection.get(selection);
    if (group === undefined) {
      group = ids.length === 0 ? null : compileGroup(patterns, ids, folding);
      bySelection.set(selection, group);
    }
    return group;
  };
  for (const kind of SEGMENT_KINDS) {
    byUse.set(`${kind} request`, toGroup(kind, "request"));
    byUse.set(`${kind} answer`, toGroup(kind, "answer"));
  }
  return {
    digest: hash("sha256", JSON.stringify([VERSION, toCanonical(patterns)])),
    scan: (text, kind, direction) => {
      const group = byUse.get(`${kind} ${direction}`) ?? null;
      return group === null || text === "" ? NONE : advance(beginScan(group), text, true);
    },
    stream: (kind, direction = "answer") => createStream(byUse.get(`${kind} ${direction}`) ?? null),
  };
}

function applies(patterns: PatternTable, id: string, kind: SegmentKind, direction: Direction): boolean {
  const spec = patterns[id];
  if (spec === undefined) return false;
  return (spec.kinds?.includes(kind) ?? true) && (spec.directions?.includes(direction) ?? true);
}

function createStream(group: Group | null): StreamScanner {
  if (group === null) {
    return { push: () => NONE, end: () => NONE, pending: 0, work: { read: 0, looked: 0 } };
  }
  return new ScanStream(group);
}

/** A class, because one is opened for each channel of each answer: see docs/decisions/0011-hot-path.md. */
class ScanStream implements StreamScanner {
  readonly #scan: Scan;

  constructor(group: Group) {
    this.#scan = beginScan(group);
  }

  push(text: string): readonly Finding[] {
    return text === "" ? NONE : advance(this.#scan, text, false);
  }

  end(): readonly Finding[] {
    return advance(this.#scan, "", true);
  }

  get pending(): number {
    const { piece, cut } = this.#scan;
    return piece.base + piece.text.length - cut;
  }

  get work(): StreamScanner["work"] {
    return toWork(this.#scan);
  }
}

/** Sorts the keys, so that equal tables have equal texts. */
function toCanonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toCanonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, inner]) => [key, toCanonical(inner)]);
}
