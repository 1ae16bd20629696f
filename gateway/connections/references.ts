// Follows references to keys, and takes changed files into use, as mounted secrets are replaced while the gateway runs.
import type { Followed } from "../config/config.ts";
import type { Log } from "../log.ts";
import type { Keys } from "./registry.ts";

export type References = {
  /** Gives the key that a reference leads to, and the one before; null where it leads to none. */
  read(reference: string): Keys;
  /** Looks at the files again; says whether one has another key. */
  look(): boolean;
  /** Forgets what has not been read since the last time. */
  settle(): void;
};

/** Makes the reader. What can't be used changes nothing: the key before stays. */
export function createReferences(follow: (reference: string) => Followed, log: Log): References {
  const known = new Map<string, { keys: Keys; problem: string | null }>();

  const used = new Set<string>();

  /** Says whether there is a new key. */
  function take(reference: string): boolean {
    const found = follow(reference);
    const before = known.get(reference) ?? { keys: { current: null, others: [] }, problem: null };
    if ("expected" in found) {
      if (before.problem !== found.expected)
        log.warn({ problem: found.expected }, "A connection's key can't be read; one before it stays.");
      known.set(reference, { ...before, problem: found.expected });
      return false;
    }
    const { current } = before.keys;
    if (current === found.value) {
      known.set(reference, { ...before, problem: null });
      return false;
    }
    known.set(reference, {
      keys: { current: found.value, others: current === null ? [] : [current] },
      problem: null,
    });
    return true;
  }

  return {
    read(reference) {
      used.add(reference);
      if (!known.has(reference)) take(reference);
      return known.get(reference)?.keys ?? { current: null, others: [] };
    },
    look() {
      const files = [...known.keys()].filter((reference) => reference.startsWith("file:"));
      const changed = files.filter(take);
      if (changed.length > 0) log.info({ count: changed.length }, "Changed keys of connections are in use.");
      return changed.length > 0;
    },
    settle() {
      for (const reference of known.keys()) if (!used.has(reference)) known.delete(reference);
      used.clear();
    },
  };
}
