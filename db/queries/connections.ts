// Connections that stand in the database, with their sealed keys, as gateways and people read them.
import { and, eq, gt, inArray, isNull, max, or, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { connectionCredentials, connections, gatewayState } from "../schema.ts";
import { createLogReader, PAGE } from "./log-reader.ts";
import type { LogReader } from "./log-reader.ts";

export type ConnectionRow = typeof connections.$inferSelect;
export type CredentialRow = typeof connectionCredentials.$inferSelect;
export type Purpose = CredentialRow["purpose"];

/** A connection with the keys that still open, of each purpose the current one first, then the newest. */
export type StoredConnection = ConnectionRow & { readonly credentials: readonly CredentialRow[] };

/** Everything that a gateway needs of the connections in its database. */
export type StoredConnections = {
  readonly connections: readonly StoredConnection[];
  /** The connection that was made the default, configured or stored; null: the configured one. */
  readonly defaultName: string | null;
  /** The labels of all connections that ever were: an operator's file may go on naming them. */
  readonly labels: readonly string[];
  /** Milliseconds until the next key expires. */
  readonly expiresInMs: number | null;
};

/** Where the default connection's name stands. */
export const DEFAULT_KEY = "default_connection";
/** Tells of changes. */
export const CHANNEL = "tollgate_connections";

const isLive = and(
  isNull(connectionCredentials.destroyedAt),
  or(isNull(connectionCredentials.expiresAt), gt(connectionCredentials.expiresAt, sql`now()`)),
);

/** Reads all of it, in one snapshot. */
export async function readConnections(db: Database): Promise<StoredConnections> {
  return runQuery(() =>
    db.orm.transaction(
      async (tx) => {
        const all = await tx.select().from(connections).orderBy(connections.name);
        const living = all.filter(({ removedAt }) => removedAt === null);
        const ids = living.map(({ id }) => id);
        const keys =
          ids.length === 0
            ? []
            : await tx
                .select()
                .from(connectionCredentials)
                .where(and(isLive, inArray(connectionCredentials.connectionId, ids)))
                .orderBy(sql`is_current desc, version desc`);
        const [chosen] = await tx.select().from(gatewayState).where(eq(gatewayState.key, DEFAULT_KEY));
        const [next] = await tx
          .select({ ms: sql<string | null>`extract(epoch from min(expires_at) - now()) * 1000` })
          .from(connectionCredentials)
          .where(isLive);
        return {
          connections: living.map((one) => ({
            ...one,
            credentials: keys.filter(({ connectionId }) => connectionId === one.id),
          })),
          defaultName: chosen?.value ?? null,
          labels: [...new Set(all.flatMap(({ labels }) => labels))],
          expiresInMs: next?.ms == null ? null : Number(next.ms),
        };
      },
      { isolationLevel: "repeatable read", accessMode: "read only" },
    ),
  );
}

/** Gives the number of the newest version of a key, those that were destroyed included; 0 where there is none. */
export async function readNewestVersion(
  db: Database,
  connectionId: string,
  purpose: Purpose,
): Promise<number> {
  const [row] = await runQuery(() =>
    db.orm
      .select({ newest: max(connectionCredentials.version) })
      .from(connectionCredentials)
      .where(
        and(eq(connectionCredentials.connectionId, connectionId), eq(connectionCredentials.purpose, purpose)),
      ),
  );
  return row?.newest ?? 0;
}

/** What changed about a connection; `cut`: what is under way ends too. */
export type ConnectionChange = {
  readonly seq: number;
  readonly connection: string;
  readonly kind: "changed" | "cut";
};

/** Opens the log of changes; each read may take `limitMs`. */
export function createChangeReader(db: Database, limitMs: number): LogReader<ConnectionChange> {
  return createLogReader<ConnectionChange>(db, limitMs, {
    async last(connection) {
      const rows = await connection<{ last: string }[]>`
        select coalesce(max(seq), 0) as last from connection_changes`;
      return Number(rows[0]?.last ?? 0);
    },
    async after(connection, seq) {
      const rows = await connection<{ seq: string; connection: string; kind: ConnectionChange["kind"] }[]>`
        select seq, connection, kind from connection_changes where seq > ${seq} order by seq limit ${PAGE}`;
      return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
    },
  });
}

/** Calls back at each announcement, and each time that the connection for them stands again. */
export async function listenForChanges(db: Database, onNews: () => void): Promise<() => Promise<void>> {
  return db.listen(CHANNEL, onNews, onNews);
}
