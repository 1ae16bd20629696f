// Answers to approvals: one a person, counted under a lock on the approval, so that of any number at once each is counted once.
import { and, eq, inArray, sql } from "drizzle-orm";
import type { Database } from "../client.ts";
import { runQuery } from "../errors.ts";
import { approvals, approvalVotes, revocations } from "../schema.ts";
import { announce, CLOCK } from "./approvals.ts";
import type { ApprovalRow, VoteRow } from "./approvals.ts";
import { recordAction } from "./admin-actions.ts";
import { isUuid } from "./exchange-filter.ts";
import type { Transaction } from "./revocations.ts";

/** Who answers, and what. */
export type NewVote = Pick<VoteRow, "person" | "name" | "vote" | "reason" | "groups">;

/** What becomes of an answer; of one that counts, what became of the approval by it. */
export type Voted =
  | { readonly outcome: "counted"; readonly state: "pending" | "approved" | "denied"; readonly yes: number }
  | { readonly outcome: "unknown" | "late" | "again" }
  | { readonly outcome: "settled"; readonly state: ApprovalRow["state"] }
  | { readonly outcome: "refused"; readonly why: string };

/** What the rules of people say: whether somebody may answer, and whether yeses are enough. */
export type Rules = {
  /** Gives why the person may not answer, null where they may. */
  readonly refuse: (approval: ApprovalRow, vote: NewVote) => string | null;
  readonly isEnough: (approval: ApprovalRow, yes: readonly VoteRow[]) => boolean;
};

/** Gives those who were removed: they have no voice any more. */
async function listRemoved(tx: Transaction, people: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx
    .select({ id: revocations.id })
    .from(revocations)
    .where(and(eq(revocations.kind, "subject"), inArray(revocations.id, [...people])));
  return new Set(rows.map(({ id }) => id));
}

/** Takes an answer; what it decides is decided in the same transaction, by the database's clock. */
export async function castVote(db: Database, id: string, vote: NewVote, rules: Rules): Promise<Voted> {
  if (!isUuid(id)) return { outcome: "unknown" };
  return runQuery(() =>
    db.orm.transaction(async (tx): Promise<Voted> => {
      const [approval] = await tx.select().from(approvals).where(eq(approvals.id, id)).for("update");
      if (approval === undefined) return { outcome: "unknown" };
      if (approval.state !== "pending") return { outcome: "settled", state: approval.state };
      const [clock] = await tx
        .select({ isLate: sql<boolean>`${approvals.deadline} <= ${CLOCK}` })
        .from(approvals)
        .where(eq(approvals.id, id));
      if (clock?.isLate !== false) return { outcome: "late" };
      const why = rules.refuse(approval, vote);
      if (why !== null) return { outcome: "refused", why };
      const before = await tx.select().from(approvalVotes).where(eq(approvalVotes.approvalId, id));
      const gone = await listRemoved(tx, [vote.person, ...before.map(({ person }) => person)]);
      if (gone.has(vote.person)) return { outcome: "refused", why: "your account was revoked" };
      const [added] = await tx
        .insert(approvalVotes)
        .values({ ...vote, approvalId: id, at: CLOCK })
        .onConflictDoNothing()
        .returning();
      if (added === undefined) return { outcome: "again" };
      await recordAction(tx, {
        actor: vote.name,
        action: `approval.${vote.vote}`,
        object: id,
        detail: { code: approval.code, operation: approval.operation, subject: approval.subject },
      });
      const yes = [...before, added].filter((one) => one.vote === "approve" && !gone.has(one.person));
      const state = vote.vote === "deny" ? "denied" : rules.isEnough(approval, yes) ? "approved" : "pending";
      if (state !== "pending") {
        const usable = sql`${CLOCK} + make_interval(secs => ${approval.withinSeconds})`;
        const decided = await tx
          .update(approvals)
          .set({ state, decidedAt: CLOCK, ...(state === "approved" && { expiresAt: usable }) })
          .where(
            and(eq(approvals.id, id), eq(approvals.state, "pending"), sql`${approvals.deadline} > ${CLOCK}`),
          )
          .returning({ id: approvals.id });
        if (decided.length === 0) return { outcome: "late" };
        await announce(tx, id);
      }
      return { outcome: "counted", state, yes: yes.length };
    }),
  );
}
