// Scans a request's texts, each item once: what was found of a resent item is remembered beside the item.
import type { Finding, Segment, SegmentKind } from "./exchange.ts";
import { createTally } from "./answer/tally.ts";
import type { Tally } from "./answer/tally.ts";
import type { ParsedRequest } from "./parse/parsed.ts";

/** Finds patterns in texts; equal digests find the same. */
export type RequestScanner = {
  readonly digest: string;
  scan(text: string, kind: SegmentKind, direction: "request" | "answer"): readonly Finding[];
};

type Counts = Pick<Tally, "patterns" | "findings">;

function isCounts(value: unknown): value is Counts {
  return typeof value === "object" && value !== null && "patterns" in value && "findings" in value;
}

function countAll(scanner: RequestScanner, segments: readonly Segment[]): Counts {
  const tally = createTally();
  for (const { text, kind } of segments) tally.add(scanner.scan(text, kind, "request"));
  return tally;
}

function remember(memo: Map<string, unknown>, scanner: RequestScanner, segments: readonly Segment[]): Counts {
  const key = `findings:${scanner.digest}`;
  const known = memo.get(key);
  if (isCounts(known)) return known;
  const counts = countAll(scanner, segments);
  memo.set(key, counts);
  return counts;
}

/** Counts what stands in a request by pattern and by class. */
export function countFindings(scanner: RequestScanner, request: ParsedRequest): Counts {
  const tally = createTally();
  const rest = remember(request.restDerived, scanner, request.rest);
  tally.addCounts(rest.patterns, rest.findings);
  for (const item of request.items) {
    const counts = remember(item.derived, scanner, item.segments);
    tally.addCounts(counts.patterns, counts.findings);
  }
  return tally;
}

/**
 * Gives the hashes of the items in which something was found: a taint binds to those, not to the instructions beside
 * them, which every session of a program resends.
 */
export function listFound(scanner: RequestScanner, request: ParsedRequest): string[] {
  return request.items.flatMap((item) => {
    const { patterns } = remember(item.derived, scanner, item.segments);
    return Object.keys(patterns).length > 0 ? [item.hash] : [];
  });
}
