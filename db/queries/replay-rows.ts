// Reads what a replay judges: exchanges in the order of their ids, each with what was decided after its request.
import { and, asc, count, desc, eq, gt, lte, sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { decisions, exchangeEnds, exchanges } from "../schema.ts";
import { isUuid, toCondition } from "./exchange-filter.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";

/** A decision after the request's; facts and decision are JSON. */
export type ReplayDecision = {
  readonly phase: string;
  readonly facts: string | null;
  readonly decision: string | null;
};

/** An exchange as it is judged again; facts and decision are JSON. */
export type ReplayRow = {
  readonly id: string;
  readonly subject: string | null;
  readonly operation: string;
  readonly stream: boolean;
  readonly facts: string | null;
  readonly decision: string | null;
  /** What it ended with before policy was asked, or where that failed. */
  readonly error: string | null;
  readonly outcome: string | null;
  readonly later: readonly ReplayDecision[];
};

/** A part of the record: ids after `after` up to `until`, that one included. */
export type ReplayRange = { readonly after: string; readonly until: string };

const LIMIT_MS = 120_000;

/** Gives the range of the newest exchanges that a filter leaves, at most so many, with how many they are; null: none. */
export async function findReplayRange(
  db: Database,
  filter: ExchangeFilter,
  limit: number,
): Promise<(ReplayRange & { readonly exchanges: number }) | null> {
  const condition = toCondition(db, filter);
  const at = async (offset: number): Promise<string | null> => {
    const query = db.orm.select({ id: exchanges.id }).from(exchanges).where(condition);
    const [row] = await runQuery(() => query.orderBy(desc(exchanges.id)).limit(1).offset(offset), LIMIT_MS);
    return row?.id ?? null;
  };
  const until = await at(0);
  if (until === null) return null;
  // One more than are wanted: where there is none, all are.
  const after = (await at(limit)) ?? "00000000-0000-0000-0000-000000000000";
  const [all] = await runQuery(
    () =>
      db.orm
        .select({ exchanges: count() })
        .from(exchanges)
        .where(and(condition, gt(exchanges.id, after), lte(exchanges.id, until))),
    LIMIT_MS,
  );
  return { after, until, exchanges: all?.exchanges ?? 0 };
}

/** Gives the end of the next part of a range. */
export async function findReplayPart(
  db: Database,
  filter: ExchangeFilter,
  { after, until }: ReplayRange,
  size: number,
): Promise<string> {
  const condition = and(toCondition(db, filter), gt(exchanges.id, after), lte(exchanges.id, until));
  const [row] = await runQuery(
    () =>
      db.orm
        .select({ id: exchanges.id })
        .from(exchanges)
        .where(condition)
        .orderBy(asc(exchanges.id))
        .limit(1)
        .offset(size - 1),
    LIMIT_MS,
  );
  return row?.id ?? until;
}

/** Reads a part of the record; with `ids` only of these. */
export function readReplayRows(
  db: Database,
  filter: ExchangeFilter,
  { after, until }: ReplayRange,
  ids?: readonly string[],
): Promise<readonly ReplayRow[]> {
  const isNamed = ids === undefined ? undefined : sql`${exchanges.id} = any(${`{${ids.join()}}`}::uuid[])`;
  return readRows(
    db,
    and(toCondition(db, filter), gt(exchanges.id, after), lte(exchanges.id, until), isNamed),
  );
}

/** Reads one exchange, null where there is none. */
export async function findReplayRow(db: Database, id: string): Promise<ReplayRow | null> {
  if (!isUuid(id)) return null;
  const [row] = await readRows(db, eq(exchanges.id, id));
  return row ?? null;
}

async function readRows(db: Database, condition: SQL | undefined): Promise<readonly ReplayRow[]> {
  const rows = await runQuery(
    () =>
      db.orm
        .select({
          id: exchanges.id,
          subject: exchanges.subject,
          operation: exchanges.operation,
          stream: exchanges.stream,
          facts: sql<string | null>`${exchanges.facts}::text`,
          decision: sql<string | null>`${exchanges.decision}::text`,
          error: sql<string | null>`case when ${exchanges.facts} is null then ${exchanges.codes}[1] end`,
          outcome: exchangeEnds.outcome,
        })
        .from(exchanges)
        .leftJoin(exchangeEnds, eq(exchangeEnds.exchangeId, exchanges.id))
        .where(condition)
        .orderBy(asc(exchanges.id)),
    LIMIT_MS,
  );
  const byExchange = await readLater(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({ ...row, later: byExchange.get(row.id) ?? [] }));
}

async function readLater(
  db: Database,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly ReplayDecision[]>> {
  const rows = await runQuery(
    () =>
      db.orm
        .select({
          exchangeId: decisions.exchangeId,
          phase: decisions.phase,
          facts: sql<string | null>`${decisions.facts}::text`,
          decision: sql<string | null>`${decisions.decision}::text`,
        })
        .from(decisions)
        .where(sql`${decisions.exchangeId} = any(${`{${ids.join()}}`}::uuid[])`)
        .orderBy(asc(decisions.exchangeId), asc(decisions.seq)),
    LIMIT_MS,
  );
  const byExchange = new Map<string, ReplayDecision[]>();
  for (const { exchangeId, ...row } of rows) {
    const known = byExchange.get(exchangeId);
    if (known === undefined) byExchange.set(exchangeId, [row]);
    else known.push(row);
  }
  return byExchange;
}
