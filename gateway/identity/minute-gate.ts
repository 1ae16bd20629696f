// Holds back what anybody can cause without end: so many a minute pass, and the next one tells how many did not.
import { createMinuteLimit } from "./minute-limit.ts";

const MOST_A_MINUTE = 10;

/** Makes a gate. It gives how many were held back since the last one that passed, or null where this one is. */
export function createMinuteGate(now: () => number): () => number | null {
  const passed = createMinuteLimit(MOST_A_MINUTE, now);
  let held = 0;
  return () => {
    if (passed.isReached("")) {
      held += 1;
      return null;
    }
    passed.note("");
    const before = held;
    held = 0;
    return before;
  };
}
