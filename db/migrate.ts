// Brings the database to the newest schema, one process at a time.
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import type { Database } from "./client.ts";
import { DatabaseStateError, toDatabaseError } from "./errors.ts";

/** Any number that no other program on this database locks: `tollgate` in ASCII, read as a 64-bit integer. */
export const MIGRATION_LOCK = "8389765494955668581";

/** The SQLSTATE of a lock that was not had within `lock_timeout`. */
const LOCK_NOT_AVAILABLE = "55P03";

export type MigrationOptions = {
  /** Hears that another process has been at it for a while. */
  readonly log?: { warn(fields: object, message: string): void };
  readonly noticeMs?: number;
  readonly limitMs?: number;
};

/**
 * Applies the migrations that are missing, under an advisory lock: several processes may start at once. Throws
 * `DatabaseStateError` where another holds the lock for longer than a migration takes.
 */
export async function migrateDatabase(db: Database, options: MigrationOptions = {}): Promise<void> {
  const { log, noticeMs = 5_000, limitMs = 60_000 } = options;
  const connection = db.openConnection();
  try {
    await connection`select set_config('lock_timeout', ${String(limitMs)}, false)`;
    const notice = setTimeout(
      () => log?.warn({}, "Another process migrates the database; this one waits."),
      noticeMs,
    );
    try {
      await connection`select pg_advisory_lock(${MIGRATION_LOCK}::bigint)`;
    } finally {
      clearTimeout(notice);
    }
    await connection`select set_config('lock_timeout', '0', false)`;
    await migrate(drizzle(connection), {
      migrationsFolder: fileURLToPath(new URL("migrations", import.meta.url)),
    });
  } catch (thrown) {
    const error = toDatabaseError(thrown);
    if (error.code !== LOCK_NOT_AVAILABLE) throw error;
    throw new DatabaseStateError(
      `Another process has held the lock for migrations for ${limitMs / 1_000} s. Once no gateway starts on this database, end the session that holds it: select pid from pg_locks where locktype = 'advisory'.`,
    );
  } finally {
    // The lock goes with the connection.
    await connection.end({ timeout: 1 }).catch(() => undefined);
  }
}
