// Originals of masked values: what each is bound to, and how long they stay.
import type { Database } from "../../db/client.ts";
import { DatabaseError } from "../../db/errors.ts";
import { deleteOriginals } from "../../db/queries/originals.ts";
import type { Log } from "../log.ts";
import type { MaskedValue } from "./rows.ts";

/** Gives what a sealed original is bound to: moved to another exchange or line, it does not open. */
export function toOriginalPlace(
  line: Pick<MaskedValue, "seq" | "direction" | "class" | "place"> & { readonly exchangeId: string },
): string {
  return JSON.stringify(["original", line.exchangeId, line.seq, line.direction, line.class, line.place]);
}

export type Retention = {
  /** Resolves when what ran has ended; nothing runs afterwards. */
  stop(): Promise<void>;
};

const INTERVAL_MS = 3_600_000;

/** Deletes originals that are older than they may become, now and every hour. Each process of a database may. */
export function startRetention(deps: {
  readonly db: Database;
  readonly log: Pick<Log, "warn">;
  readonly keptMs: number;
  readonly intervalMs?: number;
}): Retention {
  const { db, log, keptMs, intervalMs = INTERVAL_MS } = deps;
  const stop = new AbortController();

  async function work(): Promise<void> {
    try {
      let deleted = 1;
      while (deleted > 0 && !stop.signal.aborted)
        deleted = await deleteOriginals(db, new Date(Date.now() - keptMs));
    } catch (thrown) {
      if (!(thrown instanceof DatabaseError)) throw thrown;
      log.warn({ reason: thrown.reason, code: thrown.code }, "Old originals could not be deleted.");
    }
  }

  let running = work();
  const timer = setInterval(() => (running = running.then(work)), intervalMs);
  timer.unref();
  return {
    async stop() {
      stop.abort();
      clearInterval(timer);
      await running;
    },
  };
}
