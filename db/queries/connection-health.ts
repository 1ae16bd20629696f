// How connections answered last: each gateway adds what it has seen.
import { sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { connectionHealth } from "../schema.ts";

export type HealthRow = typeof connectionHealth.$inferSelect;

/** What one process has seen of a connection since it told last. */
export type HealthNews = HealthRow & {
  /** A success was among it, so that `failures` counts from there; else they come on top. */
  readonly hasSucceeded: boolean;
};

/** Adds what was seen; of each moment the later one stays. */
export async function addHealth(db: Database, news: readonly HealthNews[]): Promise<void> {
  for (const { hasSucceeded, ...row } of news) {
    const later = (column: string): ReturnType<typeof sql> =>
      sql.raw(`greatest(connection_health.${column}, excluded.${column})`);
    await runQuery(() =>
      db.orm
        .insert(connectionHealth)
        .values(row)
        .onConflictDoUpdate({
          target: connectionHealth.connection,
          set: {
            usedAt: later("used_at"),
            succeededAt: later("succeeded_at"),
            failedAt: later("failed_at"),
            errorCode: sql`coalesce(excluded.error_code, connection_health.error_code)`,
            latencyMs: sql`coalesce(excluded.latency_ms, connection_health.latency_ms)`,
            failures: hasSucceeded
              ? sql`excluded.failures`
              : sql`connection_health.failures + excluded.failures`,
          },
        }),
    );
  }
}

/** Lists what is known of all connections. */
export async function listHealth(db: Database): Promise<readonly HealthRow[]> {
  return runQuery(() => db.orm.select().from(connectionHealth));
}
