// Judges a recorded session step by step: whether what happened is what the policy then says, and what another would say.
import type { ReplayDecision } from "../../db/queries/replay-rows.ts";
import type { SessionStep } from "../../db/queries/session-steps.ts";
import type { Facts } from "../exchange.ts";
import { createDecisionJudge } from "../replay/judge-decision.ts";
import type { DecisionJudge } from "../replay/judge-decision.ts";
import { listDifferences, REASONS } from "../replay/judge-exchange.ts";
import type { Difference, Reason } from "../replay/judge-exchange.ts";
import { toOutcome } from "../replay/outcome.ts";
import type { OutcomeEffect } from "../replay/outcome.ts";
import { createDecisionReader, readFacts } from "../replay/read-recorded.ts";
import type { RulePlace, RulePlaces } from "../policy-build/rule-places.ts";
import type { Side } from "../replay/side.ts";

/** A policy that judges steps, and where its rules stand. */
export type StepPolicy = { readonly side: Side; readonly places: RulePlaces };

/** Whether a policy says what happened; why that can't be told. */
export type Verdict =
  | { readonly verdict: "agrees" }
  | { readonly verdict: "differs"; readonly differences: readonly Difference[] }
  | { readonly verdict: "not_judged"; readonly reason: string; readonly text: string };

/** What a rule did, and where it stands in the policy that decided. */
export type StepEffect = OutcomeEffect & {
  readonly title: string | null;
  readonly places: readonly RulePlace[];
};

/** One decision of a session. */
export type Step = {
  readonly phase: string;
  /** What it was about, as far as facts say: tools that were called. */
  readonly calls: readonly string[];
  readonly isDenied: boolean;
  readonly effects: readonly StepEffect[];
  /** By the policy that was in force then. */
  readonly inForce: Verdict;
  /** By the other one; null: none was asked. */
  readonly other: Verdict | null;
};

export type StepJudge = (row: SessionStep) => Promise<readonly Step[]>;

/** Why nothing can be said by the policy that was in force. */
export const POLICY_REASONS = {
  no_policy: "no policy was asked",
  policy_gone: "the policy that decided is not kept in this database",
  overlay_gone: "the operator's file that lay over the policy then is not kept in this database",
} as const;

export type PolicyReason = keyof typeof POLICY_REASONS;

/** Makes a judge. `openThen` gives the policy that decided an exchange, or why it can't. */
export function createStepJudge(
  openThen: (row: SessionStep) => Promise<StepPolicy | PolicyReason>,
  other: StepPolicy | null,
): StepJudge {
  const readDecision = createDecisionReader();
  const judges = new WeakMap<Side, DecisionJudge>();
  function judgeBy(policy: StepPolicy | PolicyReason, row: SessionStep): (part: ReplayDecision) => Verdict {
    if (typeof policy === "string") return () => notJudged(policy);
    const judge = judges.get(policy.side) ?? createDecisionJudge({ next: policy.side, against: null });
    judges.set(policy.side, judge);
    const asked = judge.request(row.facts, row.decision);
    return (part) =>
      toVerdict(
        part.phase === "request" || typeof asked === "string" ? asked : judge.later(part, asked.tokens),
      );
  }

  return async (row) => {
    const then = await openThen(row);
    const judgeThen = judgeBy(then, row);
    const judgeOther = other === null ? null : judgeBy(other, row);
    const parts = [{ phase: "request", facts: row.facts, decision: row.decision }, ...row.later];
    const steps: Step[] = [];
    for (const part of parts) {
      const facts = readFacts(part.facts);
      const recorded = facts === null ? null : readDecision(part.decision);
      const effects =
        recorded === null ? [] : [...toOutcome(recorded, part.phase === "request").effects.values()];
      steps.push({
        phase: part.phase,
        calls: facts?.calls?.map(({ name, type }) => name ?? type) ?? [],
        isDenied:
          recorded === null ? row.effect !== "allow" : effects.some(({ effect }) => effect === "deny"),
        effects: await locate(typeof then === "string" ? null : then, facts, effects),
        inForce: judgeThen(part),
        other: judgeOther?.(part) ?? null,
      });
    }
    return steps;
  };
}

function isReason(reason: string): reason is Reason {
  return reason in REASONS;
}

async function locate(
  policy: StepPolicy | null,
  facts: Facts | null,
  effects: readonly OutcomeEffect[],
): Promise<readonly StepEffect[]> {
  const packages = effects.flatMap(({ code }) => policy?.side.packages.get(code) ?? []);
  const places =
    policy === null || facts === null || packages.length === 0
      ? new Map<string, readonly RulePlace[]>()
      : await policy.places.find(facts, packages);
  return effects.map((effect) => ({
    ...effect,
    title: policy?.side.titles.get(effect.code) ?? null,
    places: places.get(policy?.side.packages.get(effect.code) ?? "") ?? [],
  }));
}

function toVerdict(judged: Parameters<typeof listDifferences>[0] | Reason | null): Verdict {
  if (judged === null) return { verdict: "agrees" };
  if (typeof judged === "string") return notJudged(judged);
  const differences = listDifferences(judged);
  return differences.length === 0 ? { verdict: "agrees" } : { verdict: "differs", differences };
}

function notJudged(reason: Reason | PolicyReason): Verdict {
  const text = isReason(reason) ? REASONS[reason] : POLICY_REASONS[reason];
  return { verdict: "not_judged", reason, text };
}
