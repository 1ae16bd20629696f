// Narrows exchanges by what a person asks for: time, caller, session, model, operation, tool, rule, effect, class, revision.
import { and, arrayContains, eq, exists, gte, inArray, lt, or, sql } from "drizzle-orm";
import type { SQL } from "drizzle-orm";
import type { Database } from "../client.ts";
import { decisions, exchanges, toolCalls } from "../schema.ts";

/** What exchanges must fulfil, all of it. Absent: anything. */
export type ExchangeFilter = {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly tenant?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly session?: string | undefined;
  readonly model?: string | undefined;
  readonly operation?: string | undefined;
  readonly connection?: string | undefined;
  /** The name of a tool that the model called. */
  readonly tool?: string | undefined;
  /** The code of a rule that denied, observed, recorded or labelled, in any phase; or of an error. */
  readonly rule?: string | undefined;
  /** Of any phase: a released answer whose call was denied is found by `deny` and by `allow`. */
  readonly effect?: "allow" | "deny" | "error" | undefined;
  /** A class of findings, in the request or the answer. */
  readonly class?: string | undefined;
  readonly revision?: string | undefined;
};

/** What stands in a column of the same name. */
const EQUAL = ["tenant", "issuer", "subject", "model", "operation", "connection", "revision"] as const;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Tells whether a text can be the id of a row. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Gives the smallest UUID of version 7 at a time (RFC 9562 §5.7): ids order exchanges by time. */
export function toFirstId(at: Date): string {
  const hex = Math.max(0, at.getTime()).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** Gives the filter as a condition on `exchanges`. */
export function toCondition(db: Database, filter: ExchangeFilter): SQL | undefined {
  const { since, until, session, rule, effect, tool } = filter;
  if (session !== undefined && !isUuid(session)) return sql`false`;
  const later = (condition: SQL): SQL =>
    exists(
      db.orm
        .select({ one: sql`1` })
        .from(decisions)
        .where(and(eq(decisions.exchangeId, exchanges.id), condition)),
    );
  return and(
    since && gte(exchanges.id, toFirstId(since)),
    until && lt(exchanges.id, toFirstId(until)),
    session === undefined ? undefined : eq(exchanges.sessionId, session),
    ...EQUAL.map((name) => (filter[name] === undefined ? undefined : eq(exchanges[name], filter[name]))),
    effect === undefined
      ? undefined
      : or(
          eq(exchanges.effect, effect),
          effect === "allow" ? undefined : later(eq(decisions.effect, effect)),
        ),
    rule === undefined
      ? undefined
      : or(arrayContains(exchanges.codes, [rule]), inRows(db, arrayContains(decisions.codes, [rule]))),
    filter.class === undefined
      ? undefined
      : or(
          arrayContains(exchanges.classes, [filter.class]),
          inRows(db, arrayContains(decisions.classes, [filter.class])),
        ),
    tool === undefined
      ? undefined
      : inArray(
          exchanges.id,
          db.orm.select({ id: toolCalls.exchangeId }).from(toolCalls).where(eq(toolCalls.name, tool)),
        ),
  );
}

/** Exchanges with such a later decision; the decisions are found first, by their index on codes or classes. */
function inRows(db: Database, condition: SQL): SQL {
  return inArray(exchanges.id, db.orm.select({ id: decisions.exchangeId }).from(decisions).where(condition));
}
