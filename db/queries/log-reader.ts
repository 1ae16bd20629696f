// Reads logs that are numbered in order, over a connection of its own.
import type postgres from "postgres";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";

/** Reads one log whose entries carry a number that only grows. */
export type LogReader<T extends { readonly seq: number }> = {
  /** The newest number in the log, 0 where it is empty. */
  readLast(): Promise<number>;
  /** Reads what stands after `seq`, in order. */
  readAfter(seq: number): Promise<readonly T[]>;
  close(): Promise<void>;
};

/** So many entries are read at once. */
export const PAGE = 10_000;

/** Reads a log over a connection of its own, so that a busy pool can't delay it. Each read may take `limitMs`. */
export function createLogReader<T extends { readonly seq: number }>(
  db: Database,
  limitMs: number,
  queries: {
    readonly last: (sql: postgres.Sql) => PromiseLike<number>;
    readonly after: (sql: postgres.Sql, seq: number) => PromiseLike<readonly T[]>;
  },
): LogReader<T> {
  let connection: postgres.Sql | null = null;

  async function read<R>(query: (sql: postgres.Sql) => PromiseLike<R>): Promise<R> {
    connection ??= db.openConnection();
    const used = connection;
    try {
      return await runQuery(() => query(used), limitMs);
    } catch (error) {
      // A read that hangs would hold up the next ones: they get another connection.
      if (connection === used) connection = null;
      void used.end({ timeout: 0 }).catch(() => undefined);
      throw error;
    }
  }

  return {
    readLast: () => read((sql) => queries.last(sql)),
    readAfter: (seq) => read((sql) => queries.after(sql, seq)),
    async close() {
      await connection?.end({ timeout: 1 }).catch(() => undefined);
      connection = null;
    },
  };
}
