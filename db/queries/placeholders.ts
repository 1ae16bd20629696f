// What placeholders stand for, by session, sealed.
import { and, gt, inArray, lt, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { placeholders } from "../schema.ts";

export type PlaceholderRow = typeof placeholders.$inferSelect;

/** Finds what the placeholders of sessions stand for that have not expired, those that last longest first. */
export function findPlaceholders(
  db: Database,
  sessionIds: readonly string[],
  now: Date,
  most: number,
): Promise<readonly PlaceholderRow[]> {
  return runQuery(() =>
    db.orm
      .select()
      .from(placeholders)
      .where(and(inArray(placeholders.sessionId, [...sessionIds]), gt(placeholders.expiresAt, now)))
      .orderBy(sql`${placeholders.expiresAt} desc`)
      .limit(most),
  );
}

/** Keeps rows; one that is there lasts as long as the newer says. */
export async function addPlaceholders(db: Database, rows: readonly PlaceholderRow[]): Promise<void> {
  await runQuery(() =>
    db.orm
      .insert(placeholders)
      .values([...rows])
      .onConflictDoUpdate({
        target: [placeholders.sessionId, placeholders.placeholder],
        set: { expiresAt: sql`greatest(${placeholders.expiresAt}, excluded.expires_at)` },
      }),
  );
}

/** Lets the rows of sessions that would expire before a time last until then. */
export async function prolongPlaceholders(
  db: Database,
  sessionIds: readonly string[],
  until: Date,
): Promise<void> {
  await runQuery(() =>
    db.orm
      .update(placeholders)
      .set({ expiresAt: until })
      .where(and(inArray(placeholders.sessionId, [...sessionIds]), lt(placeholders.expiresAt, until))),
  );
}

/** Lets rows go that have expired. */
export async function dropExpiredPlaceholders(db: Database, now: Date): Promise<void> {
  await runQuery(() => db.orm.delete(placeholders).where(lt(placeholders.expiresAt, now)));
}
