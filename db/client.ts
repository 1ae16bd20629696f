// Opens PostgreSQL: a pool for reads and commands, and a connection of its own for notifications.
import { drizzle } from "drizzle-orm/postgres-js";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { runQuery, toDatabaseError } from "./errors.ts";
import { ARRAY_TYPES } from "./array-types.ts";
import * as schema from "./schema.ts";
import { takeServerTls } from "./server-authorities.ts";
import type { ServerTls } from "./server-authorities.ts";

export type DatabaseOptions = {
  /** Connections of the pool; the writer and the listener have one each besides. */
  readonly poolSize?: number;
  readonly connectTimeoutSeconds?: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
};

/** The open database. Use `orm` and `sql` only within `db/`. */
export type Database = {
  readonly orm: PostgresJsDatabase<typeof schema>;
  /** The same pool in SQL. Drizzle takes over its dates and JSON: here moments and JSON parameters are strings. */
  readonly sql: postgres.Sql;
  /** Opens one more connection, the caller's own to end. */
  openConnection(): postgres.Sql;
  /** Calls back with each payload on the channel, and with `onConnected` each time that the connection stands (again). */
  listen(
    channel: string,
    onPayload: (payload: string) => void,
    onConnected?: () => void,
  ): Promise<() => Promise<void>>;
  /** Throws `DatabaseError` unless the database answers in time. */
  ping(limitMs?: number): Promise<void>;
  close(): Promise<void>;
};

/** Opens a database by its URL (`postgres://…`, libpq's `?host=/folder` for a Unix socket). Connects when first used. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const parsed = new URL(url);
  const tls = takeServerTls(parsed);
  const connect = (max: number): postgres.Sql => connectTo(parsed, tls, max, options);
  const sql = connect(options.poolSize ?? 8);
  return {
    orm: drizzle(sql, { schema }),
    sql,
    openConnection: () => connect(1),
    async listen(channel, onPayload, onConnected) {
      try {
        const request = await sql.listen(channel, onPayload, onConnected);
        return () => request.unlisten();
      } catch (thrown) {
        throw toDatabaseError(thrown);
      }
    },
    async ping(limitMs = 1_000) {
      await runQuery(() => sql`select 1`, limitMs);
    },
    async close() {
      await sql.end({ timeout: 5 });
    },
  };
}

function connectTo(url: URL, tls: ServerTls | null, max: number, options: DatabaseOptions): postgres.Sql {
  const parsed = new URL(url);
  // libpq takes the socket's folder from the query; postgres.js would send it on as a setting of the session.
  const folder = parsed.searchParams.get("host");
  parsed.searchParams.delete("host");
  return postgres(parsed.href, {
    max,
    ...(tls !== null && { ssl: tls }),
    ...(folder === null ? {} : { host: folder }),
    connect_timeout: options.connectTimeoutSeconds ?? 5,
    // A database that comes back is found within a second, however long it was away.
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, 1),
    onnotice: () => undefined,
    fetch_types: false,
    types: ARRAY_TYPES,
    connection: { application_name: options.applicationName ?? "tollgate" },
  });
}
