// The queue of decisions that a collector is told: filled as exchanges are projected and by a look for the rest, emptied by whoever delivers.
import type postgres from "postgres";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { toFirstId } from "./exchange-filter.ts";

/** A decision that waits to be told. What is JSON is as it was recorded. */
export type WaitingDecision = {
  /** The number of its entry. */
  readonly entry: string;
  readonly exchangeId: string;
  /** 0: the request's. */
  readonly seq: number;
  readonly phase: string;
  /** RFC 3339. */
  readonly at: string;
  readonly revision: string;
  readonly dataRevision: string | null;
  readonly sessionId: string | null;
  readonly effect: string;
  readonly codes: readonly string[];
  readonly facts: string;
  /** Null: the policy could not decide. */
  readonly decision: string | null;
  readonly timings: string | null;
};

/** How far the collector is. */
export type DecisionLogStatus = {
  /** Null: decisions are not kept for one. */
  readonly since: Date | null;
  readonly waiting: number;
  readonly oldest: Date | null;
  readonly refused: number;
  readonly deliveredAt: Date | null;
  readonly problem: string | null;
  readonly problemAt: Date | null;
};

/** So many are taken at once. */
const TAKEN = 500;
/** Seconds after which what was taken, and not told, is anybody's. */
const CLAIM_S = 120;
/** Hours for which what was told is remembered, so that it isn't told again when more of its exchange is projected. */
const REMEMBERED_H = 48;
/** Milliseconds that an exchange has until its projection queues it. */
const LAG_MS = 5000;
/** Milliseconds between the making of an exchange's id and its record, as good as always: a look goes back so far. */
const LOOK_MS = 600_000;
/** The same, always: uploads take their time. Less than what is remembered. */
const WHOLE_LOOK_MS = 86_400_000;

/** Keeps decisions for a collector from now on; where they are kept already nothing changes. */
export async function beginDecisionLog(db: Database): Promise<void> {
  await runQuery(() => db.sql`insert into decision_log_state (id) values (1) on conflict do nothing`);
}

/** Keeps no decisions any more, and forgets those that wait; tells how many those were. */
export async function endDecisionLog(db: Database): Promise<number> {
  const [row] = await runQuery(
    () =>
      db.sql.begin(async (sql) => {
        await sql`delete from decision_log_state`;
        return sql<{ count: number }[]>`
          with gone as (delete from decision_log returning sent_at, refused)
          select count(*)::int as count from gone where sent_at is null or refused`;
      }),
    30_000,
  );
  return row?.count ?? 0;
}

/** Puts the decisions of exchanges into the queue, where there is a collector: part of a projection. */
export async function queueDecisions(sql: postgres.TransactionSql, ids: readonly string[]): Promise<void> {
  await sql`
    insert into decision_log (exchange_id, decision_seq)
    select e.id, d.seq
    from exchanges e
    cross join lateral (
      select 0 as seq where e.facts is not null
      union all
      select seq from decisions where exchange_id = e.id and facts is not null) d
    where e.id = any(${[...ids]}::uuid[]) and e.revision is not null
      and exists (select 1 from decision_log_state s where e.at >= s.since)
    order by e.id, d.seq
    on conflict do nothing`;
}

/**
 * Queues the requests' decisions that no projection will: of exchanges without usage, and of those whose process was
 * killed. A whole look goes back to a day before the last delivery.
 */
export async function queueUntold(db: Database, isWhole: boolean): Promise<void> {
  const [state] = await runQuery(
    () => db.sql<{ since: string; deliveredAt: string | null }[]>`
      select since::text, delivered_at::text as "deliveredAt" from decision_log_state`,
  );
  if (state === undefined) return;
  const now = Date.now();
  const told = state.deliveredAt === null ? 0 : Date.parse(state.deliveredAt) - WHOLE_LOOK_MS;
  const from = Math.max(Date.parse(state.since) - WHOLE_LOOK_MS, isWhole ? told : now - LOOK_MS);
  await runQuery(
    () => db.sql`
      insert into decision_log (exchange_id, decision_seq)
      select e.id, 0 from exchanges e
      where e.id >= ${toFirstId(new Date(from))} and e.id < ${toFirstId(new Date(now - LAG_MS))}
        and e.at >= ${state.since}::timestamptz and e.facts is not null and e.revision is not null
        and not exists (select 1 from decision_log l where l.exchange_id = e.id and l.decision_seq = 0)
      order by e.id
      on conflict do nothing`,
    60_000,
  );
}

