// Remembers the item lists of recent requests: a history that is resent is compared byte by byte, not cut and hashed again.

import { LRUCache } from "lru-cache";
import type { Span } from "./parsed.ts";
import { NO_ITEMS, addUp } from "./sums.ts";
import type { KnownItem, Sums } from "./sums.ts";

/** The items of an earlier request and the bytes that they were cut from, `[` included, up to the last one's end. */
type History = {
  /** May be longer than what is used of it. */
  store: Buffer;
  length: number;
  /** Relative to the `[`. */
  spans: readonly Span[];
  items: readonly KnownItem[];
  /** What some of its beginnings come to, the shortest first: the one that was found last, and the whole. */
  sums: readonly Sums[];
  weight: number;
};

/** The beginning that a list has in common with one that is known. */
export type Match = {
  readonly history: History;
  /** How many items it covers. */
  readonly count: number;
  /** Where the last of them ends, relative to the `[`. */
  readonly length: number;
  readonly spans: readonly Span[];
  readonly items: readonly KnownItem[];
};

/** A list that was read: where it opens, and what is in it. */
export type KnownList = {
  readonly open: number;
  readonly spans: readonly Span[];
  readonly items: readonly KnownItem[];
  readonly sums: Sums;
};

export type Histories = {
  /** Gives the longest beginning known under the key of the list that opens at the offset; null where there is none. */
  find(key: string, bytes: Buffer, open: number): Match | null;
  /** Gives what the items of a match come to; `toPointer` says where an item stands. */
  addUp(match: Match, toPointer: (index: number) => string): Sums;
  /** Keeps a list's items under the key; `match` is what was found of them, `start` what that comes to. */
  keep(key: string, bytes: Buffer, list: KnownList, match: Match | null, start: Sums | null): void;
};

/** Histories that begin alike: those of parallel agents. */
const MOST_ALIKE = 8;
/** What an item's place and its share of the sums take, in bytes. */
const ITEM_WEIGHT = 256;
/** The share of the room that one history may take. */
const LARGEST_SHARE = 1 / 16;
/** A list that has this share of a history in common goes on from it, and replaces it. */
const SAME = 7 / 8;

/** Creates a memory of histories, least recently used out first. A key must tell tenants and families apart. */
export function createHistories(limits: { readonly bytes: number; readonly most: number }): Histories {
  const cache = new LRUCache<string, readonly History[]>({ max: limits.most, maxSize: limits.bytes });

  function find(key: string, bytes: Buffer, open: number): Match | null {
    let best: History | null = null;
    let count = 0;
    for (const history of cache.get(key) ?? []) {
      // What differs before the best one's end, or right after it, cannot be longer.
      if (count > 0 && !isEqual(history, bytes, open, count + 1)) continue;
      const common = countCommon(history, bytes, open);
      if (common <= count) continue;
      best = history;
      count = common;
    }
    const last = best?.spans[count - 1];
    if (best === null || last === undefined) return null;
    return { history: best, count, length: last.end, spans: best.spans, items: best.items };
  }

  function keep(
    key: string,
    bytes: Buffer,
    { open, spans, items, sums }: KnownList,
    match: Match | null,
    start: Sums | null,
  ): void {
    const length = spans.at(-1)?.end ?? 0;
    const alike = cache.get(key) ?? [];
    const goesOn =
      match !== null && match.length >= match.history.length * SAME && alike.includes(match.history);
    if (goesOn && match.count === match.items.length && match.length === length) return;
    const weight = items.reduce((sum, item) => sum + item.weight + ITEM_WEIGHT, 2 * length);
    if (weight > limits.bytes * LARGEST_SHARE) return;
    // Copied, because the request's bytes are not ours to keep.
    const from = goesOn ? match.length : 0;
    const known = goesOn ? match.history.store : null;
    const store = known !== null && known.length >= length ? known : Buffer.alloc(Math.ceil(length * 1.5));
    if (known !== null && store !== known) known.copy(store, 0, 0, from);
    bytes.copy(store, from, open + from, open + length);
    const beginnings = start === null || start === sums ? [sums] : [start, sums];
    const history: History = { store, length, spans, items, sums: beginnings, weight };
    const others = goesOn ? alike.filter((other) => other !== match.history) : alike;
    const kept = [history, ...others].slice(0, MOST_ALIKE);
    cache.set(key, kept, { size: kept.reduce((sum, each) => sum + each.weight, 0) });
  }

  return { find, addUp: addUpMatch, keep };
}

function addUpMatch({ history, count, items }: Match, toPointer: (index: number) => string): Sums {
  const known = history.sums.findLast((sums) => sums.items.length <= count) ?? NO_ITEMS;
  return addUp(known, items.slice(known.items.length, count), toPointer);
}

/** Tells whether the list begins with the history's first items; false where the history has fewer. */
function isEqual(history: History, bytes: Buffer, open: number, count: number): boolean {
  const end = history.spans[count - 1]?.end;
  if (end === undefined || open + end > bytes.length) return false;
  return history.store.compare(bytes, open, open + end, 0, end) === 0;
}

/** Counts the items that the list has in common with the history, by halving. */
function countCommon(history: History, bytes: Buffer, open: number): number {
  const all = history.spans.length;
  if (isEqual(history, bytes, open, all)) return all;
  let equal = 0;
  let unequal = all;
  while (unequal - equal > 1) {
    const middle = (equal + unequal) >> 1;
    if (isEqual(history, bytes, open, middle)) equal = middle;
    else unequal = middle;
  }
  return equal;
}
