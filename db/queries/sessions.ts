// Reads sessions: a page of them, and one with its exchanges, calls and labels.
import { and, asc, desc, eq, gte, isNotNull, lt, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { decisions, exchanges, sessionLabels, sessions, toolCalls, usage } from "../schema.ts";
import { isUuid, toFirstId } from "./exchange-filter.ts";
import { listExchanges, withPrompts } from "./exchanges.ts";
import type { CallChain, ExchangeSummary, Page } from "./exchanges.ts";
import { projectAll } from "./projections.ts";

export type SessionFilter = {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly tenant?: string | undefined;
  readonly subject?: string | undefined;
};

/** A line of a list: a session and what it did within the asked time. */
export type SessionSummary = {
  readonly id: string;
  readonly tenant: string;
  readonly subject: string;
  readonly origin: string;
  readonly name: string | null;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly exchanges: number;
  /** Those that were refused, or had something of their answer denied. */
  readonly refused: number;
};

export type SessionDetails = {
  readonly session: typeof sessions.$inferSelect;
  readonly labels: readonly string[];
  /** Newest first, at most 100; `listExchanges` with the session gives the rest. */
  readonly exchanges: Page<ExchangeSummary>;
  /** In the order in which they were asked for, at most 500. */
  readonly calls: readonly CallChain[];
  readonly usage: {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly totalTokens: number;
  };
};

/** Lists sessions that had an exchange within the time, the latest first. */
export async function listSessions(
  db: Database,
  filter: SessionFilter,
  page: { readonly limit: number; readonly cursor?: string | null },
): Promise<Page<SessionSummary>> {
  const cursor = page.cursor ?? null;
  if (cursor !== null && !isUuid(cursor)) return { rows: [], cursor: null };
  const { since, until, tenant, subject } = filter;
  // UUIDs have no max() in PostgreSQL, their text has: of version 7 it orders by time.
  const latest = sql<string>`max(${exchanges.id}::text)`;
  const rows = await runQuery(
    () =>
      db.orm
        .select({
          id: sessions.id,
          tenant: sessions.tenant,
          subject: sessions.subject,
          origin: sessions.origin,
          name: sessions.name,
          firstAt: sql<Date>`min(${exchanges.at})`.mapWith(exchanges.at),
          lastAt: sql<Date>`max(${exchanges.at})`.mapWith(exchanges.at),
          exchanges: sql<number>`count(*)::int`,
          refused: sql<number>`count(*) filter (where ${exchanges.effect} <> 'allow' or exists (
            select from ${decisions} d where d.exchange_id = ${exchanges.id} and d.effect <> 'allow'))::int`,
          latest,
        })
        .from(exchanges)
        .innerJoin(sessions, eq(sessions.id, exchanges.sessionId))
        .where(
          and(
            isNotNull(exchanges.sessionId),
            since && gte(exchanges.id, toFirstId(since)),
            until && lt(exchanges.id, toFirstId(until)),
            tenant === undefined ? undefined : eq(exchanges.tenant, tenant),
            subject === undefined ? undefined : eq(exchanges.subject, subject),
          ),
        )
        .groupBy(sessions.id)
        .having(cursor === null ? undefined : lt(latest, cursor))
        .orderBy(desc(latest))
        .limit(page.limit + 1),
    30_000,
  );
  const shown = rows.slice(0, page.limit);
  return {
    rows: shown.map(({ latest: _latest, ...row }) => row),
    cursor: rows.length > page.limit ? (shown.at(-1)?.latest ?? null) : null,
  };
}

/** Gives one session with what belongs to it, null where there is none. */
export async function findSession(db: Database, id: string): Promise<SessionDetails | null> {
  if (!isUuid(id)) return null;
  await projectAll(db);
  const { orm } = db;
  const [session] = await runQuery(() => orm.select().from(sessions).where(eq(sessions.id, id)));
  if (session === undefined) return null;
  const [labels, page, calls, [sums]] = await Promise.all([
    runQuery(() =>
      orm
        .select({ label: sessionLabels.label })
        .from(sessionLabels)
        .where(eq(sessionLabels.sessionId, id))
        .orderBy(asc(sessionLabels.label)),
    ),
    listExchanges(db, { session: id }, { limit: 100 }),
    runQuery(() =>
      orm
        .select()
        .from(toolCalls)
        .where(eq(toolCalls.sessionId, id))
        .orderBy(asc(toolCalls.exchangeId), asc(toolCalls.seq))
        .limit(500),
    ),
    runQuery(() =>
      orm
        .select({
          inputTokens: sql<number>`coalesce(sum(${usage.inputTokens}), 0)`.mapWith(Number),
          outputTokens: sql<number>`coalesce(sum(${usage.outputTokens}), 0)`.mapWith(Number),
          totalTokens: sql<number>`coalesce(sum(${usage.totalTokens}), 0)`.mapWith(Number),
        })
        .from(usage)
        .where(eq(usage.sessionId, id)),
    ),
  ]);
  return {
    session,
    labels: labels.map(({ label }) => label),
    exchanges: page,
    calls: await withPrompts(db, calls),
    usage: sums ?? { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
  };
}
