// Projects denials, tool calls and usage from the rows that exchanges left. May be repeated: it gives the same rows.
import type { Database } from "../client.ts";
import type postgres from "postgres";
import { DatabaseError, runQuery } from "../errors.ts";
import { queueDecisions } from "./decision-log.ts";

/** Any number that nothing else on this database locks: `projecto` in ASCII, read as a 64-bit integer. */
export const PROJECTOR_LOCK = "8102098886083834991";
const BATCH = 500;
/** Above every number of the queue: the largest bigint. */
const LAST = "9223372036854775807";

/**
 * Projects up to 500 waiting entries, and tells whether more may wait; one process at a time, the others are told no. An
 * entry that the database refuses is given up when it stands alone: `onGivenUp` hears its exchange.
 */
export async function projectBatch(
  db: Database,
  onGivenUp: (exchangeId: string) => void,
  until: string | null = null,
): Promise<boolean> {
  const taken: { first: Entry | null } = { first: null };
  for (let limit = BATCH; ; limit = Math.ceil(limit / 2)) {
    try {
      const count = await project(db, limit, until, (first) => (taken.first = first));
      return count === limit || limit < BATCH;
    } catch (thrown) {
      // Whatever the server finds at fault, it would find again: what waits behind must not wait for ever.
      if (!(thrown instanceof DatabaseError) || thrown.reason !== "refused") throw thrown;
      if (taken.first === null) throw thrown;
    }
    if (limit === 1) {
      await giveUp(db, taken.first);
      onGivenUp(taken.first.exchangeId);
      return true;
    }
  }
}

type Entry = { readonly seq: string; readonly exchangeId: string };

async function giveUp(db: Database, { seq }: Entry): Promise<void> {
  await runQuery(() => db.sql`delete from projection_queue where seq = ${seq}`);
}

/**
 * Projects all that waits now, for commands that look at projections; waits while another process is at it. What comes
 * meanwhile is left to the projector: under load there would be no end.
 */
export async function projectAll(db: Database): Promise<void> {
  const [row] = await runQuery(
    () => db.sql<{ last: string | null }[]>`select max(seq)::text as last from projection_queue`,
  );
  const last = row?.last ?? null;
  if (last === null) return;
  let hasMore = true;
  while (hasMore) hasMore = await projectBatch(db, () => undefined, last);
}

/** Projects the oldest entries, up to the number `until` if one is given: then it waits for its turn. */
function project(
  db: Database,
  limit: number,
  until: string | null,
  onFirst: (entry: Entry) => void,
): Promise<number> {
  return runQuery(
    () =>
      db.sql.begin(async (sql) => {
        if (until === null) {
          const [lock] = await sql<{ held: boolean }[]>`
            select pg_try_advisory_xact_lock(${PROJECTOR_LOCK}::bigint) as held`;
          if (lock?.held !== true) return 0;
        } else {
          await sql`select pg_advisory_xact_lock(${PROJECTOR_LOCK}::bigint)`;
        }
        const taken = await sql<Entry[]>`
          with taken as (
            delete from projection_queue
            where seq in (
              select seq from projection_queue where seq <= coalesce(${until}::bigint, ${LAST}) order by seq limit ${limit})
            returning seq, exchange_id)
          select seq::text, exchange_id as "exchangeId" from taken order by taken.seq`;
        const [first] = taken;
        if (first === undefined) return 0;
        onFirst(first);
        const ids = [...new Set(taken.map((row) => row.exchangeId))];
        const answers = await findAnswers(sql, ids);
        await projectUsage(sql, answers);
        await projectDenials(sql, ids);
        await projectCalls(sql, answers);
        await linkOutputs(sql, ids);
        await queueDecisions(sql, ids);
        return taken.length;
      }),
    30_000,
  );
}

/** An exchange that carried an answer, and the one that had it made: the same, or an earlier one whose it read back. */
type Answer = { readonly carriedIn: string; readonly madeIn: string };

/**
 * Finds whose answers these exchanges carried. What is stored may be read back at will, so all of it counts under the
 * exchange that had it made; what a background response took and called is known no sooner.
 */
async function findAnswers(sql: postgres.TransactionSql, ids: readonly string[]): Promise<readonly Answer[]> {
  return sql<Answer[]>`
    select id as "carriedIn", id as "madeIn" from exchanges
    where id = any(${[...ids]}::uuid[]) and operation like '%.create'
    union
    select e.id, m.id
    from exchanges e
    join exchange_ends n on n.exchange_id = e.id
    cross join lateral unnest(n.response_ids) as response_id
    join objects o on o.connection = e.connection and o.kind in ('response', 'chat_completion') and o.id = response_id
    join exchanges m on m.id = o.exchange_id and m.operation like '%.create'
    where e.id = any(${[...ids]}::uuid[]) and e.operation not like '%.create'`;
}

