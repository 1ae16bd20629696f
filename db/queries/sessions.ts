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
  /** What the Agents SDKs told of its runs, at most 100. */
  readonly traces: readonly TraceSummary[];
  readonly usage: {
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly totalTokens: number;
  };
};

/** A run, as it was told. */
export type TraceSummary = {
  readonly id: string;
  readonly workflow: string | null;
  readonly groupId: string | null;
  readonly at: Date;
  readonly spans: number;
  readonly failed: number;
  /** Whether it is here for its group alone: none of its steps asked for a response of this session. */
  readonly byGroup: boolean;
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
  const [labels, page, calls, [sums], traces] = await Promise.all([
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
    findTraces(db, session),
  ]);
  return {
    session,
    labels: labels.map(({ label }) => label),
    exchanges: page,
    calls: await withPrompts(db, calls),
    traces,
    usage: sums ?? { inputTokens: 0, outputTokens: 0, totalTokens: 0 },
  };
}

/**
 * Finds the runs that a session's exchanges are part of: those with a step that asked for one of its responses, those
 * that came in with one of its exchanges, and those of the same group.
 */
async function findTraces(
  db: Database,
  session: {
    readonly id: string;
    readonly tenant: string;
    readonly issuer: string;
    readonly subject: string;
  },
): Promise<readonly TraceSummary[]> {
  const { id, tenant, issuer, subject } = session;
  const rows = await runQuery(
    () => db.sql<(Omit<TraceSummary, "at"> & { readonly at: string })[]>`
      with mine as (
        select * from traces t where t.tenant = ${tenant} and t.issuer = ${issuer} and t.subject = ${subject}),
      steps as (
        select s.trace_id, s.failed, o.session_id from spans s
        left join objects o on o.kind = 'response' and o.id = s.response_id
          and o.tenant = s.tenant and o.issuer = s.issuer and o.subject = s.subject
        where s.tenant = ${tenant} and s.issuer = ${issuer} and s.subject = ${subject}
          and s.trace_id in (select mine.id from mine)),
      own as (
        select m.id, m.group_id from mine m
        where exists (select from exchanges x where x.id = m.exchange_id and x.session_id = ${id})
          or exists (select from steps where steps.trace_id = m.id and steps.session_id = ${id}))
      select m.id, m.workflow, m.group_id as "groupId", m.at, m.id not in (select own.id from own) as "byGroup",
        (select count(*)::int from steps where steps.trace_id = m.id) as spans,
        (select count(*)::int from steps where steps.trace_id = m.id and steps.failed) as failed
      from mine m
      where m.id in (select own.id from own) or m.group_id in (select own.group_id from own)
      order by m.at, m.id limit 100`,
    30_000,
  );
  return rows.map((row) => ({ ...row, at: new Date(row.at) }));
}
