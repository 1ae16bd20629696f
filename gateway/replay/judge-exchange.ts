// Judges one recorded exchange by two policies, or by one and what was recorded: what differs, and what can't be judged and why.
import type { ReplayDecision, ReplayRow } from "../../db/queries/replay-rows.ts";
import type { Facts, Phase } from "../exchange.ts";
import { PHASES } from "../policy/manifest.ts";
import type { WithBasis } from "../record/basis.ts";
import { toOutcome } from "./outcome.ts";
import { readDecision, readFacts } from "./read-recorded.ts";
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

/** Judges exchanges by the new policy, and by the other one; null: by what was recorded. */
export type Judges = { readonly next: Side; readonly against: Side | null };

const NOTHING: readonly Difference[] = [];

/** Judges one exchange. */
export function judgeExchange({ next, against }: Judges, row: ReplayRow): Judged {
  const sides = against === null ? [next] : [next, against];
  const facts = readFacts(row.facts);
  if (facts === null) return unjudged(row.facts === null ? "before_policy" : "unreadable");
  const { basis } = facts;
  if (basis?.besides === "lines") return unjudged("lines");
  const reason = whyNot(sides, facts, "request");
  if (reason !== null) return unjudged(reason);
  const recorded = readDecision(row.decision);
  if (recorded === null) return unjudged("before_policy");

  const isUnmet = recorded.need.length > 0 && !facts.request.tokens.exact;
  const asked = against === null ? null : askTwice(against, facts, isUnmet);
  const askedNext = askTwice(next, facts, isUnmet);
  if (asked?.isUncounted === true || askedNext.isUncounted) return unjudged("uncounted");
  const before = asked?.outcome ?? toOutcome(recorded, true);
  const after = askedNext.outcome;
  if (basis?.besides === "unread" && !(before.isDenied && after.isDenied)) return unjudged("unread");
  const differences = compare("request", before, after);
  const judged = { wasDenied: before.isDenied, isDenied: after.isDenied };
  // What a policy would have refused has no answer that it could judge.
  if (before.isDenied || after.isDenied)
    return { reason: null, later: 0, laterReasons: [], isQuiet: false, ...judged, differences };

  const all: Difference[] = [...differences];
  const laterReasons: Reason[] = [];
  let later = 0;
  for (const decision of row.later) {
    const one = judgeLater({ next, against }, decision, {
      next: askedNext.tokens,
      against: asked?.tokens ?? facts.request.tokens,
    });
    if (one === null) continue;
    if (typeof one === "string") {
      laterReasons.push(one);
      continue;
    }
    later += 1;
    judged.wasDenied ||= isAnyDenied(one.before);
    judged.isDenied ||= isAnyDenied(one.after);
    all.push(...compare(one.phase, one.before, one.after));
  }
  const isQuiet = row.outcome === "completed" && isSilent(sides, row);
  return { reason: null, later, laterReasons, isQuiet, ...judged, differences: all };
}

/** What a policy says of a request, and the tokens that it goes by from then on. */
type Asked = {
  readonly outcome: Outcome;
  readonly tokens: Facts["request"]["tokens"];
  /** It wants them counted, which they never were. */
  readonly isUncounted: boolean;
};

/**
 * Asks as a gateway does: by the bound of the tokens first where they were counted then. `isUnmet` says that they were
 * wanted then, and the caller's budget for counting was spent: so it would have been for any policy.
 */
function askTwice(side: Side, facts: WithBasis<Facts>, isUnmet: boolean): Asked {
  const { basis, ...plain } = facts;
  if (basis?.bound !== undefined) {
    const tokens = { count: basis.bound, exact: false };
    const outcome = side.judge({ ...plain, request: { ...plain.request, tokens } });
    if (!outcome.wantsTokens) return { outcome, tokens, isUncounted: false };
  }
  const outcome = side.judge(plain);
  const { tokens } = plain.request;
  return { outcome, tokens, isUncounted: outcome.wantsTokens && !tokens.exact && !isUnmet };
}

function judgeLater(
  { next, against }: Judges,
  row: ReplayDecision,
  tokens: Readonly<Record<"next" | "against", Facts["request"]["tokens"]>>,
): { readonly phase: Phase; readonly before: Outcome; readonly after: Outcome } | Reason | null {
  const phase = PHASES.find((one) => one === row.phase);
  if (phase === undefined) return "unreadable";
  const sides = against === null ? [next] : [next, against];
  if (row.facts === null) return sides.some((side) => side.speaksIn(phase)) ? "no_facts" : null;
  const facts = readFacts(row.facts);
  if (facts === null) return "unreadable";
  const reason = whyNot(sides, facts, phase);
  if (reason !== null) return reason;
  const recorded = readDecision(row.decision);
  if (recorded === null) return "unreadable";
  const { basis: _, ...plain } = facts;
  const judge = (side: Side, tokens: Facts["request"]["tokens"]): Outcome =>
    side.speaksIn(phase) ? side.judge({ ...plain, request: { ...plain.request, tokens } }) : SILENT;
  return {
    phase,
    before: against === null ? toOutcome(recorded, false) : judge(against, tokens.against),
    after: judge(next, tokens.next),
  };
}

const SILENT: Outcome = { isDenied: false, effects: new Map(), wantsTokens: false };

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

function compare(phase: Phase, before: Outcome, after: Outcome): readonly Difference[] {
  const differences: Difference[] = [];
  for (const [key, effect] of after.effects)
    if (!before.effects.has(key)) differences.push({ ...effect, phase, change: "gained" });
  for (const [key, effect] of before.effects)
    if (!after.effects.has(key)) differences.push({ ...effect, phase, change: "lost" });
  return differences.length === 0 ? NOTHING : differences;
}

function whyNot(sides: readonly Side[], { basis }: WithBasis<Facts>, phase: Phase): Reason | null {
  if (basis === undefined) return "unmarked";
  if (sides.some((side) => side.readsContent(phase))) return "content";
  return sides.some((side) => side.readsAny(phase, basis.altered)) ? "altered" : null;
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
