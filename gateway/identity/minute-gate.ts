// Holds back what anybody can cause without end: so many a minute pass, and the next one tells how many did not.

const MINUTE_MS = 60_000;
const MOST_A_MINUTE = 10;

/** Makes a gate. It gives how many were held back since the last one that passed, or null where this one is. */
export function createMinuteGate(now: () => number): () => number | null {
  let minuteEnds = 0;
  let count = 0;
  let held = 0;
  return () => {
    if (now() >= minuteEnds) {
      minuteEnds = now() + MINUTE_MS;
      count = 0;
    }
    if (count >= MOST_A_MINUTE) {
      held += 1;
      return null;
    }
    count += 1;
    const before = held;
    held = 0;
    return before;
  };
}
