// Gives all that a database holds, as text.
import type { Database } from "../db/client.ts";

/** Gives every row of every table as text, by the table's name. */
export async function dumpTables({ sql }: Database): Promise<ReadonlyMap<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public'`;
  const dumped = new Map<string, string>();
  for (const { name } of tables) {
    const rows = await sql<{ row: string }[]>`select t::text as row from ${sql(name)} t`;
    dumped.set(name, rows.map(({ row }) => row).join("\n"));
  }
  return dumped;
}
