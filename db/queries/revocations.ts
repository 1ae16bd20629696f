// The log of revocations: appended in order, read on from a sequence number, announced by NOTIFY.
import { and, eq, gte, inArray, or, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { revocations } from "../schema.ts";
import { createLogReader, PAGE } from "./log-reader.ts";
import type { LogReader } from "./log-reader.ts";

/** What ends: a credential, a subject for good, or whatever issuers gave a subject before this moment. */
export type RevocationKey = {
  readonly kind: "credential" | "subject" | "issued_before";
  readonly id: string;
};
export type Revocation = RevocationKey & {
  readonly seq: number;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly at: number;
};

/** By what a caller ends. */
export type Ends = {
  /** Its credential, subjects, and what it was obtained with. */
  readonly names: readonly string[];
  /** Of what issuers gave: when the first of it was issued, and the names of those who can end what is as old; else null. */
  readonly issued: { readonly at: number; readonly to: readonly string[] } | null;
};

/** A transaction of Drizzle's; only for use within `db/`. */
export type Transaction = Parameters<Parameters<Database["orm"]["transaction"]>[0]>[0];

/** Names whatever issuers gave a subject before a moment; `issuer` null: whoever gave it. */
export function toEarlierId(issuer: string | null, subject: string): string {
  return JSON.stringify(issuer === null ? [subject] : [issuer, subject]);
}

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

/** Says whether a caller has ended; no id of a credential is one of a subject, nor one of a subject's earlier tokens. */
export async function isRevoked(db: Database, { names, issued }: Ends): Promise<boolean> {
  const isNamed = inArray(revocations.id, [...names]);
  const isEarlier =
    issued === null
      ? undefined
      : and(
          eq(revocations.kind, "issued_before"),
          inArray(revocations.id, [...issued.to]),
          gte(revocations.at, new Date(issued.at)),
        );
  const rows = await runQuery(() =>
    db.orm.select({ seq: revocations.seq }).from(revocations).where(or(isNamed, isEarlier)).limit(1),
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
      const rows = await sql<{ seq: string; kind: Revocation["kind"]; id: string; at: string }[]>`
        select seq, kind, id, extract(epoch from at) * 1000 as at
          from revocations where seq > ${seq} order by seq limit ${PAGE}`;
      return rows.map(({ kind, id, ...row }) => ({ seq: Number(row.seq), kind, id, at: Number(row.at) }));
    },
  });
}

/** Calls back at each announcement, and each time that the connection for them stands again. */
export async function listenForRevocations(db: Database, onNews: () => void): Promise<() => Promise<void>> {
  return db.listen(CHANNEL, onNews, onNews);
}
