// Finds where a value ever passed, by its keyed hash.
import { and, desc, eq, inArray, isNull, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { exchanges, maskedValues } from "../schema.ts";

/** Where a value passed. */
export type Passage = {
  readonly exchangeId: string;
  readonly at: Date;
  readonly tenant: string;
  readonly issuer: string | null;
  readonly subject: string | null;
  readonly operation: string | null;
  readonly direction: string;
  readonly outcome: string;
  readonly class: string;
  readonly kind: string | null;
  readonly place: string | null;
  readonly count: number;
};

/** Lists the tenants in whose exchanges anything was masked: each is one step in the index. */
export async function listMaskedTenants(db: Database): Promise<string[]> {
  const rows = await runQuery(
    () =>
      db.orm.execute(sql`with recursive t(tenant) as (
        (select min(tenant) from ${maskedValues})
        union all
        select (select min(tenant) from ${maskedValues} where tenant > t.tenant) from t where t.tenant is not null
      ) select tenant from t where tenant is not null`),
    30_000,
  );
  return rows.map((row) => String(row["tenant"]));
}

/** Finds values by their hashes, newest first. */
export async function findValues(
  db: Database,
  hashes: readonly string[],
  limit: number,
): Promise<readonly Passage[]> {
  const { exchangeId, at, tenant, direction, outcome, class: ofClass, kind, place, count } = maskedValues;
  const { issuer, subject, operation } = exchanges;
  return runQuery(
    () =>
      db.orm
        .select({
          exchangeId,
          at,
          tenant,
          issuer,
          subject,
          operation,
          direction,
          outcome,
          class: ofClass,
          kind,
          place,
          count,
        })
        .from(maskedValues)
        .leftJoin(exchanges, eq(exchanges.id, exchangeId))
        .where(inArray(maskedValues.valueHash, [...hashes]))
        .orderBy(desc(exchangeId), maskedValues.seq)
        .limit(limit),
    30_000,
  );
}

/** Counts the exchanges in which values stood that have no hash: they cannot be told. */
export async function countUnnamed(db: Database): Promise<number> {
  const rows = await runQuery(
    () =>
      db.orm
        .select({ count: sql<number>`count(distinct ${maskedValues.exchangeId})::int` })
        .from(maskedValues)
        .where(and(isNull(maskedValues.valueHash))),
    30_000,
  );
  return rows[0]?.count ?? 0;
}
