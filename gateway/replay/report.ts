// The result of a replay, as it is printed and written: coverage first, then every change.
import type { PolicyVersion } from "../exchange.ts";
import { REASONS } from "./judge-exchange.ts";
import type { Reason } from "./judge-exchange.ts";
import { EFFECT_NAMES } from "./outcome.ts";
import type { Change, Counts, Tally } from "./tally.ts";

/** A name and how often. */
export type Named = { readonly name: string; readonly count: number };

/** Why so many could not be judged. */
export type Unjudged = { readonly reason: string; readonly text: string; readonly count: number };

export type ReportedChange = Pick<Change, "change" | "phase" | "effect" | "code" | "detail"> & {
  readonly title: string | null;
  readonly exchanges: number;
  readonly times: number;
  readonly callers: readonly Named[];
  readonly operations: readonly Named[];
  readonly examples: readonly string[];
};

export type Report = {
  readonly bundle: PolicyVersion;
  /** Null: what was recorded. */
  readonly against: PolicyVersion | null;
  /** What was asked for, in words. */
  readonly scope: string;
  readonly seconds: number;
  readonly coverage: {
    readonly exchanges: number;
    readonly judged: number;
    readonly not_judged: readonly Unjudged[];
    /** Codes that the exchanges ended with of which policy was not asked. */
    readonly errors: readonly Named[];
    /** Decisions after the requests': on calls and answers. */
    readonly later: number;
    readonly later_not_judged: readonly Unjudged[];
    readonly answers_without_a_decision: number;
  };
  readonly exchanges: {
    readonly unchanged: number;
    readonly changed: number;
    readonly new_denials: number;
    readonly new_denial_examples: readonly string[];
    readonly lifted_denials: number;
    readonly lifted_denial_examples: readonly string[];
  };
  /** By effect in how many exchanges a rule does it that did not, or no longer does. */
  readonly effects: Readonly<Record<string, { readonly gained: number; readonly lost: number }>>;
  readonly changes: readonly ReportedChange[];
};

const MOST_NAMES = 10;

/** Makes the report. `titles` are those of rules, by their codes. */
export function toReport(
  tally: Tally,
  about: Pick<Report, "bundle" | "against" | "scope" | "seconds">,
  titles: ReadonlyMap<string, string> = new Map(),
): Report {
  const effects = EFFECT_NAMES.map((effect) => {
    const [gained, lost] = [tally.gained.get(effect) ?? 0, tally.lost.get(effect) ?? 0];
    return [effect, { gained, lost }] as const;
  });
  return {
    ...about,
    coverage: {
      exchanges: tally.exchanges,
      judged: tally.judged,
      not_judged: toUnjudged(tally.reasons),
      errors: toNamed(tally.errors),
      later: tally.later,
      later_not_judged: toUnjudged(tally.laterReasons),
      answers_without_a_decision: tally.quiet,
    },
    exchanges: {
      unchanged: tally.judged - tally.changed,
      changed: tally.changed,
      new_denials: tally.newDenials,
      new_denial_examples: tally.newDenialExamples,
      lifted_denials: tally.liftedDenials,
      lifted_denial_examples: tally.liftedDenialExamples,
    },
    effects: Object.fromEntries(effects.filter(([, { gained, lost }]) => gained + lost > 0)),
    changes: [...tally.changes.values()].toSorted(compare).map((change) => ({
      change: change.change,
      phase: change.phase,
      effect: change.effect,
      code: change.code,
      detail: change.detail,
      title: titles.get(change.code) ?? null,
      exchanges: change.exchanges,
      times: change.times,
      callers: toNamed(change.callers),
      operations: toNamed(change.operations),
      examples: change.examples,
    })),
  };
}

/** What refuses stands first, then by how many it concerns. */
function compare(a: Change, b: Change): number {
  const rank = ({ effect }: Change): number => EFFECT_NAMES.indexOf(effect);
  return (
    rank(a) - rank(b) || b.exchanges - a.exchanges || (toKey(a) < toKey(b) ? -1 : toKey(a) > toKey(b) ? 1 : 0)
  );
}

function toKey({ code, detail, change, phase }: Change): string {
  return [code, detail, change, phase].join("\n");
}

function toNamed(counts: Counts): readonly Named[] {
  const all = [...counts].map(([name, times]) => ({ name, count: times }));
  const sorted = all.toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  const rest = sorted.slice(MOST_NAMES).reduce((sum, one) => sum + one.count, 0);
  return rest === 0 ? sorted : [...sorted.slice(0, MOST_NAMES), { name: "(others)", count: rest }];
}

function toUnjudged(counts: Counts): readonly Unjudged[] {
  return toNamed(counts).map(({ name, count }) => ({
    reason: name,
    text: isReason(name) ? REASONS[name] : name,
    count,
  }));
}

function isReason(name: string): name is Reason {
  return Object.hasOwn(REASONS, name);
}
