// Originals of one exchange, and who had them shown.
import { and, asc, count, eq, gt, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { exchanges, maskedValues, originals, reveals } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";
import type { Transaction } from "./revocations.ts";
import { isUuid } from "./exchange-filter.ts";

/** What was masked and is kept, sealed. */
export type SealedOriginal = Pick<
  typeof maskedValues.$inferSelect,
  "exchangeId" | "seq" | "direction" | "class" | "kind" | "place" | "count"
> &
  Pick<typeof originals.$inferSelect, "sealed" | "keyId">;

/** Who asked for an exchange's originals, why, and what became of it. */
export type RevealRow = typeof reveals.$inferSelect;
export type NewReveal = Omit<RevealRow, "at">;

const HOUR = sql`now() - interval '1 hour'`;

/** Gives an exchange's time and originals kept since a moment; null where the tenant has no such exchange. */
export async function findOriginals(
  db: Database,
  { tenant, exchangeId }: { readonly tenant: string; readonly exchangeId: string },
  since: Date,
): Promise<{ readonly at: Date; readonly kept: readonly SealedOriginal[] } | null> {
  if (!isUuid(exchangeId)) return null;
  const { orm } = db;
  const [exchange] = await runQuery(() =>
    orm
      .select({ at: exchanges.at })
      .from(exchanges)
      .where(and(eq(exchanges.id, exchangeId), eq(exchanges.tenant, tenant))),
  );
  if (exchange === undefined) return null;
  const { seq, direction, class: ofClass, kind, place } = maskedValues;
  const kept = await runQuery(() =>
    orm
      .select({
        exchangeId: maskedValues.exchangeId,
        seq,
        direction,
        class: ofClass,
        kind,
        place,
        count: maskedValues.count,
        sealed: originals.sealed,
        keyId: originals.keyId,
      })
      .from(originals)
      .innerJoin(
        maskedValues,
        and(eq(maskedValues.exchangeId, originals.exchangeId), eq(maskedValues.seq, originals.seq)),
      )
      .where(
        and(eq(originals.exchangeId, exchangeId), eq(maskedValues.tenant, tenant), gt(originals.at, since)),
      )
      .orderBy(asc(seq)),
  );
  return { at: exchange.at, kept };
}

/**
 * Writes that originals are shown, unless the caller had as many shown within the hour as it may: then nothing is
 * written, and false given. Callers at once wait for one another.
 */
export async function insertShown(db: Database, row: NewReveal, perHour: number): Promise<boolean> {
  const { tenant, issuer, subject } = row;
  const name = JSON.stringify(["reveals", tenant, issuer, subject]);
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
      const [shown] = await tx
        .select({ count: count() })
        .from(reveals)
        .where(
          and(
            eq(reveals.tenant, tenant),
            eq(reveals.issuer, issuer),
            eq(reveals.subject, subject),
            eq(reveals.outcome, "shown"),
            gt(reveals.at, HOUR),
          ),
        );
      if ((shown?.count ?? 0) >= perHour) return false;
      await tx.insert(reveals).values(row);
      await record(tx, row);
      return true;
    }),
  );
}

/** Writes that originals were refused; what was written of that request before stays. */
export async function insertRefused(db: Database, row: NewReveal): Promise<void> {
  const exchangeId = row.exchangeId !== null && isUuid(row.exchangeId) ? row.exchangeId : null;
  await runQuery(() =>
    db.orm.transaction(async (tx) => {
      const written = await tx
        .insert(reveals)
        .values({ ...row, exchangeId })
        .onConflictDoNothing()
        .returning({ id: reveals.id });
      if (written.length > 0) await record(tx, { ...row, exchangeId });
    }),
  );
}

/** Writes a request for originals down among what was done; why stands with the request alone. */
function record(tx: Transaction, { issuer, subject, exchangeId, outcome, code }: NewReveal): Promise<void> {
  const actor = `${subject} of ${issuer}`;
  const object = exchangeId ?? "unknown";
  return recordAction(tx, { actor, action: "originals.reveal", object, detail: { outcome, code } });
}

/** Lists who had an exchange's originals shown, or was refused them, in their order. */
export function listReveals(db: Database, exchangeId: string): Promise<RevealRow[]> {
  return runQuery(() =>
    db.orm.select().from(reveals).where(eq(reveals.exchangeId, exchangeId)).orderBy(asc(reveals.id)),
  );
}
