// The errors that leave this folder. Messages of Drizzle and of the server carry values, so none of them is kept.
import postgres from "postgres";

/** What went wrong, without a statement, a parameter or a row. */
export class DatabaseError extends Error {
  /** `unavailable`: out of reach or too slow, trying again may help; `refused`: the statement or a row is at fault. */
  readonly reason: "unavailable" | "refused";
  /** The SQLSTATE, or the socket's error code. */
  readonly code: string | null;
  /** The constraint that was violated. */
  readonly constraint: string | null;

  constructor(reason: DatabaseError["reason"], code: string | null, constraint: string | null = null) {
    const what =
      reason === "unavailable" ? "The database is out of reach" : "The database refused a statement";
    super(code === null ? `${what}.` : `${what} (${code}).`);
    this.name = "DatabaseError";
    this.reason = reason;
    this.code = code;
    this.constraint = constraint;
  }
}

/** Says that the database is reached but can't be used as it stands, in words for the person who can mend it. */
export class DatabaseStateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DatabaseStateError";
  }
}

/** Classes of SQLSTATE that mean the server, not the statement: connection, read-only standby, roll-back, resources, state, operator, system. */
const TRANSIENT = new Set(["08", "25", "40", "53", "55", "57", "58"]);

/** Gives a `DatabaseError` for anything that postgres.js or Drizzle threw. */
export function toDatabaseError(thrown: unknown): DatabaseError {
  let current = thrown;
  for (let depth = 0; depth < 5; depth += 1) {
    if (current instanceof DatabaseError) return current;
    if (current instanceof postgres.PostgresError) {
      const transient = TRANSIENT.has(current.code.slice(0, 2));
      return new DatabaseError(
        transient ? "unavailable" : "refused",
        current.code,
        current.constraint_name ?? null,
      );
    }
    if (!(current instanceof Error) || current.cause === undefined) break;
    current = current.cause;
  }
  // What is not the server's answer is the socket's: refused, reset, timed out, ended.
  const code =
    current instanceof Error && "code" in current && typeof current.code === "string" ? current.code : null;
  return new DatabaseError("unavailable", code);
}

/**
 * Runs a query, for at most `limitMs`; throws only `DatabaseError`. A query that ran out of time may still have its
 * effect.
 */
export async function runQuery<T>(query: () => PromiseLike<T>, limitMs = 5_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new DatabaseError("unavailable", "QUERY_TIMEOUT")), limitMs);
    });
    return await Promise.race([query(), late]);
  } catch (thrown) {
    throw toDatabaseError(thrown);
  } finally {
    clearTimeout(timer);
  }
}