/** Counts each answer once. An estimate gives way to what the target says; one of a part that was read back says nothing. */
async function projectUsage(sql: postgres.TransactionSql, answers: readonly Answer[]): Promise<void> {
  await sql`
    insert into usage (exchange_id, at, tenant, issuer, subject, session_id, connection, operation, model,
      input_tokens, cached_tokens, output_tokens, reasoning_tokens, total_tokens, estimated)
    select distinct on (e.id) e.id, n.at, e.tenant, e.issuer, e.subject, e.session_id, e.connection, e.operation,
      coalesce(n.model, e.model), u.input_tokens, u.cached_tokens, u.output_tokens, u.reasoning_tokens, u.total_tokens,
      coalesce(u.estimated, true)
    from unnest(${answers.map(({ carriedIn }) => carriedIn)}::uuid[], ${answers.map(({ madeIn }) => madeIn)}::uuid[])
      as a (carried_in, made_in)
    join exchanges e on e.id = a.made_in
    join exchange_ends n on n.exchange_id = a.carried_in and n.usage is not null
    cross join lateral jsonb_to_record(n.usage) as u (input_tokens bigint, cached_tokens bigint, output_tokens bigint,
      reasoning_tokens bigint, total_tokens bigint, estimated boolean)
    where a.carried_in = a.made_in or not coalesce(u.estimated, true)
    order by e.id, coalesce(u.estimated, true), a.carried_in
    on conflict (exchange_id) do update
      set input_tokens = excluded.input_tokens, cached_tokens = excluded.cached_tokens,
        output_tokens = excluded.output_tokens, reasoning_tokens = excluded.reasoning_tokens,
        total_tokens = excluded.total_tokens, estimated = false
      where usage.estimated and not excluded.estimated`;
}

async function projectDenials(sql: postgres.TransactionSql, ids: readonly string[]): Promise<void> {
  await sql`
    with decided as (
      select id as exchange_id, 0 as seq, 'request' as phase, at, decision from exchanges
      where id = any(${[...ids]}::uuid[]) and codes <> '{}'
      union all
      select exchange_id, seq, phase, at, decision from decisions
      where exchange_id = any(${[...ids]}::uuid[]) and codes <> '{}')
    insert into denials (exchange_id, seq, code, call_id, phase, observed, at, tenant, subject, session_id, revision)
    select d.exchange_id, d.seq, x.effect ->> 'code', coalesce(x.effect ->> 'call', ''), d.phase, x.observed, d.at,
      e.tenant, e.subject, e.session_id, e.revision
    from decided d
    join exchanges e on e.id = d.exchange_id
    cross join lateral (
      select effect, false as observed from jsonb_array_elements(coalesce(d.decision::jsonb -> 'deny', '[]')) as t (effect)
      union all
      select effect, true from jsonb_array_elements(coalesce(d.decision::jsonb -> 'observe', '[]')) as t (effect)) x
    where json_typeof(d.decision) = 'object'
    on conflict do nothing`;
}

async function projectCalls(sql: postgres.TransactionSql, answers: readonly Answer[]): Promise<void> {
  const own = answers.filter(({ carriedIn, madeIn }) => carriedIn === madeIn);
  await sql`
    ${toCallRows(sql, own)}
    on conflict (exchange_id, call_id) do update
      set seq = excluded.seq, at = excluded.at, outcome = excluded.outcome, codes = excluded.codes
      where excluded.seq > tool_calls.seq`;
  if (own.length === answers.length) return;
  // Read back, a call is judged again. It may have run if it went out once, whatever was decided at another time.
  await sql`
    ${toCallRows(
      sql,
      answers.filter(({ carriedIn, madeIn }) => carriedIn !== madeIn),
    )}
    on conflict (exchange_id, call_id) do update
      set outcome = excluded.outcome, codes = excluded.codes
      where tool_calls.outcome = 'denied' and excluded.outcome = 'released'`;
}

/** Gives the beginning of an insert of all calls in answers; of several decisions on one, the released, then the last. */
function toCallRows(
  sql: postgres.TransactionSql,
  answers: readonly Answer[],
): postgres.PendingQuery<postgres.Row[]> {
  return sql`
    insert into tool_calls (exchange_id, call_id, seq, at, name, type, outcome, codes, arguments_digest, arguments_bytes,
      tenant, issuer, subject, session_id, prompt_hash, prompt_pointer)
    select distinct on (e.id, r.id) e.id, r.id, d.seq, d.at, r.name, r.type, r.outcome,
      coalesce(r.codes, '{}'), r."argumentsDigest", r."argumentsBytes",
      e.tenant, e.issuer, e.subject, e.session_id, e.prompt_hash, e.prompt_pointer
    from unnest(${answers.map(({ carriedIn }) => carriedIn)}::uuid[], ${answers.map(({ madeIn }) => madeIn)}::uuid[])
      as a (carried_in, made_in)
    join exchanges e on e.id = a.made_in
    join decisions d on d.exchange_id = a.carried_in and d.calls is not null
    cross join lateral jsonb_to_recordset(d.calls) as r (id text, name text, type text, outcome text, codes text[],
      "argumentsDigest" text, "argumentsBytes" integer)
    order by e.id, r.id, a.carried_in <> a.made_in and r.outcome = 'released' desc, d.seq desc`;
}

/** Joins calls to the exchange of the same caller that carried their output first. */
async function linkOutputs(sql: postgres.TransactionSql, ids: readonly string[]): Promise<void> {
  await sql`
    update tool_calls t set output_exchange_id = o.id
    from (
      select distinct on (e.tenant, e.issuer, e.subject, call_id) e.id, e.tenant, e.issuer, e.subject, call_id
      from exchanges e cross join lateral unnest(e.call_outputs) as call_id
      where e.id = any(${[...ids]}::uuid[]) and e.call_outputs <> '{}'
      order by e.tenant, e.issuer, e.subject, call_id, e.id) o
    where t.call_id = o.call_id and t.tenant = o.tenant and t.issuer = o.issuer and t.subject = o.subject
      and t.output_exchange_id is null and t.exchange_id < o.id`;
}
