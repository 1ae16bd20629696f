// Scans a request's texts, each item once: what was found of a resent item is remembered beside the item.
import type { Finding, Segment, SegmentKind } from "./exchange.ts";
import { createTally } from "./answer/tally.ts";
import type { Tally } from "./answer/tally.ts";
import { dropChance, isPartOfJson } from "./segment.ts";
import type { ParsedItem, ParsedRequest } from "./parse/parsed.ts";
import { createSlowScan, type SliceScanner } from "./scan-slowly.ts";
import { SLICE } from "./turns.ts";

/** Finds patterns in texts; equal digests find the same. */
export type RequestScanner = {
  readonly digest: string;
  scan(
    text: string,
    kind: SegmentKind,
    direction: "request" | "answer",
    isPart?: boolean,
  ): readonly Finding[];
};

type Counts = Pick<Tally, "patterns" | "findings">;

/** The counts of a text in which nothing was found: one for all, told by its identity. */
const NOTHING: Counts = { patterns: {}, findings: {} };

function isCounts(value: unknown): value is Counts {
  return typeof value === "object" && value !== null && "patterns" in value && "findings" in value;
}

/** Counts what was found, and keeps the places beside the counts. */
function keep(
  memo: Map<string, unknown>,
  { digest }: Pick<RequestScanner, "digest">,
  found: readonly FoundSegment[],
): Counts {
  let counts = NOTHING;
  if (found.length > 0) {
    const tally = createTally();
    // What repeats a text counts with it.
    for (const { findings, segment } of found) if (segment.part?.of !== "logprobs") tally.add(findings);
    memo.set(FOUND, new Places(digest, found));
    counts = tally;
  }
  memo.set(digest, counts);
  return counts;
}

function findAll(scanner: RequestScanner, segments: readonly Segment[]): readonly FoundSegment[] {
  const found: FoundSegment[] = [];
  for (const segment of segments) {
    const { text, kind, part } = segment;
    const findings = dropChance(segment, scanner.scan(text, kind, "request", isPartOfJson(part)));
    if (findings.length > 0) found.push({ segment, findings });
  }
  return found;
}

/** The digest is the memo's key, as it is: a key put together anew for each item would cost more than the look-up. */
function recall(memo: Map<string, unknown>, scanner: RequestScanner): Counts | null {
  const known = memo.get(scanner.digest);
  if (known === NOTHING) return NOTHING;
  return isCounts(known) ? known : null;
}

function remember(memo: Map<string, unknown>, scanner: RequestScanner, segments: readonly Segment[]): Counts {
  return recall(memo, scanner) ?? keep(memo, scanner, findAll(scanner, segments));
}

/** One text in which something was found. */
export type FoundSegment = { readonly segment: Segment; readonly findings: readonly Finding[] };

const NO_SEGMENTS: readonly FoundSegment[] = [];

/** Gives where in an item's texts something was found; it is remembered beside the item like the counts. */
export function findIn(
  scanner: RequestScanner,
  memo: Map<string, unknown>,
  segments: readonly Segment[],
): readonly FoundSegment[] {
  if (remember(memo, scanner, segments) === NOTHING) return NO_SEGMENTS;
  const known = memo.get(FOUND);
  if (known instanceof Places && known.digest === scanner.digest) return known.found;
  const found = findAll(scanner, segments);
  memo.set(FOUND, new Places(scanner.digest, found));
  return found;
}

/** Searches a long request before anything is asked of it, so that nobody else waits meanwhile; what is found is remembered. */
export async function findAhead(
  scanner: RequestScanner & SliceScanner,
  { bytes, start, items, restDerived, rest }: ParsedRequest,
): Promise<void> {
  if (bytes.length <= SLICE) return;
  const scan = createSlowScan(scanner, "request");
  const isStartKnown = start !== null && recall(start.derived, scanner) !== null;
  const fresh = isStartKnown ? items.slice(start.count) : items;
  for (const { derived, segments } of [...fresh, { derived: restDerived, segments: rest }]) {
    if (recall(derived, scanner) !== null) continue;
    const found: FoundSegment[] = [];
    for (const segment of segments) {
      const findings = await scan(segment);
      if (findings.length > 0) found.push({ segment, findings });
    }
    keep(derived, scanner, found);
  }
}

/** Beside the counts, whose key is the scanner's digest. */
const FOUND = "found";

class Places {
  readonly digest: string;
  readonly found: readonly FoundSegment[];
  constructor(digest: string, found: readonly FoundSegment[]) {
    this.digest = digest;
    this.found = found;
  }
}

function addItems(tally: Tally, scanner: RequestScanner, items: readonly ParsedItem[]): void {
  for (const item of items) {
    const counts = remember(item.derived, scanner, item.segments);
    if (counts !== NOTHING) tally.addCounts(counts.patterns, counts.findings);
  }
}

/** Counts what stands in the items that an earlier request began with: of all of them together it is remembered. */
function countStart(scanner: RequestScanner, { start, items }: ParsedRequest): Counts {
  if (start === null) return NOTHING;
  const known = recall(start.derived, scanner);
  if (known !== null) return known;
  const tally = createTally();
  addItems(tally, scanner, items.slice(0, start.count));
  start.derived.set(scanner.digest, tally);
  return tally;
}

/** Counts what stands in a request by pattern and by class. */
export function countFindings(scanner: RequestScanner, request: ParsedRequest): Counts {
  const tally = createTally();
  const rest = remember(request.restDerived, scanner, request.rest);
  if (rest !== NOTHING) tally.addCounts(rest.patterns, rest.findings);
  const start = countStart(scanner, request);
  if (start !== NOTHING) tally.addCounts(start.patterns, start.findings);
  addItems(tally, scanner, request.items.slice(request.start?.count ?? 0));
  return tally;
}

/**
 * Gives the hashes of the items in which something was found: a taint binds to those, not to the instructions beside
 * them, which every session of a program resends.
 */
export function listFound(scanner: RequestScanner, request: ParsedRequest): string[] {
  return request.items.flatMap((item) => {
    return remember(item.derived, scanner, item.segments) === NOTHING ? [] : [item.hash];
  });
}

/** Gives the request with memos of its own: what is found in it now is not remembered for those that resend it. */
export function withOwnMemos(request: ParsedRequest): ParsedRequest {
  const items = request.items.map((item) => ({ ...item, derived: new Map<string, unknown>() }));
  return { ...request, items, start: null, restDerived: new Map() };
}
