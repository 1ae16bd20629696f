// Judges one recorded exchange by two policies, or by one and what was recorded: what differs, and what can't be judged and why.
import type { ReplayRow } from "../../db/queries/replay-rows.ts";
import type { Phase } from "../exchange.ts";
import { createDecisionJudge } from "./judge-decision.ts";
import type { JudgedDecision, Sides } from "./judge-decision.ts";
import type { Outcome, OutcomeEffect } from "./outcome.ts";
import type { Side } from "./side.ts";

/** Why an exchange, or a decision after its request's, can't be judged. */
export const REASONS = {
  before_policy: "it was refused before policy was asked, or policy failed to decide: no facts are recorded",
  unmarked: "it was recorded by a version that did not note what its facts lack",
  unreadable: "its facts can't be read",
  content: "a rule reads the body or the texts, which are not among the recorded facts",
  altered: "a rule reads a name that is masked or shortened in the record",
  lines: "the requests in its file were judged one by one, and their facts are not recorded",
  unread: "it was refused by its head, and its body was never read",
  uncounted: "a rule wants its tokens counted, which they never were",
  no_facts: "no rule spoke in that phase, so its facts are not recorded",
} as const;

export type Reason = keyof typeof REASONS;

/** What the two policies do otherwise. */
export type Difference = OutcomeEffect & {
  readonly phase: Phase;
  /** The new policy does it and the other doesn't, or the other way round. */
  readonly change: "gained" | "lost";
};

/** What became of one exchange. */
export type Judged = {
  /** Why its request can't be judged; null: it was. */
  readonly reason: Reason | null;
  /** Of its later decisions those that could be judged, and why the others couldn't. */
  readonly later: number;
  readonly laterReasons: readonly Reason[];
  /** Phases in which a policy speaks and of which nothing was recorded, because nothing was decided then. */
  readonly isQuiet: boolean;
  /** Whether anything of it is refused: by the other policy, and by the new one. */
  readonly wasDenied: boolean;
  readonly isDenied: boolean;
  readonly differences: readonly Difference[];
};

const NOTHING: readonly Difference[] = [];

/** Makes what judges exchanges one after the other. */
export function createJudge(both: Sides): (row: ReplayRow) => Judged {
  const sides = both.against === null ? [both.next] : [both.next, both.against];
  const decisions = createDecisionJudge(both);
  const compare = createComparison();
  return (row) => {
    const request = decisions.request(row.facts, row.decision);
    if (typeof request === "string") return unjudged(request);
    const { before, after } = request;
    const differences = compare(request);
    const judged = { wasDenied: before.isDenied, isDenied: after.isDenied };
    // What a policy would have refused has no answer that it could judge.
    if (before.isDenied || after.isDenied)
      return { reason: null, later: 0, laterReasons: [], isQuiet: false, ...judged, differences };

    const all: Difference[] = [...differences];
    const laterReasons: Reason[] = [];
    let later = 0;
    for (const decision of row.later) {
      const one = decisions.later(decision, request.tokens);
      if (one === null) continue;
      if (typeof one === "string") {
        laterReasons.push(one);
        continue;
      }
      later += 1;
      judged.wasDenied ||= isAnyDenied(one.before);
      judged.isDenied ||= isAnyDenied(one.after);
      all.push(...compare(one));
    }
    const isQuiet = row.outcome === "completed" && isSilent(sides, row);
    return { reason: null, later, laterReasons, isQuiet, ...judged, differences: all };
  };
}

function isAnyDenied({ isDenied, effects }: Outcome): boolean {
  if (isDenied) return true;
  for (const { effect } of effects.values()) if (effect === "deny") return true;
  return false;
}

/** Tells whether an answer came of which nothing was recorded, though a policy has rules for it. */
function isSilent(sides: readonly Side[], { stream, later }: ReplayRow): boolean {
  const phases: readonly Phase[] = stream ? ["answer", "finding", "end"] : ["whole"];
  return phases.some(
    (phase) => sides.some((side) => side.speaksIn(phase)) && !later.some((row) => row.phase === phase),
  );
}

/** Makes what compares: the same judgement, which comes again as the same object, once. */
function createComparison(): (judged: JudgedDecision) => readonly Difference[] {
  const known = new WeakMap<JudgedDecision, readonly Difference[]>();
  return (judged) => {
    const same = known.get(judged);
    if (same !== undefined) return same;
    const differences = listDifferences(judged);
    known.set(judged, differences);
    return differences;
  };
}

/** Lists what is done by the new policy and not by the other one, and the other way round. */
export function listDifferences({ phase, before, after }: JudgedDecision): readonly Difference[] {
  if (before === after) return NOTHING;
  const differences: Difference[] = [];
  for (const [key, effect] of after.effects)
    if (!before.effects.has(key)) differences.push({ ...effect, phase, change: "gained" });
  for (const [key, effect] of before.effects)
    if (!after.effects.has(key)) differences.push({ ...effect, phase, change: "lost" });
  return differences.length === 0 ? NOTHING : differences;
}

function unjudged(reason: Reason): Judged {
  return {
    reason,
    later: 0,
    laterReasons: [],
    isQuiet: false,
    wasDenied: false,
    isDenied: false,
    differences: NOTHING,
  };
}
