// Originals of masked values: what is too old goes.
import { sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { originals } from "../schema.ts";

const BATCH = 10_000;

/** Deletes a batch of what was kept before a moment, and gives how many that were. */
export async function deleteOriginals(db: Database, before: Date): Promise<number> {
  const rows = await runQuery(() =>
    db.orm.execute(
      sql`delete from ${originals} where ctid in
        (select ctid from ${originals} where at < ${before.toISOString()}::timestamptz limit ${BATCH}) returning 1`,
    ),
  );
  return rows.length;
}
