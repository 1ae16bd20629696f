// The log of revocations: appended in order, read on from a sequence number, announced by NOTIFY.
import { inArray, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { revocations } from "../schema.ts";
import { createLogReader, PAGE } from "./log-reader.ts";
import type { LogReader } from "./log-reader.ts";

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

/** Says whether any of these credentials and subjects was ever revoked; no id of one is an id of the other. */
export async function isRevoked(db: Database, ids: readonly string[]): Promise<boolean> {
  const rows = await runQuery(() =>
    db.orm
      .select({ seq: revocations.seq })
      .from(revocations)
      .where(inArray(revocations.id, [...ids]))
      .limit(1),
  );
  return rows.length > 0;
}

/** Reads the log of revocations. */
export type RevocationReader = LogReader<Revocation>;

/** Opens the log; each read may take `limitMs`. */
export function createRevocationReader(db: Database, limitMs: number): RevocationReader {
  return createLogReader<Revocation>(db, limitMs, {
    async last(sql) {
      const rows = await sql<{ last: string }[]>`select coalesce(max(seq), 0) as last from revocations`;
      return Number(rows[0]?.last ?? 0);
    },
    async after(sql, seq) {
      const rows = await sql<{ seq: string; kind: Revocation["kind"]; id: string }[]>`
        select seq, kind, id from revocations where seq > ${seq} order by seq limit ${PAGE}`;
      return rows.map((row) => ({ seq: Number(row.seq), kind: row.kind, id: row.id }));
    },
  });
}

/** Calls back at each announcement, and each time that the connection for them stands again. */
export async function listenForRevocations(db: Database, onNews: () => void): Promise<() => Promise<void>> {
  return db.listen(CHANNEL, onNews, onNews);
}
