// Reads who owns what, and gives objects that were made elsewhere an owner.
import { and, asc, desc, eq, inArray } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { objects } from "../schema.ts";
import { recordAction } from "./admin-actions.ts";

export type ObjectRow = typeof objects.$inferSelect;

export type ObjectFilter = {
  readonly connection?: string | undefined;
  readonly kind?: string | undefined;
  readonly tenant?: string | undefined;
  readonly subject?: string | undefined;
};

/** Lists objects with their owners, the latest first. */
export async function listObjects(
  db: Database,
  filter: ObjectFilter,
  limit: number,
): Promise<readonly ObjectRow[]> {
  const { connection, kind, tenant, subject } = filter;
  return runQuery(
    () =>
      db.orm
        .select()
        .from(objects)
        .where(
          and(
            connection === undefined ? undefined : eq(objects.connection, connection),
            kind === undefined ? undefined : eq(objects.kind, kind),
            tenant === undefined ? undefined : eq(objects.tenant, tenant),
            subject === undefined ? undefined : eq(objects.subject, subject),
          ),
        )
        .orderBy(desc(objects.at), asc(objects.id))
        .limit(limit),
    30_000,
  );
}

/** Gives objects without an owner to one, which is written down; gives the ids of those that had none. */
export async function giveObjects(
  db: Database,
  owner: {
    readonly connection: string;
    readonly tenant: string;
    readonly issuer: string;
    readonly subject: string;
    readonly groups: readonly string[];
  },
  kind: string,
  ids: readonly string[],
  actor: string,
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const at = new Date();
  const groups = [...owner.groups];
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      const rows = await tx
        .insert(objects)
        .values(ids.map((id) => ({ ...owner, groups, kind, id, at })))
        .onConflictDoNothing()
        .returning({ id: objects.id });
      const { connection: object, tenant, issuer, subject } = owner;
      const detail = { kind, count: rows.length, tenant, issuer, subject, groups };
      if (rows.length > 0) await recordAction(tx, { actor, action: "object.import", object, detail });
      return rows.map(({ id }) => id);
    }),
  );
}

/** Gives those of the ids that nobody owns. */
export async function findUnowned(
  db: Database,
  connection: string,
  kind: string,
  ids: readonly string[],
): Promise<readonly string[]> {
  const rows = await runQuery(() =>
    db.orm
      .select({ id: objects.id })
      .from(objects)
      .where(and(eq(objects.connection, connection), eq(objects.kind, kind), inArray(objects.id, [...ids]))),
  );
  const owned = new Set(rows.map(({ id }) => id));
  return ids.filter((id) => !owned.has(id));
}
