// Approvals: opened once for a request and a question, found again by both, and used up in one conditional update.
import { and, asc, desc, eq, getTableColumns, inArray, lte, or, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { approvalExchanges, approvals, approvalVotes } from "../schema.ts";
import { isUuid } from "./exchange-filter.ts";
import type { Transaction } from "./revocations.ts";

export type ApprovalRow = typeof approvals.$inferSelect;
export type ApprovalState = ApprovalRow["state"];
export type VoteRow = typeof approvalVotes.$inferSelect;

/** An approval as it is listed: without what was asked in the words of its texts. */
export type ApprovalSummary = Omit<ApprovalRow, "sealed" | "keyId" | "facts">;

/** A question about a request; its clocks are the database's. */
export type NewApproval = Omit<
  ApprovalRow,
  "state" | "createdAt" | "deadline" | "decidedAt" | "expiresAt" | "endedAt" | "usedBy"
>;

/** What is known of a question that was asked. */
export type Asked = Pick<ApprovalRow, "id" | "state" | "code" | "deadline"> & {
  /** Why it was denied. */
  readonly reason: string | null;
};

const CHANNEL = "tollgate_approvals";

/** The database's clock as it is, not as it was when the transaction began: who waited for a lock may be late. */
export const CLOCK = sql`clock_timestamp()`;
/** A caller that was told to try again learns so long that nobody answered; who comes later asks anew. */
const TOLD = sql`interval '65 seconds'`;

/** Tells every gateway that something became of an approval. */
export async function announce(tx: Transaction, id: string): Promise<void> {
  await tx.execute(sql`select pg_notify(${CHANNEL}, ${id})`);
}

/** Calls back with the id of each approval of which something became, and each time that the connection stands again. */
export function listenForApprovals(
  db: Database,
  onNews: (id: string) => void,
  onConnected: () => void,
): Promise<() => Promise<void>> {
  return db.listen(CHANNEL, onNews, onConnected);
}

/** Marks what nobody answered, or used, in time. */
async function expire(tx: Transaction, which: ReturnType<typeof and>): Promise<void> {
  await tx
    .update(approvals)
    .set({ state: "expired", endedAt: CLOCK })
    .where(
      and(
        which,
        or(
          and(eq(approvals.state, "pending"), lte(approvals.deadline, CLOCK)),
          and(eq(approvals.state, "approved"), lte(approvals.expiresAt, CLOCK)),
        ),
      ),
    );
}

/**
 * Asks, or finds what was asked before of the same request: what is open, what was denied as long as its time runs, and
 * for a minute what nobody answered. Notes that the exchange waits for it.
 */
export async function askApproval(db: Database, question: NewApproval): Promise<Asked> {
  const isSame = and(
    eq(approvals.digest, question.digest),
    eq(approvals.questionDigest, question.questionDigest),
  );
  const counts = or(
    inArray(approvals.state, ["pending", "approved"]),
    and(eq(approvals.state, "denied"), sql`${approvals.deadline} > ${CLOCK}`),
    and(eq(approvals.state, "expired"), sql`${approvals.endedAt} > ${CLOCK} - ${TOLD}`),
  );
  return runQuery(() =>
    db.orm.transaction(async (tx) => {
      await expire(tx, isSame);
      const within = sql`${CLOCK} + make_interval(secs => ${question.withinSeconds})`;
      const find = () =>
        tx
          .select({
            id: approvals.id,
            state: approvals.state,
            code: approvals.code,
            deadline: approvals.deadline,
          })
          .from(approvals)
          .where(and(isSame, counts))
          .orderBy(desc(approvals.createdAt))
          .limit(1);
      let [found] = await find();
      if (found === undefined) {
        await tx
          .insert(approvals)
          .values({ ...question, createdAt: CLOCK, deadline: within })
          .onConflictDoNothing();
        // Another gateway's, where that was first.
        [found] = await find();
      }
      if (found === undefined) throw new Error("An approval that was asked for is not there.");
      await tx
        .insert(approvalExchanges)
        .values({ approvalId: found.id, exchangeId: question.exchangeId })
        .onConflictDoNothing();
      return { ...found, reason: found.state === "denied" ? await findReason(tx, found.id) : null };
    }),
  );
}

async function findReason(tx: Pick<Transaction, "select">, id: string): Promise<string | null> {
  const [denial] = await tx
    .select({ reason: approvalVotes.reason })
    .from(approvalVotes)
    .where(and(eq(approvalVotes.approvalId, id), eq(approvalVotes.vote, "deny")))
    .limit(1);
  return denial?.reason ?? null;
}

/**
 * Uses approvals up for an exchange: all of them, or none where one of them was used, has expired or was never given.
 * Of any number who try at once exactly one succeeds.
 */
export async function useApprovals(
  db: Database,
  ids: readonly string[],
  exchangeId: string,
): Promise<boolean> {
  const wanted = [...new Set(ids)].toSorted();
  return runQuery(async () => {
    try {
      await db.orm.transaction(async (tx) => {
        const used = await tx
          .update(approvals)
          .set({ state: "used", endedAt: CLOCK, usedBy: exchangeId })
          .where(
            and(
              inArray(approvals.id, wanted),
              eq(approvals.state, "approved"),
              sql`${approvals.expiresAt} > ${CLOCK}`,
            ),
          )
          .returning({ id: approvals.id });
        if (used.length < wanted.length) throw new NotAll();
        for (const id of wanted) await announce(tx, id);
      });
      return true;
    } catch (error) {
      if (error instanceof NotAll) return false;
      throw error;
    }
  });
}

/** Rolls back what could be used, where another could not. */
class NotAll extends Error {}

/** Gives those of the ids that nobody waits to be answered any longer: decided, used, or too late. */
export async function listSettled(db: Database, ids: readonly string[]): Promise<readonly string[]> {
  const rows = await runQuery(() =>
    db.orm
      .select({ id: approvals.id })
      .from(approvals)
      .where(
        and(
          inArray(approvals.id, [...ids]),
          sql`not (${approvals.state} = 'pending' and ${approvals.deadline} > ${CLOCK})`,
        ),
      ),
  );
  return rows.map(({ id }) => id);
}

/** What is too late says so, whether or not anybody marked it. */
const stateNow = sql<ApprovalState>`case
  when ${approvals.state} = 'pending' and ${approvals.deadline} <= ${CLOCK} then 'expired'
  when ${approvals.state} = 'approved' and ${approvals.expiresAt} <= ${CLOCK} then 'expired'
  else ${approvals.state} end`;

const { sealed, keyId, facts, ...columns } = getTableColumns(approvals);
const SUMMARY = { ...columns, state: stateNow };

/** Lists approvals, the latest first. */
export async function listApprovals(
  db: Database,
  filter: { readonly state?: ApprovalState | undefined; readonly exchangeId?: string | undefined },
  limit: number,
): Promise<readonly ApprovalSummary[]> {
  return runQuery(() => {
    const { exchangeId } = filter;
    const ofExchange =
      exchangeId === undefined
        ? undefined
        : inArray(
            approvals.id,
            db.orm
              .select({ id: approvalExchanges.approvalId })
              .from(approvalExchanges)
              .where(eq(approvalExchanges.exchangeId, exchangeId)),
          );
    return db.orm
      .select(SUMMARY)
      .from(approvals)
      .where(and(ofExchange, filter.state === undefined ? undefined : sql`${stateNow} = ${filter.state}`))
      .orderBy(desc(approvals.createdAt))
      .limit(limit);
  });
}

/** Gives one approval, the answers to it and the exchanges that waited for it; null where there is none. */
export async function findApproval(
  db: Database,
  id: string,
): Promise<{
  readonly approval: ApprovalRow;
  readonly votes: readonly VoteRow[];
  readonly exchanges: readonly string[];
} | null> {
  if (!isUuid(id)) return null;
  const [approval] = await runQuery(() =>
    db.orm
      .select({ ...SUMMARY, sealed, keyId, facts })
      .from(approvals)
      .where(eq(approvals.id, id)),
  );
  if (approval === undefined) return null;
  const votes = await runQuery(() =>
    db.orm
      .select()
      .from(approvalVotes)
      .where(eq(approvalVotes.approvalId, id))
      .orderBy(asc(approvalVotes.at)),
  );
  const waited = await runQuery(() =>
    db.orm
      .select({ id: approvalExchanges.exchangeId })
      .from(approvalExchanges)
      .where(eq(approvalExchanges.approvalId, id))
      .orderBy(asc(approvalExchanges.at)),
  );
  return { approval, votes, exchanges: waited.map((one) => one.id) };
}
