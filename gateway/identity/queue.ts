// Lets few questions run at once and the rest wait for their turn, so that a flood of them leaves room for others.
import { GatewayError } from "../errors.ts";

const MAX_WAITING = 256;
/** A program waits no longer for its turn. */
const WAIT_MS = 5_000;

/** Runs something when its turn has come; rejects with `identity_unavailable` where too many wait, or it waited too long. */
export type Queue = <T>(run: () => Promise<T>) => Promise<T>;

/** Makes a queue of which so many run at once. */
export function createQueue(atOnce: number, now: () => number): Queue {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function take(): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    if (waiting.length >= MAX_WAITING) throw crowded();
    const since = now();
    // Who ends hands its turn on, so `running` stays.
    await new Promise<void>((resolve) => waiting.push(resolve));
    if (now() - since <= WAIT_MS) return;
    end();
    throw crowded();
  }

  function end(): void {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  return async (run) => {
    await take();
    try {
      return await run();
    } finally {
      end();
    }
  };
}

function crowded(): GatewayError {
  return new GatewayError(
    "identity_unavailable",
    "The token can't be checked: too many unknown tokens are being checked; try again.",
  );
}
