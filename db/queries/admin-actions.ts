// Who changed what in the gateway itself, and when.
import { and, desc, eq, gte, lt, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { adminActions } from "../schema.ts";
import type { Transaction } from "./revocations.ts";

/** What somebody did; `detail` holds no secret. */
export type AdminAction = {
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly detail: Readonly<Record<string, unknown>>;
};

export type AdminActionRow = AdminAction & { readonly seq: number; readonly at: Date };

/** Writes down what is done, in the transaction that does it. */
export async function recordAction(tx: Transaction, action: AdminAction): Promise<void> {
  await tx.insert(adminActions).values(action);
}

/** Writes down what was done without changing the database. */
export async function noteAction(db: Database, action: AdminAction): Promise<void> {
  await runQuery(() => db.orm.insert(adminActions).values(action));
}

/** Which actions are meant; what is absent limits nothing. */
export type ActionFilter = {
  /** What an action's name begins with, before the dot: `connection`. */
  readonly area?: string | undefined;
  readonly object?: string | undefined;
  readonly actor?: string | undefined;
  readonly since?: Date | undefined;
  /** What came before the action of this number, for the next page. */
  readonly before?: number | undefined;
};

/** Lists what was done, the latest first. */
export async function listActions(
  db: Database,
  { area, object, actor, since, before }: ActionFilter,
  limit: number,
): Promise<readonly AdminActionRow[]> {
  const rows = await runQuery(() =>
    db.orm
      .select()
      .from(adminActions)
      .where(
        and(
          area === undefined ? undefined : eq(sql`split_part(${adminActions.action}, '.', 1)`, area),
          object === undefined ? undefined : eq(adminActions.object, object),
          actor === undefined ? undefined : eq(adminActions.actor, actor),
          since === undefined ? undefined : gte(adminActions.at, since),
          before === undefined ? undefined : lt(adminActions.seq, before),
        ),
      )
      .orderBy(desc(adminActions.seq))
      .limit(limit),
  );
  return rows.map(toAction);
}

function toAction({ detail, ...row }: typeof adminActions.$inferSelect): AdminActionRow {
  return { ...row, detail: typeof detail === "object" && detail !== null ? { ...detail } : {} };
}
