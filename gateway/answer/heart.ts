// One timer for every caller that waits: it tells each one, in time, that the connection is alive.
import { createRoster } from "../roster.ts";

export type Beating = {
  stop(): void;
  /** Something was written: the next beat is a whole interval away. */ touch(): void;
};

export type Heart = {
  /** Calls `beat` every `everyMs` milliseconds, give or take half a second, until stopped. */
  start(everyMs: number, beat: () => void): Beating;
  close(): void;
};

/** Starts the shared timer. */
export function createHeart(tickMs = 500): Heart {
  const waiting = createRoster<{ at: number; readonly everyMs: number; readonly beat: () => void }>();
  const timer = setInterval(() => {
    const now = Date.now();
    waiting.visit((one) => {
      if (now < one.at) return;
      one.at = now + one.everyMs;
      one.beat();
    });
  }, tickMs);
  timer.unref();
  return {
    start(everyMs, beat) {
      const one = { at: Date.now() + everyMs, everyMs, beat };
      return {
        stop: waiting.add(one),
        touch() {
          one.at = Date.now() + everyMs;
        },
      };
    },
    close: () => clearInterval(timer),
  };
}

/** Milliseconds between two signs of life for a client that waits `timeoutMs` per read. */
export function toBeat(timeoutMs: number): number {
  return Math.max(500, Math.min(10_000, Math.floor(timeoutMs / 3)));
}
