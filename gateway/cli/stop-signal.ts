// When to stop: the first signal drains, a later one ends the process at once.
import type { EventEmitter } from "node:events";
import type { Log } from "../log.ts";

/** Ctrl-C under npm comes twice: from the terminal, and from npm, which passes on what it got. */
const SAME_MS = 1_000;

export type StopDeps = {
  readonly signals: Pick<EventEmitter, "on">;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Ends the process without draining. */
  readonly end: () => void;
  readonly log: Pick<Log, "warn">;
};

/** Resolves at the first signal to stop; another one ends the process at once, unless it comes within a second. */
export function waitForSignal({ signals, now, end, log }: StopDeps): Promise<string> {
  return new Promise((resolve) => {
    let first: number | null = null;
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
      signals.on(signal, () => {
        if (first === null) {
          first = now();
          resolve(signal);
        } else if (now() - first >= SAME_MS) {
          log.warn({ signal }, "Ended without draining.");
          end();
        }
      });
    }
  });
}
