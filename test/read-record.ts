// Reads the record as it stands in the database, past the gateway that wrote it.
import { z } from "zod";
import type { Database } from "../db/client.ts";

const endRow = z.object({
  outcome: z.string(),
  http_status: z.number().nullable(),
  error_code: z.string().nullable(),
  usage: z.unknown(),
});

/** How an exchange ended. */
export type RecordedEnd = z.output<typeof endRow>;

/** Gives the end of an exchange; null while there is none. */
export async function readEnd(db: Database, exchangeId: string): Promise<RecordedEnd | null> {
  const rows =
    await db.sql`select outcome, http_status, error_code, usage from exchange_ends where exchange_id = ${exchangeId}`;
  return rows[0] === undefined ? null : endRow.parse(rows[0]);
}

/** Lists the ids of a caller's exchanges, oldest first. */
export async function listExchangeIds(db: Database, subject: string): Promise<string[]> {
  const rows = await db.sql<
    { id: string }[]
  >`select id from exchanges where subject = ${subject} order by id`;
  return rows.map(({ id }) => id);
}
