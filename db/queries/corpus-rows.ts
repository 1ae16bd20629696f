// Reads what a corpus is chosen by: of each exchange its operation, its caller, the codes of all its decisions, and the policy.
import { and, asc, gt, lte, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { decisions, exchanges } from "../schema.ts";
import { toCondition } from "./exchange-filter.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import type { ReplayRange } from "./replay-rows.ts";

/** An exchange without its facts. */
export type CorpusRow = {
  readonly id: string;
  readonly at: Date;
  readonly subject: string | null;
  readonly operation: string;
  readonly revision: string | null;
  /** Of all its decisions, each once. */
  readonly codes: ReadonlySet<string>;
};

const LIMIT_MS = 120_000;

/** Reads a part of the record, in the order of ids. */
export async function readCorpusRows(
  db: Database,
  filter: ExchangeFilter,
  { after, until }: ReplayRange,
): Promise<readonly CorpusRow[]> {
  const { id, at, subject, operation, revision, codes } = exchanges;
  const rows = await runQuery(
    () =>
      db.orm
        .select({ id, at, subject, operation, revision, codes })
        .from(exchanges)
        .where(and(toCondition(db, filter), gt(id, after), lte(id, until)))
        .orderBy(asc(id)),
    LIMIT_MS,
  );
  const later = await runQuery(
    () =>
      db.orm
        .select({ id: decisions.exchangeId, codes: decisions.codes })
        .from(decisions)
        .where(
          sql`${decisions.exchangeId} = any(${`{${rows.map((row) => row.id).join()}}`}::uuid[]) and ${decisions.codes} <> '{}'`,
        ),
    LIMIT_MS,
  );
  const all = new Map(rows.map((row) => [row.id, new Set(row.codes)]));
  for (const row of later) for (const code of row.codes) all.get(row.id)?.add(code);
  return rows.map((row) => ({ ...row, codes: all.get(row.id) ?? new Set() }));
}
