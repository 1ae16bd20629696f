// The matcher: finds a pattern table's patterns in whole texts and in streams of text.
import { GatewayError } from "../errors.ts";
import type { Finding, SegmentKind } from "../exchange.ts";
import type { Direction, PatternTable } from "./pattern-spec.ts";

/** Finds patterns in texts. */
export type Matcher = {
  /** Names the pattern table: equal tables, equal digests. */
  readonly digest: string;
  /** Finds all hits in a whole text, sorted by start; hits of one pattern that overlap are one finding. */
  readonly scan: (text: string, kind: SegmentKind, direction: Direction) => readonly Finding[];
  /** Starts to scan one channel of an answer's stream. */
  readonly stream: (kind: SegmentKind) => StreamScanner;
};

/** Finds patterns in a text that comes in pieces. The findings are those of the whole text, however it is cut. */
export type StreamScanner = {
  /** Takes the next piece; gives the findings that became certain, with offsets in the channel's whole text. */
  push: (text: string) => readonly Finding[];
  /** Ends the text; gives the remaining findings. */
  end: () => readonly Finding[];
  /** UTF-16 units at the end of what was pushed that could still become (part of) a match. All before is decided. */
  readonly pending: number;
};

/** Compiles a pattern table. */
export function createMatcher(patterns: PatternTable): Matcher {
  const [first] = Object.keys(patterns);
  if (first !== undefined) throw new GatewayError("detector_failed", `Pattern ${first}: cannot be compiled.`);
  return { digest: "", scan: () => [], stream: () => ({ push: () => [], end: () => [], pending: 0 }) };
}
