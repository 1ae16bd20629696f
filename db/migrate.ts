// Brings the database to the newest schema, one process at a time.
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import type { Database } from "./client.ts";
import { toDatabaseError } from "./errors.ts";

/** Any number that no other program on this database locks: `tollgate` in ASCII, read as a 64-bit integer. */
const MIGRATION_LOCK = "8389765494955668581";

/** Applies the migrations that are missing, under an advisory lock: several processes may start at once. */
export async function migrateDatabase(db: Database): Promise<void> {
  const connection = db.openConnection();
  try {
    await connection`select pg_advisory_lock(${MIGRATION_LOCK}::bigint)`;
    await migrate(drizzle(connection), {
      migrationsFolder: fileURLToPath(new URL("migrations", import.meta.url)),
    });
  } catch (thrown) {
    throw toDatabaseError(thrown);
  } finally {
    // The lock goes with the connection.
    await connection.end({ timeout: 1 }).catch(() => undefined);
  }
}
