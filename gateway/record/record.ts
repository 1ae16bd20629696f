// Puts the parts of recording together for one process, so that each hears what the recorder has committed.
import type { Log } from "../log.ts";
import { createLabels } from "./labels.ts";
import { createLedger } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";
import { startProjector } from "./projector.ts";
import { startRetention } from "./originals.ts";
import { createRecorder } from "./recorder.ts";
import type { Recorder, RecorderDeps } from "./recorder.ts";
import { createSessions } from "./sessions.ts";
import type { Sessions } from "./sessions.ts";

export type Record = {
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  readonly sessions: Sessions;
  /** Commits what waits, then ends all that runs. Close the database afterwards. */
  stop(): Promise<void>;
};

/** Starts recording: the recorder, what reads back in front of it, and the projector behind it. */
export function startRecord(
  deps: Omit<RecorderDeps, "log"> & {
    readonly log: Pick<Log, "warn" | "error">;
    /** How long originals are kept. */
    readonly originalsMs: number;
  },
): Record {
  const { db, log } = deps;
  const ledger = createLedger(db);
  const labels = createLabels(db);
  const sessions = createSessions({
    db,
    ledger,
    labels,
    digest: (tenant, text) => deps.box.digest(tenant, text),
  });
  const recorder = createRecorder({
    ...deps,
    onOpened: sessions.remember,
    onClosed(row) {
      ledger.rememberClosed(row);
      sessions.rememberClosed(row);
    },
    onOwned: ledger.rememberOwned,
    onReplaced: ledger.rememberReplaced,
    onLabelled: labels.remember,
  });
  const projector = startProjector({ db, log });
  const retention = startRetention({ db, log, keptMs: deps.originalsMs });
  return {
    recorder,
    ledger,
    sessions,
    async stop() {
      await recorder.drain();
      await Promise.all([projector.stop(), retention.stop()]);
    },
  };
}
