// Reads exchanges as they are recorded.
import { setTimeout as sleep } from "node:timers/promises";
import { and, asc, eq, gt } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { exchangeEnds, exchanges } from "../schema.ts";
import { toCondition, toFirstId } from "./exchange-filter.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import { summary, withOutcome } from "./exchanges.ts";
import type { ExchangeSummary } from "./exchanges.ts";
import { projectAll } from "./projections.ts";

const OVERLAP_MS = 15_000;

/**
 * Gives exchanges as they are recorded, oldest first, from now on until the signal. Processes commit out of the order of
 * their ids, so each look goes back a little and leaves out what was given. A long past comes in pages.
 */
export async function* tailExchanges(
  db: Database,
  filter: ExchangeFilter,
  options: {
    readonly signal: AbortSignal;
    readonly pollMs?: number;
    readonly from?: Date;
    readonly pageSize?: number;
  },
): AsyncGenerator<ExchangeSummary> {
  const { signal, pollMs = 500, from = new Date(), pageSize = 500 } = options;
  const given = new Map<string, number>();
  const start = from.getTime();
  let newest = start;
  while (!signal.aborted) {
    let after: string | null = toFirstId(new Date(Math.max(start, newest - OVERLAP_MS)));
    if (filter.tool !== undefined) await projectAll(db);
    while (after !== null && !signal.aborted) {
      const rows = await readAfter(db, filter, after, pageSize);
      for (const row of rows) {
        if (given.has(row.id)) continue;
        given.set(row.id, row.at.getTime());
        newest = Math.max(newest, row.at.getTime());
        yield withOutcome(row);
      }
      after = rows.length === pageSize ? (rows.at(-1)?.id ?? null) : null;
      for (const [id, at] of given) if (at < newest - 2 * OVERLAP_MS) given.delete(id);
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

function readAfter(
  db: Database,
  filter: ExchangeFilter,
  id: string,
  limit: number,
): Promise<(Omit<ExchangeSummary, "outcome"> & { readonly outcome: string | null })[]> {
  return runQuery(
    () =>
      db.orm
        .select(summary)
        .from(exchanges)
        .leftJoin(exchangeEnds, eq(exchangeEnds.exchangeId, exchanges.id))
        .where(and(toCondition(db, filter), gt(exchanges.id, id)))
        .orderBy(asc(exchanges.id))
        .limit(limit),
    30_000,
  );
}
