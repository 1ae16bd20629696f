// The limits of exchanges: reserved in the database before anything goes out, settled with what was used when they end.
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "../../db/client.ts";
import {
  createQuotaWriter,
  expireHolders,
  forgetQuotas,
  keepHolder,
  listReserved,
} from "../../db/queries/quotas.ts";
import type { QuotaAnswer, QuotaSettled } from "../../db/queries/quotas.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import { newId } from "../new-id.ts";
import { toUsed } from "./amounts.ts";
import type { Amounts, Ending } from "./amounts.ts";
import { createBatches } from "./batches.ts";
import { createHolders } from "./holders.ts";
import type { Limit } from "./limits.ts";
import { listOver, toLimitError, toLimitHeaders, toStandings } from "./tell.ts";

/** What an exchange has reserved. */
export type Reservation = {
  /** How its limits stand, for the head of its answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** The soft limits that it is over, in words. */
  readonly over: readonly { readonly code: string; readonly about: string }[];
  /** Settles it with what was used, at most what was reserved; only the first call counts. Never rejects. */
  end(ending: Ending): Promise<void>;
  /** Ends the exchange where what it has under way no longer counts anywhere. */
  onLost(lost: (error: GatewayError) => void): void;
};

export type Quotas = {
  /**
   * Reserves all of it or nothing, in one round trip. Throws `limit_reached` where a limit has no room for it, and
   * `limits_unavailable` where that can't be known.
   */
  reserve(exchangeId: string, limits: readonly Limit[], amounts: Amounts): Promise<Reservation>;
  close(): Promise<void>;
};

/** What became of an exchange's limits. */
export type LimitOutcome = "reserved" | "reached" | "unavailable";

export type QuotaOptions = {
  readonly db: Database;
  readonly log: Pick<Log, "warn" | "info">;
  /** Told what became of an exchange's limits, how long it took, and how many were given back of the dead. */
  readonly onOutcome: (outcome: LimitOutcome, milliseconds: number) => void;
  readonly onFreed: (reservations: number) => void;
  readonly beatMs?: number;
  readonly deadMs?: number;
};

/** So long what this process doesn't know may lie reserved for it: it may be on its way. */
const UNKNOWN_S = 60;
/** So long an answer's end waits for what it has used to be counted. */
const SETTLE_MS = 1_000;
const FORGET_MS = 600_000;
const CLOSE_MS = 3_000;

/** Makes the limits of one process. */
export function createQuotas(options: QuotaOptions): Quotas {
  const { db, log, beatMs = 5_000, deadMs = 30_000 } = options;
  const id = newId();
  const batches = createBatches(createQuotaWriter(db, id));
  const open = new Map<
    string,
    { lost: ((error: GatewayError) => void) | null; readonly isConcurrent: boolean }
  >();
  /** A batch failed: what it asked for may be reserved all the same. */
  let isUncertain = false;
  let isDown = false;
  let looking: Promise<void> | null = null;
  let forgotAt = performance.now();

  const holders = createHolders(
    { keep: () => keepHolder(db, id), expire: (dead) => expireHolders(db, dead) },
    { deadMs, gapMs: beatMs * 2.5, onLost: endLost },
  );

  function endLost(): void {
    const error = new GatewayError(
      "limits_unavailable",
      "The gateway was away for so long that its limits ran out.",
    );
    for (const { isConcurrent, lost } of open.values()) if (isConcurrent) lost?.(error);
  }

  async function look(): Promise<void> {
    try {
      options.onFreed(await holders.look());
      if (isUncertain) await giveBackUnknown();
      if (performance.now() - forgotAt > FORGET_MS) {
        forgotAt = performance.now();
        await forgetQuotas(db);
      }
      if (isDown) log.info({}, "Limits are kept in the database again.");
      isDown = false;
    } catch (error) {
      if (!isDown) log.warn({ err: error }, "Limits can't be kept in the database; what has one is refused.");
      isDown = true;
    }
  }

  /** What lies reserved for this process and is nobody's was refused here: nothing of it was used. */
  async function giveBackUnknown(): Promise<void> {
    const reserved = await listReserved(db, id, UNKNOWN_S);
    const unknown = reserved.filter((one) => !open.has(one.id));
    if (unknown.length === 0) isUncertain = false;
    else void batches.settle(unknown.map((one) => ({ ...one, amount: 0 })));
  }

  /** Settles, and waits for it as long as an answer's end may; what takes longer is known here until it is done. */
  async function settle(exchangeId: string, settled: readonly QuotaSettled[]): Promise<void> {
    const done = batches.settle(settled).then(() => void open.delete(exchangeId));
    const late = new AbortController();
    await Promise.race([done, sleep(SETTLE_MS, null, { signal: late.signal }).catch(() => null)]);
    late.abort();
  }

  function beat(): Promise<void> {
    looking ??= look().finally(() => (looking = null));
    return looking;
  }

  const timer = setInterval(() => void beat(), beatMs);
  timer.unref();
  void beat();

  return {
    async reserve(exchangeId, limits, amounts) {
      const began = performance.now();
      const tell = (outcome: LimitOutcome): void => options.onOutcome(outcome, performance.now() - began);
      const counters = limits.map(({ counter }) => counter);
      const take = limits.map(({ counter, unit, isSoft }) => ({
        counter: counter.id,
        amount: amounts[unit],
        hard: isSoft ? null : counter.most,
      }));
      open.set(exchangeId, { lost: null, isConcurrent: limits.some(({ unit }) => unit === "concurrent") });
      let answer: QuotaAnswer;
      try {
        answer = await batches.reserve({ asked: { id: exchangeId, take }, counters });
      } catch (cause) {
        open.delete(exchangeId);
        isUncertain = true;
        tell("unavailable");
        throw new GatewayError(
          "limits_unavailable",
          "Limits can't be counted: the database is out of reach.",
          {
            cause,
          },
        );
      }
      const standings = toStandings(limits, amounts, answer.counters);
      if (!answer.fits) {
        open.delete(exchangeId);
        tell("reached");
        throw toLimitError(standings, exchangeId);
      }
      tell("reserved");
      let settling: Promise<void> | null = null;
      return {
        headers: toLimitHeaders(standings, true),
        over: listOver(standings),
        end(ending) {
          const used = toUsed(amounts, ending);
          settling ??= settle(
            exchangeId,
            limits.map(({ counter, unit }) => ({ id: exchangeId, counter: counter.id, amount: used[unit] })),
          );
          return settling;
        },
        onLost(lost) {
          const entry = open.get(exchangeId);
          if (entry !== undefined) entry.lost = lost;
        },
      };
    },
    async close() {
      clearInterval(timer);
      await looking;
      await batches.close(CLOSE_MS);
      if (holders.beat > 0) await expireHolders(db, [{ id, beat: holders.beat }]).catch(() => undefined);
    },
  };
}
