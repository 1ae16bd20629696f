// The rules of people: who may answer, and when their answers are enough. They are asked under the approval's lock.
import { z } from "zod";
import type { NewVote, Rules } from "../../db/queries/approval-votes.ts";
import type { ApprovalRow } from "../../db/queries/approvals.ts";
import { isAsked, isEnough } from "./quorum.ts";

const from = z.array(z.array(z.string()));

/** So long is a reason at most. */
const LONGEST_REASON = 500;

/** Somebody who answers: a person, never a program. */
export type Reviewer = Pick<NewVote, "person" | "name" | "groups"> & {
  /** The names under which a request of theirs could have come. */
  readonly subjects: readonly string[];
};

/** Gives whose word an approval wants. */
export function readFrom(approval: Pick<ApprovalRow, "from">): readonly (readonly string[])[] {
  return from.parse(approval.from);
}

/** Gives the person at a terminal with access to the database: the same on each machine, since a person has one vote. */
export function toOperatorReviewer(operator: string): Reviewer {
  const user = operator.replace(/^operator:/, "").replace(/@[^@]*$/, "");
  return { person: `operator:${user}`, name: operator, groups: null, subjects: [operator, user] };
}

/** Gives why somebody may not answer; null where they may. */
export function refuseReviewer(
  approval: Pick<ApprovalRow, "from" | "barred">,
  { person, groups, subjects }: Reviewer,
): string | null {
  // An account of a machine and one of an issuer that are called the same are taken for one person's.
  const isOwn = approval.barred.some((one) =>
    subjects.some((own) => one === own || one.startsWith(`${own}@`)),
  );
  if (isOwn) return "nobody answers for a request of their own, or of an agent that is theirs";
  if (!isAsked({ person, groups }, readFrom(approval))) return "none of your groups is asked";
  return null;
}

/** Makes the rules for what one reviewer answers. */
export function toRules(reviewer: Reviewer): Rules {
  return {
    refuse: (approval) => refuseReviewer(approval, reviewer),
    isEnough: (approval, yes) => isEnough({ from: readFrom(approval), people: approval.people }, yes),
  };
}

/** Gives a reason as it is kept: on one line, without what could steer a terminal or hide; null where it is none. */
export function readReason(text: string | undefined): string | null {
  const plain = (text ?? "")
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  return plain === "" ? null : plain.slice(0, LONGEST_REASON).toWellFormed();
}
