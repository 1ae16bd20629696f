// Who changed what in the gateway itself, and when.
import { and, desc, eq, like } from "drizzle-orm";
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

/** Lists what was done to an object, or to all of an area (`connection`), the latest first. */
export async function listActions(
  db: Database,
  area: string,
  object: string | undefined,
  limit: number,
): Promise<readonly AdminActionRow[]> {
  const rows = await runQuery(() =>
    db.orm
      .select()
      .from(adminActions)
      .where(
        and(
          like(adminActions.action, `${area}.%`),
          object === undefined ? undefined : eq(adminActions.object, object),
        ),
      )
      .orderBy(desc(adminActions.seq))
      .limit(limit),
  );
  return rows.map(({ detail, ...row }) => ({
    ...row,
    detail: typeof detail === "object" && detail !== null ? { ...detail } : {},
  }));
}