/** Takes up to 500 decisions for a while, the oldest first; `isFull`: more may wait. */
export async function claimDecisions(
  db: Database,
): Promise<{ readonly rows: readonly WaitingDecision[]; readonly isFull: boolean }> {
  const rows = await runQuery(
    () => db.sql<WaitingDecision[]>`
      with taken as (
        update decision_log set claimed_until = now() + make_interval(secs => ${CLAIM_S})
        where seq in (
          select seq from decision_log
          where sent_at is null and not refused and (claimed_until is null or claimed_until < now())
          order by seq limit ${TAKEN} for update skip locked)
        returning seq, exchange_id, decision_seq)
      select t.seq::text as entry, e.id as "exchangeId", t.decision_seq as seq, coalesce(d.phase, 'request') as phase,
        to_char(coalesce(d.at, e.at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
        e.revision, e.data_revision as "dataRevision", e.session_id as "sessionId",
        coalesce(d.effect, e.effect) as effect, coalesce(d.codes, e.codes) as codes,
        (case when t.decision_seq = 0 then e.facts else d.facts end)::text as facts,
        nullif((case when t.decision_seq = 0 then e.decision else d.decision end)::text, 'null') as decision,
        (case when t.decision_seq = 0 then e.timings else d.timings end)::text as timings
      from taken t
      join exchanges e on e.id = t.exchange_id
      left join decisions d on t.decision_seq > 0 and d.exchange_id = t.exchange_id and d.seq = t.decision_seq
      order by t.seq`,
    30_000,
  );
  return { rows, isFull: rows.length === TAKEN };
}

/** Counts entries as told. */
export async function markDelivered(db: Database, entries: readonly string[]): Promise<void> {
  if (entries.length === 0) return;
  await runQuery(
    () => db.sql`
      update decision_log set sent_at = now(), claimed_until = null where seq = any(${[...entries]}::text[]::bigint[])`,
    30_000,
  );
}

/** Puts entries aside that the collector will never take. */
export async function markRefused(db: Database, entries: readonly string[]): Promise<void> {
  await runQuery(
    () => db.sql`
      update decision_log set refused = true, claimed_until = null where seq = any(${[...entries]}::text[]::bigint[])`,
  );
}

/** Gives entries back that were not told. */
export async function releaseDecisions(db: Database, entries: readonly string[]): Promise<void> {
  await runQuery(
    () =>
      db.sql`update decision_log set claimed_until = null where seq = any(${[...entries]}::text[]::bigint[])`,
    30_000,
  );
}

/** Has what the collector refused told again; tells how many those are. */
export async function retryRefused(db: Database): Promise<number> {
  const rows = await runQuery(
    () => db.sql`update decision_log set refused = false where refused returning seq`,
    30_000,
  );
  return rows.length;
}

/** Notes that a batch was told, or why not; forgets what was told long ago. */
export async function noteDelivery(db: Database, problem: string | null): Promise<void> {
  await runQuery(() =>
    problem === null
      ? db.sql`update decision_log_state set delivered_at = now(), problem = null, problem_at = null`
      : db.sql`
            update decision_log_state
            set problem = ${problem}, problem_at = case when problem is null then now() else problem_at end`,
  );
}

/** Forgets what was told so long before the last delivery that no more of its exchange will come, and no look finds it. */
export async function forgetDelivered(db: Database): Promise<void> {
  await runQuery(
    () => db.sql`
      delete from decision_log
      where sent_at < (select delivered_at from decision_log_state) - make_interval(hours => ${REMEMBERED_H})`,
    30_000,
  );
}

/** Tells how far the collector is. */
export async function readDecisionLogStatus(db: Database): Promise<DecisionLogStatus> {
  type Row = { readonly [name in keyof DecisionLogStatus]: string | number | null };
  const [row] = await runQuery(
    () => db.sql<Row[]>`
      select s.since::text, s.delivered_at::text as "deliveredAt", s.problem, s.problem_at::text as "problemAt",
        q.waiting, q.refused, e.at::text as oldest
      from (
        select count(*) filter (where not refused)::int as waiting, count(*) filter (where refused)::int as refused,
          min(seq) filter (where not refused) as first
        from decision_log where sent_at is null) q
      left join decision_log_state s on true
      left join decision_log l on l.seq = q.first
      left join exchanges e on e.id = l.exchange_id`,
    30_000,
  );
  const moment = (value: string | number | null | undefined): Date | null =>
    typeof value === "string" ? new Date(value) : null;
  return {
    since: moment(row?.since),
    waiting: Number(row?.waiting ?? 0),
    oldest: moment(row?.oldest),
    refused: Number(row?.refused ?? 0),
    deliveredAt: moment(row?.deliveredAt),
    problem: typeof row?.problem === "string" ? row.problem : null,
    problemAt: moment(row?.problemAt),
  };
}
