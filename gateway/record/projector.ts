// Projects denials, tool calls and usage in the background, off the path of requests.
import type { Database } from "../../db/client.ts";
import { DatabaseError } from "../../db/errors.ts";
import { projectBatch } from "../../db/queries/projections.ts";
import type { Log } from "../log.ts";

export type Projector = {
  /** Resolves when what ran has ended; nothing runs afterwards. */
  stop(): Promise<void>;
};

const INTERVAL_MS = 500;

/** Starts projecting. Several processes may: one works, the others look again later. */
export function startProjector(deps: {
  readonly db: Database;
  readonly log: Pick<Log, "warn" | "error">;
  readonly intervalMs?: number;
}): Projector {
  const { db, log, intervalMs = INTERVAL_MS } = deps;
  let timer: NodeJS.Timeout | undefined;
  const stop = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function work(): Promise<void> {
    try {
      // Only a backlog is worked off at once: what comes in steadily waits for the interval and shares its work.
      let hasMore = true;
      while (hasMore && !stop.signal.aborted) hasMore = await projectBatch(db, warn);
    } catch (thrown) {
      if (!(thrown instanceof DatabaseError)) throw thrown;
      log.warn({ reason: thrown.reason, code: thrown.code }, "The projections wait for the database.");
    }
    if (!stop.signal.aborted) plan();
  }

  function warn(exchangeId: string): void {
    log.error({ exchange: exchangeId }, "An exchange cannot be projected; its rows stay as they are.");
  }

  function plan(): void {
    timer = setTimeout(() => (running = work()), intervalMs);
    timer.unref();
  }

  plan();
  return {
    async stop() {
      stop.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
