// Watches for an evaluation that does not end: a thread that ends the process and suspends the revision.

import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { z } from "zod";

/** Told of each evaluation of one revision. */
export type Watch = {
  enter(): void;
  leave(): void;
};

export type Watchdog = {
  /** Gives what evaluations of this revision tell. */
  watch(revision: string): Watch;
  close(): void;
};

export type WatchdogOptions = {
  /** The file that remembers the suspended revision; null: it is not remembered. */
  readonly suspendedPath: string | null;
  /** How long an evaluation may be stuck. */
  readonly stuckMs: number;
};

/** How often the thread looks: an evaluation counts as stuck when it was seen so many times in a row. */
const LOOKS = 4;

const suspension = z.strictObject({ revision: z.string(), at: z.string() });
export type Suspension = z.infer<typeof suspension>;

/** Watches nothing. */
export const NO_WATCHDOG: Watchdog = { watch: () => ({ enter() {}, leave() {} }), close() {} };

/**
 * Starts the thread. What it shares with the evaluating thread are two numbers, a turn that is odd while an evaluation
 * runs, and whose it is: that costs a few nanoseconds, where a clock or a message would cost more than the evaluation.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL(`./watchdog-thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: {
      shared,
      pid: process.pid,
      lookMs: Math.ceil(options.stuckMs / LOOKS),
      looks: LOOKS,
      path: options.suspendedPath,
    },
  });
  worker.unref();
  // A watchdog that dies is no reason to stop serving: evaluations over content have their own time limit.
  worker.on("error", () => {});
  let turn = 0;
  let revisions = 0;
  return {
    watch(revision) {
      const index = revisions;
      revisions += 1;
      worker.postMessage({ index, revision });
      return {
        enter() {
          turn = (turn + 1) | 0;
          shared[1] = index;
          shared[0] = turn;
        },
        leave() {
          turn = (turn + 1) | 0;
          shared[0] = turn;
        },
      };
    },
    close() {
      void worker.terminate();
    },
  };
}

/** Reads which revision was suspended, if any. */
export function readSuspension(path: string | null): Suspension | null {
  if (path === null) return null;
  try {
    return suspension.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}
