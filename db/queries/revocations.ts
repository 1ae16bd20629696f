// The log of revocations: appended in order, read on from a sequence number, announced by NOTIFY.
import { and, eq, or, sql } from "drizzle-orm";
import type postgres from "postgres";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { revocations } from "../schema.ts";

export type RevocationKey = { readonly kind: "credential" | "subject"; readonly id: string };
export type Revocation = RevocationKey & { readonly seq: number };

/** A transaction of Drizzle's; only for use within `db/`. */
export type Transaction = Parameters<Parameters<Database["orm"]["transaction"]>[0]>[0];

const CHANNEL = "tollgate_revocations";

/** Any number that no other program on this database locks: `revoke` in ASCII. */
const LOG_LOCK = "125822861470565";

/**
 * Appends to the log within a transaction. Writers take turns until they commit, so that numbers become visible in their
 * order: a reader that has seen one has seen all below it.
 */
export async function appendRevocations(
  tx: Transaction,
  entries: readonly RevocationKey[],
  revokedBy: string | null,
): Promise<void> {
  if (entries.length === 0) return;
  await tx.execute(sql`select pg_advisory_xact_lock(${sql.raw(LOG_LOCK)})`);
  await tx.insert(revocations).values(entries.map(({ kind, id }) => ({ kind, id, revokedBy })));
  await tx.execute(sql`select pg_notify(${CHANNEL}, '')`);
}

/** Revokes a credential or a subject that stands in no other table, such as an issuer's token. */
export async function revoke(
  db: Database,
  entry: RevocationKey,
  revokedBy: string | null = null,
): Promise<void> {
  await runQuery(() => db.orm.transaction((tx) => appendRevocations(tx, [entry], revokedBy)));
}

/** Says whether a credential or its subject was ever revoked. */
export async function isRevoked(db: Database, credentialId: string, subjectId: string): Promise<boolean> {
  const rows = await runQuery(() =>
    db.orm
      .select({ seq: revocations.seq })
      .from(revocations)
      .where(
        or(
          and(eq(revocations.kind, "credential"), eq(revocations.id, credentialId)),
          and(eq(revocations.kind, "subject"), eq(revocations.id, subjectId)),
        ),
      )
      .limit(1),
  );
  return rows.length > 0;
}

export type RevocationReader = {
  /** The newest number in the log, 0 where it is empty. */
  readLast(): Promise<number>;
  /** Reads what stands after `seq`, in order. */
  readAfter(seq: number): Promise<readonly Revocation[]>;
  close(): Promise<void>;
};

/** Reads the log over a connection of its own, so that a busy pool can't delay it. Each read may take `limitMs`. */
export function createRevocationReader(db: Database, limitMs: number): RevocationReader {
  let connection: postgres.Sql | null = null;

  async function read<T>(query: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
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
    async readLast() {
      const rows = await read(
        (sql) => sql<{ last: string }[]>`select coalesce(max(seq), 0) as last from revocations`,
      );
      return Number(rows[0]?.last ?? 0);
    },
    async readAfter(seq) {
      const rows = await read(
        (sql) =>
          sql<{ seq: string; kind: Revocation["kind"]; id: string }[]>`
            select seq, kind, id from revocations where seq > ${seq} order by seq limit 10000`,
      );
      return rows.map((row) => ({ seq: Number(row.seq), kind: row.kind, id: row.id }));
    },
    async close() {
      await connection?.end({ timeout: 1 }).catch(() => undefined);
      connection = null;
    },
  };
}

/** Calls back at each announcement, and each time that the connection for them stands again. */
export async function listenForRevocations(db: Database, onNews: () => void): Promise<() => Promise<void>> {
  return db.listen(CHANNEL, onNews, onNews);
}
