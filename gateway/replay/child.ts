// The process that a replay runs in: judges what its parent names, and tells what it adds up to. Its memory and its time are the parent's to bound.
import { openDatabase } from "../../db/client.ts";
import type { Database } from "../../db/client.ts";
import { readReplayRows } from "../../db/queries/replay-rows.ts";
import type { ReplayRange, ReplayRow } from "../../db/queries/replay-rows.ts";
import { createJudge } from "./judge-exchange.ts";
import type { Judged } from "./judge-exchange.ts";
import { readToChild } from "./messages.ts";
import type { FromChild, ToChild } from "./messages.ts";
import { readLines } from "./record-line.ts";
import { openSide } from "./side.ts";
import { addJudged, createTally } from "./tally.ts";
import type { Tally } from "./tally.ts";

type Open = {
  readonly judge: (row: ReplayRow) => Judged;
  readonly db: Database | null;
  readonly asked: ToChild & { kind: "open" };
};

/** Serves the parent until it ends the connection. */
export function serveReplay(): void {
  let open: Open | null = null;
  let queue: Promise<void> = Promise.resolve();
  const tell = (message: FromChild): void => void process.send?.(message);

  async function take(message: ToChild): Promise<void> {
    if (message.kind === "open") {
      const [next, against] = await Promise.all([
        openSide(message.next),
        message.against === null ? null : openSide(message.against),
      ]);
      const db =
        message.databaseUrl === null
          ? null
          : openDatabase(message.databaseUrl, { poolSize: 2, applicationName: "tollgate-replay" });
      open = { judge: createJudge({ next, against }), db, asked: message };
      const { version, titles } = next;
      tell({ kind: "ready", next: version, against: against?.version ?? null, titles });
      return;
    }
    if (open === null) throw new Error("Nothing is open.");
    const rows = message.kind === "lines" ? readLines(message.lines) : await readRange(open, message.range);
    tell({ kind: "judged", tally: judgeAll(open.judge, rows) });
  }

  process.on("message", (message: unknown) => {
    queue = queue
      .then(() => take(readToChild(message)))
      .catch((error: unknown) => tell({ kind: "failed", message: toMessage(error) }));
  });
  process.on("disconnect", () => process.exit(0));
}

async function readRange({ db, asked }: Open, range: ReplayRange): Promise<readonly ReplayRow[]> {
  if (db === null) throw new Error("There is no database.");
  return readReplayRows(db, asked.filter, range);
}

/** Judges exchanges one after the other. */
function judgeAll(judge: Open["judge"], rows: readonly ReplayRow[]): Tally {
  const tally = createTally();
  for (const row of rows) addJudged(tally, row, judge(row));
  return tally;
}

/** Messages of ours hold no facts; of others nothing is told but what kind of error it was. */
function toMessage(error: unknown): string {
  if (!(error instanceof Error)) return "A fault.";
  return OWN.has(error.name) ? error.message : `A fault: ${error.name}`;
}

const OWN: ReadonlySet<string> = new Set(["PolicyLoadError", "DatabaseError", "ReplayError"]);
