// Searches long texts in slices, between which whatever else waits is served.
import type { Finding, Segment, SegmentKind } from "./exchange.ts";
import { dropChance, isPartOfJson } from "./segment.ts";
import { createTurns, SLICE, type Turns } from "./turns.ts";

type Direction = "request" | "answer";

/** Finds in whole texts, and in texts that come in pieces the same. */
export type SliceScanner = {
  scan(text: string, kind: SegmentKind, direction: Direction, isPart?: boolean): readonly Finding[];
  stream(
    kind: SegmentKind,
    direction?: Direction,
    isPart?: boolean,
  ): { push(text: string): readonly Finding[]; end(): readonly Finding[] };
};

/** Searches one text after another. */
export type SlowScan = (segment: Segment) => Promise<readonly Finding[]>;

/** Begins to search texts that go one way. */
export function createSlowScan(scanner: SliceScanner, direction: Direction): SlowScan {
  const spend = createTurns();
  return async (segment) => {
    const { text, kind, part } = segment;
    const isPart = isPartOfJson(part);
    if (text.length <= SLICE) {
      await spend(text.length);
      return dropChance(segment, scanner.scan(text, kind, direction, isPart));
    }
    const stream = scanner.stream(kind, direction, isPart);
    const found: Finding[] = [];
    await pushSlices(text, spend, (piece) => found.push(...stream.push(piece)));
    found.push(...stream.end());
    return join(found);
  };
}

/** Gives a long text slice by slice. */
export async function pushSlices(text: string, spend: Turns, push: (piece: string) => void): Promise<void> {
  for (let at = 0; at < text.length; at += SLICE) {
    await spend(SLICE);
    push(text.slice(at, at + SLICE));
  }
  await spend(SLICE);
}

/** Puts what was given out in parts together, in the order of a whole text's findings. */
function join(found: readonly Finding[]): readonly Finding[] {
  if (found.length < 2) return found;
  const joined: { -readonly [K in keyof Finding]: Finding[K] }[] = [];
  const open = new Map<string, (typeof joined)[number]>();
  for (const one of found) {
    const before = open.get(one.id);
    if (one.isMore === true && before?.end === one.start) {
      before.end = one.end;
      continue;
    }
    const next = { ...one };
    open.set(one.id, next);
    joined.push(next);
  }
  return joined.sort((a, b) => a.start - b.start || b.end - a.end);
}
