// Reads recorded exchanges: a page of them, and one with all that belongs to it.
import { and, asc, desc, eq, inArray, lt, or, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import {
  decisions,
  denials,
  exchangeEnds,
  exchanges,
  exchangeTexts,
  maskedValues,
  toolCalls,
} from "../schema.ts";
import { isUuid, toCondition } from "./exchange-filter.ts";
import type { ExchangeFilter } from "./exchange-filter.ts";
import { listApprovals } from "./approvals.ts";
import type { ApprovalSummary } from "./approvals.ts";
import { listReveals } from "./reveals.ts";
import type { RevealRow } from "./reveals.ts";
import { projectAll } from "./projections.ts";

/**
 * A line of a list. `effect` is the strictest of all phases; `outcome` without an end is `open`, or `lost` where the
 * exchange would have ended long ago: its process died.
 */
export type ExchangeSummary = {
  readonly id: string;
  readonly at: Date;
  readonly tenant: string;
  readonly subject: string | null;
  readonly callerKind: string | null;
  readonly sessionId: string | null;
  readonly connection: string | null;
  readonly operation: string;
  readonly model: string | null;
  readonly stream: boolean;
  readonly effect: string;
  readonly codes: readonly string[];
  readonly classes: readonly string[];
  readonly revision: string | null;
  readonly outcome: string;
  readonly httpStatus: number | null;
  readonly errorCode: string | null;
  readonly usage: unknown;
  readonly endedAt: Date | null;
};

/** A page, newest first; `cursor` gives the next one, null at the end. */
export type Page<T> = { readonly rows: readonly T[]; readonly cursor: string | null };

export type ExchangeRow = typeof exchanges.$inferSelect;

/** A call with the chain around it: the prompt's first exchange of the session, and the one that carries the output. */
export type CallChain = typeof toolCalls.$inferSelect & { readonly promptExchangeId: string | null };

/** All that is recorded of one exchange. */
export type ExchangeDetails = {
  readonly exchange: ExchangeRow;
  readonly decisions: readonly (typeof decisions.$inferSelect)[];
  readonly end: typeof exchangeEnds.$inferSelect | null;
  /** As in a list. */
  readonly outcome: string;
  readonly denials: readonly (typeof denials.$inferSelect)[];
  /** Calls that its answer asked for. */
  readonly calls: readonly CallChain[];
  /** Calls of earlier exchanges whose outputs it carries. */
  readonly answered: readonly CallChain[];
  readonly texts: readonly (typeof exchangeTexts.$inferSelect)[];
  /** What was masked, without the values' hashes. */
  readonly masked: readonly MaskedValue[];
  /** Who had its originals shown, or was refused them. */
  readonly reveals: readonly RevealRow[];
  /** What people were asked before it went out. */
  readonly approvals: readonly ApprovalSummary[];
};

/** A line of the account of what was masked. */
export type MaskedValue = Omit<typeof maskedValues.$inferSelect, "exchangeId" | "tenant" | "valueHash">;

const later = sql`(select coalesce(array_agg(distinct c), '{}') from ${decisions} d, unnest(d.codes) c
  where d.exchange_id = ${exchanges.id})`;

/** The columns of a line, to select from exchanges and, joined on the left, their ends. */
export const summary = {
  id: exchanges.id,
  at: exchanges.at,
  tenant: exchanges.tenant,
  subject: exchanges.subject,
  callerKind: exchanges.callerKind,
  sessionId: exchanges.sessionId,
  connection: exchanges.connection,
  operation: exchanges.operation,
  model: exchanges.model,
  stream: exchanges.stream,
  effect: sql<string>`case when ${exchanges.effect} <> 'allow' then ${exchanges.effect} else coalesce(
    (select min(d.effect) from ${decisions} d where d.exchange_id = ${exchanges.id} and d.effect <> 'allow'), 'allow') end`,
  codes: sql<string[]>`array(select distinct unnest(${exchanges.codes} || ${later}) order by 1)`,
  classes: sql<
    string[]
  >`array(select distinct unnest(${exchanges.classes} || (select coalesce(array_agg(distinct c), '{}')
    from ${decisions} d, unnest(d.classes) c where d.exchange_id = ${exchanges.id})) order by 1)`,
  revision: exchanges.revision,
  outcome: exchangeEnds.outcome,
  httpStatus: exchangeEnds.httpStatus,
  errorCode: exchangeEnds.errorCode,
  usage: exchangeEnds.usage,
  endedAt: exchangeEnds.at,
};

/** Answers take minutes: what has no end after an hour will have none. */
const LOST_MS = 3_600_000;

function toOutcome(at: Date, recorded: string | null): string {
  return recorded ?? (Date.now() - at.getTime() > LOST_MS ? "lost" : "open");
}

/** Gives a line the outcome that it has without an end. */
export function withOutcome<T extends { readonly at: Date; readonly outcome: string | null }>(
  row: T,
): T & { readonly outcome: string } {
  return { ...row, outcome: toOutcome(row.at, row.outcome) };
}

/** Lists exchanges, newest first. */
export async function listExchanges(
  db: Database,
  filter: ExchangeFilter,
  page: { readonly limit: number; readonly cursor?: string | null },
): Promise<Page<ExchangeSummary>> {
  // Calls are found in a projection, so what waits is projected first.
  if (filter.tool !== undefined) await projectAll(db);
  const before = page.cursor ?? null;
  if (before !== null && !isUuid(before)) return { rows: [], cursor: null };
  const rows = await runQuery(
    () =>
      db.orm
        .select(summary)
        .from(exchanges)
        .leftJoin(exchangeEnds, eq(exchangeEnds.exchangeId, exchanges.id))
        .where(and(toCondition(db, filter), before === null ? undefined : lt(exchanges.id, before)))
        .orderBy(desc(exchanges.id))
        .limit(page.limit + 1),
    30_000,
  );
  const shown = rows.slice(0, page.limit).map(withOutcome);
  return { rows: shown, cursor: rows.length > page.limit ? (shown.at(-1)?.id ?? null) : null };
}

/** Gives one exchange with all that belongs to it, null where there is none. */
export async function findExchange(db: Database, id: string): Promise<ExchangeDetails | null> {
  if (!isUuid(id)) return null;
  await projectAll(db);
  const { orm } = db;
  const ofExchange = <T>(query: PromiseLike<T>): Promise<T> => runQuery(() => query);
  const [exchange] = await ofExchange(orm.select().from(exchanges).where(eq(exchanges.id, id)));
  if (exchange === undefined) return null;
  const [later, ends, refusals, calls, texts, masked, shown, asked] = await Promise.all([
    ofExchange(orm.select().from(decisions).where(eq(decisions.exchangeId, id)).orderBy(asc(decisions.seq))),
    ofExchange(orm.select().from(exchangeEnds).where(eq(exchangeEnds.exchangeId, id))),
    ofExchange(
      orm
        .select()
        .from(denials)
        .where(eq(denials.exchangeId, id))
        .orderBy(asc(denials.seq), asc(denials.code)),
    ),
    ofExchange(
      orm
        .select()
        .from(toolCalls)
        .where(or(eq(toolCalls.exchangeId, id), eq(toolCalls.outputExchangeId, id), isCarried(exchange)))
        .orderBy(asc(toolCalls.exchangeId), asc(toolCalls.seq)),
    ),
    ofExchange(orm.select().from(exchangeTexts).where(eq(exchangeTexts.exchangeId, id))),
    ofExchange(
      orm
        .select()
        .from(maskedValues)
        .where(eq(maskedValues.exchangeId, id))
        .orderBy(asc(maskedValues.direction), asc(maskedValues.seq)),
    ),
    listReveals(db, id),
    listApprovals(db, { exchangeId: id }, 100),
  ]);
  const chains = await withPrompts(db, calls);
  return {
    exchange,
    decisions: later,
    end: ends[0] ?? null,
    outcome: toOutcome(exchange.at, ends[0]?.outcome ?? null),
    denials: refusals,
    calls: chains.filter((call) => call.exchangeId === id),
    answered: chains.filter((call) => call.exchangeId !== id),
    texts,
    masked: toLines(masked),
    reveals: shown,
    approvals: asked,
  };
}

/** Adds up what differs by its value alone: hashes are for finding, and tell which values are alike. */
function toLines(rows: readonly (typeof maskedValues.$inferSelect)[]): MaskedValue[] {
  const lines = new Map<string, MaskedValue>();
  for (const { exchangeId: _, tenant: __, valueHash: ___, ...row } of rows) {
    const { seq: ____, at: _____, count, ...rest } = row;
    const key = JSON.stringify(rest);
    const known = lines.get(key);
    lines.set(key, known === undefined ? row : { ...known, count: known.count + count });
  }
  return [...lines.values()];
}

/** Adds to calls the first exchange of their session that carried their prompt. */
export async function withPrompts(
  db: Database,
  calls: readonly (typeof toolCalls.$inferSelect)[],
): Promise<readonly CallChain[]> {
  const hashes = [...new Set(calls.flatMap(({ promptHash }) => promptHash ?? []))];
  const sessions = [...new Set(calls.flatMap(({ sessionId }) => sessionId ?? []))];
  if (hashes.length === 0 || sessions.length === 0)
    return calls.map((call) => ({ ...call, promptExchangeId: null }));
  const rows = await runQuery(() =>
    db.orm
      .selectDistinctOn([exchanges.sessionId, exchanges.promptHash], {
        id: exchanges.id,
        sessionId: exchanges.sessionId,
        promptHash: exchanges.promptHash,
      })
      .from(exchanges)
      .where(and(inArray(exchanges.sessionId, sessions), inArray(exchanges.promptHash, hashes)))
      .orderBy(exchanges.sessionId, exchanges.promptHash, exchanges.id),
  );
  const first = new Map(rows.map((row) => [`${row.sessionId} ${row.promptHash}`, row.id]));
  return calls.map((call) => ({
    ...call,
    promptExchangeId: first.get(`${call.sessionId} ${call.promptHash}`) ?? null,
  }));
}

/** Calls whose outputs an exchange carries again: the projection names only the first that did. */
function isCarried(exchange: ExchangeRow): ReturnType<typeof and> {
  if (exchange.callOutputs.length === 0 || exchange.subject === null) return undefined;
  return and(
    inArray(toolCalls.callId, exchange.callOutputs),
    eq(toolCalls.tenant, exchange.tenant),
    eq(toolCalls.subject, exchange.subject),
    lt(toolCalls.exchangeId, exchange.id),
  );
}
