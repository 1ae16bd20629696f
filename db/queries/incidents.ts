// Notes what a person should look at, and lists it. Notes take a connection of the pool: no crowd of incidents holds up a decision.
import { and, desc, gte, lt } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { incidents } from "../schema.ts";
import { isUuid, toFirstId } from "./exchange-filter.ts";
import type { Page } from "./exchanges.ts";

export type IncidentRow = typeof incidents.$inferSelect;

/** Records an incident; its detail holds keyed hashes and names only. Its id is a UUID of version 7. */
export async function recordIncident(db: Database, row: typeof incidents.$inferInsert): Promise<void> {
  await runQuery(() => db.orm.insert(incidents).values(row));
}

/** Lists incidents, newest first. */
export async function listIncidents(
  db: Database,
  filter: { readonly since?: Date | undefined },
  page: { readonly limit: number; readonly cursor?: string | null },
): Promise<Page<IncidentRow>> {
  const { since } = filter;
  const before = page.cursor ?? null;
  if (before !== null && !isUuid(before)) return { rows: [], cursor: null };
  const rows = await runQuery(() =>
    db.orm
      .select()
      .from(incidents)
      .where(
        and(
          since && gte(incidents.id, toFirstId(since)),
          before === null ? undefined : lt(incidents.id, before),
        ),
      )
      .orderBy(desc(incidents.id))
      .limit(page.limit + 1),
  );
  const shown = rows.slice(0, page.limit);
  return { rows: shown, cursor: rows.length > page.limit ? (shown.at(-1)?.id ?? null) : null };
}
