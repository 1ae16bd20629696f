// Counts for limits: what exchanges reserve and settle, over all gateways; see the functions of the migration `quotas`.
import { and, asc, eq, sql } from "drizzle-orm";
import type postgres from "postgres";
import type { Database } from "../client.ts";
import { runQuery, toDatabaseError } from "../errors.ts";
import { quotaBuckets, quotaCounters, quotaReservations } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";

/** What is counted by itself. */
export type QuotaCounter = {
  readonly id: string;
  readonly tenant: string;
  readonly code: string;
  readonly name: string;
  readonly key: string;
  readonly unit: string;
  /** Seconds or a span of the calendar; null: what is under way at once. */
  readonly span: string | null;
  readonly sliding: boolean;
  /** The limit, as it is asked with. */
  readonly most: number;
};

/** What one exchange asks for: all of it or nothing. */
export type QuotaAsked = {
  /** The exchange's. */
  readonly id: string;
  /** `hard`: at most so much with what others have; null: whatever they have. */
  readonly take: readonly {
    readonly counter: string;
    readonly amount: number;
    readonly hard: number | null;
  }[];
};

/** What became of one thing that was reserved: so much of it was used. */
export type QuotaSettled = { readonly id: string; readonly counter: string; readonly amount: number };

/** How a counter stood before an exchange was given anything of it. */
export type QuotaState = {
  readonly counter: string;
  readonly used: number;
  /** Seconds until its window ends; null: it has none. */
  readonly ends: number | null;
  /** Seconds until enough is free; null: nobody knows, or never. */
  readonly wait: number | null;
};

export type QuotaAnswer = { readonly fits: boolean; readonly counters: readonly QuotaState[] };

/** A process that reserves, with a number that grows while it lives. */
export type QuotaHolder = { readonly id: string; readonly beat: number };

/** A connection of its own for what every limited exchange waits for. Connects with the first batch. */
export type QuotaWriter = {
  /** Settles, then reserves in the order of `asked`, in one round trip. Throws `DatabaseError`. */
  apply(
    counters: readonly QuotaCounter[],
    settled: readonly QuotaSettled[],
    asked: readonly QuotaAsked[],
  ): Promise<readonly QuotaAnswer[]>;
  close(): Promise<void>;
};

/** Makes the writer of one process, which `holder` names. */
export function createQuotaWriter(db: Database, holder: string, limitMs = 5_000): QuotaWriter {
  let connection: postgres.Sql | undefined;

  async function drop(): Promise<void> {
    const dropped = connection;
    connection = undefined;
    await dropped?.end({ timeout: 0 }).catch(() => undefined);
  }

  return {
    async apply(counters, settled, asked) {
      const given = [holder, ...[counters, settled, asked].map((value) => JSON.stringify(value))];
      const open = (connection ??= db.openConnection());
      try {
        const rows = await runQuery(
          () => open.unsafe<{ answers: readonly QuotaAnswer[] }[]>(APPLY, given, { prepare: true }),
          limitMs,
        );
        return rows[0]?.answers ?? [];
      } catch (thrown) {
        // What runs on it still is ended with it, or comes to its end unseen.
        void drop();
        throw toDatabaseError(thrown);
      }
    },
    close: drop,
  };
}

const APPLY = "select quota_apply($1::text::uuid, $2::text::json, $3::text::json, $4::text::json) as answers";

/** Says that a holder lives; gives its number, 1 where it was not known, and the others. */
export async function keepHolder(
  db: Database,
  id: string,
): Promise<{ readonly beat: number; readonly others: readonly QuotaHolder[] }> {
  const rows = await runQuery(
    () => db.sql<{ id: string; beat: string; own: boolean }[]>`
      with own as (
        insert into quota_holders (id, beat) values (${id}, 1)
        on conflict (id) do update set beat = quota_holders.beat + 1, seen_at = now() returning id, beat
      )
      select id, beat, true as own from own
      union all select id, beat, false from quota_holders where id <> ${id}`,
  );
  const holders = rows.map((row) => ({ id: row.id, beat: Number(row.beat) }));
  return {
    beat: holders.find((one) => one.id === id)?.beat ?? 1,
    others: holders.filter((one) => one.id !== id),
  };
}

/** Gives back what holders have that are gone, those whose number has not grown. */
export async function expireHolders(db: Database, dead: readonly QuotaHolder[]): Promise<number> {
  const [row] = await runQuery(
    () => db.sql<{ freed: string }[]>`select quota_expire(${JSON.stringify(dead)}::text::json) as freed`,
  );
  return Number(row?.freed ?? 0);
}

