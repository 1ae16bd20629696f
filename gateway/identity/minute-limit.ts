// Counts what anybody can cause without end, by whoever causes it: so much a minute counts.

const MINUTE_MS = 60_000;
const MOST_NAMES = 10_000;

/** A count by name, which begins anew a minute after its first. */
export type MinuteLimit = {
  /** Says whether a name has as many as it may have. */
  isReached(name: string): boolean;
  /** Counts one; says whether it is the one that reaches the limit. */
  note(name: string): boolean;
};

/** Makes the count. Of too many names the one that began first is forgotten. */
export function createMinuteLimit(most: number, now: () => number): MinuteLimit {
  const counts = new Map<string, { count: number; readonly until: number }>();

  function find(name: string): { count: number } | null {
    const held = counts.get(name);
    return held === undefined || held.until <= now() ? null : held;
  }

  function begin(name: string): { count: number } {
    counts.delete(name);
    const [oldest] = counts.keys();
    if (counts.size >= MOST_NAMES && oldest !== undefined) counts.delete(oldest);
    const begun = { count: 0, until: now() + MINUTE_MS };
    counts.set(name, begun);
    return begun;
  }

  return {
    isReached: (name) => (find(name)?.count ?? 0) >= most,
    note(name) {
      const held = find(name) ?? begin(name);
      held.count += 1;
      return held.count === most;
    },
  };
}
