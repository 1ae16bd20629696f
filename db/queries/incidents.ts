// Notes what a person should look at. It takes a connection of the pool: no crowd of incidents holds up a decision.
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { incidents } from "../schema.ts";

/** Records an incident; its detail holds keyed hashes and names only. */
export async function recordIncident(db: Database, row: typeof incidents.$inferInsert): Promise<void> {
  await runQuery(() => db.orm.insert(incidents).values(row));
}
