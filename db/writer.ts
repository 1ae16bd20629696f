// Writes batches of rows over a connection of its own, each batch in one round trip and one transaction.
import type postgres from "postgres";
import type { Database } from "./client.ts";
import { toDatabaseError } from "./errors.ts";
import { TABLE_NAMES, toStatement } from "./inserts.ts";
import type { TableName } from "./inserts.ts";

/** Rows as JSON texts, by table. */
export type Batch = ReadonlyMap<TableName, readonly string[]>;

/** The owned objects that a batch really added; those that had an owner already are not among them. */
export type AddedObject = {
  readonly connection: string;
  readonly kind: string;
  readonly id: string;
  /** Whose rows of the batch gave it its owner. */
  readonly exchange_id: string | null;
};

export type Writer = {
  /** Commits all rows or none. Rows that exist already stay as they are. Throws `DatabaseError`. */
  write(batch: Batch): Promise<readonly AddedObject[]>;
  /** Drops the connection and what runs on it; the next batch opens another. */
  reset(): void;
  close(): Promise<void>;
};

/** Makes a writer. Connects with the first batch. */
export function createWriter(db: Database): Writer {
  let connection: postgres.Sql | undefined;
  const statements = new Map<number, string>();

  function drop(): Promise<void> {
    const dropped = connection;
    connection = undefined;
    return dropped === undefined ? Promise.resolve() : dropped.end({ timeout: 0 }).catch(() => undefined);
  }

  return {
    async write(batch) {
      const tables: TableName[] = [];
      const parameters: string[] = [];
      let mask = 0;
      for (const [bit, table] of TABLE_NAMES.entries()) {
        const rows = batch.get(table);
        if (rows === undefined) continue;
        mask |= 1 << bit;
        tables.push(table);
        parameters.push(`[${rows.join(",")}]`);
      }
      let statement = statements.get(mask);
      if (statement === undefined) statements.set(mask, (statement = toStatement(tables)));
      connection ??= db.openConnection();
      try {
        const rows = await connection.unsafe<AddedObject[]>(statement, parameters, { prepare: true });
        return rows;
      } catch (thrown) {
        throw toDatabaseError(thrown);
      }
    },
    reset: () => void drop(),
    close: drop,
  };
}
