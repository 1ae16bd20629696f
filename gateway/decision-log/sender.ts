// Delivers what the database holds of decisions, each at least once: a batch is taken, sent, and only then counted as sent.
import { setImmediate } from "node:timers/promises";
import type { Database } from "../../db/client.ts";
import {
  claimDecisions,
  forgetDelivered,
  markDelivered,
  markRefused,
  noteDelivery,
  queueUntold,
  releaseDecisions,
} from "../../db/queries/decision-log.ts";
import { DatabaseError } from "../../db/errors.ts";
import type { Log } from "../log.ts";
import type { Destination } from "./destination.ts";
import { DeliveryError } from "./destination.ts";
import type { DecisionEvent } from "./event.ts";
import { toEvent } from "./event.ts";

export type SenderDeps = {
  readonly db: Database;
  readonly destination: Destination;
  readonly labels: Readonly<Record<string, string>>;
  /** Longest batch in characters of JSON. */
  readonly batchChars: number;
  /** Gives the event as the policy in force wants it told; null: it wants it dropped. */
  readonly edit: (event: DecisionEvent) => DecisionEvent | null;
  readonly log: Pick<Log, "info" | "warn" | "error">;
  /** Told what became of events. */
  readonly onOutcome: (outcome: Outcome, events: number) => void;
  readonly intervalMs?: number;
};

export type Outcome = "delivered" | "dropped" | "refused";

export type Sender = {
  /** Resolves when what ran has ended; nothing runs afterwards. */
  stop(): Promise<void>;
};

type Entry = { readonly seq: string; readonly exchangeId: string; readonly text: string };

const INTERVAL_MS = 500;
/** So many events are made in one go. */
const AT_ONCE = 25;
/** Turns between looks for what no projection queued. */
const TURNS = 20;
/** Between whole looks; each is followed by a tidying up. */
const WHOLE_MS = 3_600_000;
const LONGEST_WAIT_MS = 300_000;

/** Starts delivering. Each process of a database may: what one has taken, others leave alone. */
export function startSender(deps: SenderDeps): Sender {
  const { db, destination, log, intervalMs = INTERVAL_MS } = deps;
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let failures = 0;
  let turns = 0;
  let wholeAt = 0;

  async function work(): Promise<void> {
    try {
      if (turns % TURNS === 0) await look();
      turns += 1;
      let hasMore = true;
      while (hasMore && !stop.signal.aborted) hasMore = await deliverSome();
      if (failures > 0) log.info({}, "Decision logs are delivered again.");
      failures = 0;
    } catch (thrown) {
      if (!(thrown instanceof DatabaseError) && !(thrown instanceof DeliveryError)) throw thrown;
      if (stop.signal.aborted) return;
      failures += 1;
      if (failures === 1)
        log.warn({ reason: thrown.message }, "Decision logs wait: they could not be delivered.");
    }
    if (!stop.signal.aborted) plan();
  }

  async function look(): Promise<void> {
    const isWhole = Date.now() - wholeAt > WHOLE_MS;
    await queueUntold(db, isWhole);
    if (!isWhole) return;
    await forgetDelivered(db);
    wholeAt = Date.now();
  }

  /** Tells whether more may wait. */
  async function deliverSome(): Promise<boolean> {
    const { rows, isFull } = await claimDecisions(db);
    if (rows.length === 0) return false;
    const entries: Entry[] = [];
    const dropped: string[] = [];
    for (const [index, row] of rows.entries()) {
      // Calls that are under way come first.
      if (index % AT_ONCE === 0) await setImmediate();
      const event = deps.edit(toEvent(row, deps.labels));
      if (event === null) dropped.push(row.entry);
      else entries.push({ seq: row.entry, exchangeId: row.exchangeId, text: JSON.stringify(event) });
    }
    await markDelivered(db, dropped);
    deps.onOutcome("dropped", dropped.length);
    let waiting: readonly Entry[] = entries;
    try {
      while (waiting.length > 0) {
        const batch = takeBatch(waiting, deps.batchChars);
        await deliver(batch);
        waiting = waiting.slice(batch.length);
      }
      await noteDelivery(db, null);
    } catch (thrown) {
      if (thrown instanceof DeliveryError) {
        await releaseDecisions(
          db,
          waiting.map(({ seq }) => seq),
        );
        if (!stop.signal.aborted) await noteDelivery(db, thrown.message);
      }
      throw thrown;
    }
    return isFull;
  }

  /** Delivers a batch; of one that can't be read the parts, until the events are alone that can't. */
  async function deliver(batch: readonly Entry[]): Promise<void> {
    const seqs = batch.map(({ seq }) => seq);
    const texts = batch.map(({ text }) => text);
    if ((await destination.deliver(texts, stop.signal)) === "delivered") {
      await markDelivered(db, seqs);
      deps.onOutcome("delivered", batch.length);
      return;
    }
    const [first] = batch;
    if (batch.length === 1 && first !== undefined) {
      await markRefused(db, seqs);
      deps.onOutcome("refused", 1);
      log.error(
        { exchange: first.exchangeId },
        "The collector refuses a decision; `tollgate decision-log retry` sends it again.",
      );
      return;
    }
    const half = Math.ceil(batch.length / 2);
    await deliver(batch.slice(0, half));
    await deliver(batch.slice(half));
  }

  function plan(): void {
    const wait = failures === 0 ? intervalMs : Math.min(LONGEST_WAIT_MS, intervalMs * 2 ** failures);
    timer = setTimeout(() => (running = work()), wait * (0.75 + Math.random() / 2));
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

function takeBatch(entries: readonly Entry[], chars: number): readonly Entry[] {
  let length = 0;
  const end = entries.findIndex(({ text }, index) => (length += text.length + 1) > chars && index > 0);
  return end < 0 ? entries : entries.slice(0, end);
}