/** Lists the exchanges for which a holder has something reserved for longer than so many seconds. */
export async function listReserved(db: Database, holder: string, seconds: number): Promise<QuotaSettled[]> {
  return runQuery(() =>
    db.orm
      .select({
        id: quotaReservations.exchangeId,
        counter: quotaReservations.counter,
        amount: quotaReservations.amount,
      })
      .from(quotaReservations)
      .where(
        and(
          eq(quotaReservations.holder, holder),
          sql`${quotaReservations.at} < now() - ${seconds} * interval '1 second'`,
        ),
      ),
  );
}

/** Deletes what has counted for nothing for a day, and counters that nobody has asked for since. */
export async function forgetQuotas(db: Database): Promise<void> {
  await runQuery(async () => {
    await db.sql`
      delete from quota_buckets b using quota_counters k
      where k.id = b.counter and quota_end(k.span, k.sliding, b.start) < now() - interval '1 day'`;
    // Whoever is about to use one holds its lock: it stays.
    await db.sql`
      delete from quota_counters where id in (
        select id from quota_counters k where since < now() - interval '1 day'
        and not exists (select from quota_buckets b where b.counter = k.id and (k.span is not null or b.used > 0))
        for update skip locked)`;
  });
}

/** How a counter stands now. */
export type QuotaRow = {
  readonly id: string;
  readonly tenant: string;
  readonly code: string;
  readonly name: string;
  readonly key: string;
  readonly unit: string;
  readonly window: string | null;
  readonly sliding: boolean;
  readonly limit: number;
  /** With what is reserved. */
  readonly used: number;
  readonly reserved: number;
  readonly endsAt: Date | null;
};

/** Which counters are meant; what is absent limits nothing. */
export type QuotaFilter = {
  readonly name?: string | undefined;
  readonly key?: string | undefined;
  /** Part of the key. */
  readonly like?: string | undefined;
};

/** Lists counters with what is used of them, the fullest first. */
export async function listQuotas(
  db: Database,
  { name, key, like }: QuotaFilter,
  limit: number,
): Promise<readonly QuotaRow[]> {
  const rows = await runQuery(
    () => db.sql<QuotaSql[]>`
      select k.*, (select max(quota_end(k.span, k.sliding, b.start)) from quota_buckets b where b.counter = k.id
        and k.span is not null and quota_end(k.span, k.sliding, b.start) > now()) as ends_at
      from (
        select k.*,
          coalesce((select sum(b.used) from quota_buckets b where b.counter = k.id
            and quota_end(k.span, k.sliding, b.start) > now()), 0) as used,
          coalesce((select sum(r.amount) from quota_reservations r where r.counter = k.id), 0) as reserved
        from quota_counters k
        where (${name ?? null}::text is null or k.name = ${name ?? null})
          and (${key ?? null}::text is null or k.key = ${key ?? null})
          and (${like ?? null}::text is null or position(${like ?? null} in k.key) > 0)
      ) k
      order by k.used / greatest(k.most, 1) desc, k.name, k.key
      limit ${limit}`,
  );
  return rows.map((row) => ({
    id: row.id,
    tenant: row.tenant,
    code: row.code,
    name: row.name,
    key: row.key,
    unit: row.unit,
    window: row.span,
    sliding: row.sliding,
    limit: Number(row.most),
    used: Number(row.used),
    reserved: Number(row.reserved),
    endsAt: row.ends_at === null ? null : new Date(row.ends_at),
  }));
}

type QuotaSql = Pick<QuotaRow, "id" | "tenant" | "code" | "name" | "key" | "unit" | "sliding"> & {
  readonly span: string | null;
  readonly most: string;
  readonly used: string;
  readonly reserved: string;
  readonly ends_at: string | null;
};

/**
 * Counts anew from nothing: what is used is forgotten, what is reserved stays. Gives the counters; the action is recorded.
 */
export async function resetQuotas(
  db: Database,
  { name, key }: { readonly name: string; readonly key: string | null },
  actor: string,
): Promise<number> {
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const meant = and(eq(quotaCounters.name, name), key === null ? undefined : eq(quotaCounters.key, key));
      const found = await tx
        .select({ id: quotaCounters.id })
        .from(quotaCounters)
        .where(meant)
        .orderBy(asc(quotaCounters.id))
        .for("no key update");
      for (const { id } of found)
        await tx
          .update(quotaBuckets)
          .set({
            used: sql`coalesce((select sum(r.amount) from quota_reservations r
              where r.counter = ${quotaBuckets.counter} and r.start = ${quotaBuckets.start}), 0)`,
          })
          .where(eq(quotaBuckets.counter, id));
      if (found.length > 0)
        await recordAction(tx, {
          actor,
          action: "quota.reset",
          object: name,
          detail: { key, counters: found.length },
        });
      return found.length;
    }),
  );
}
