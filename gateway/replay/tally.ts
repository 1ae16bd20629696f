// Adds up what became of many exchanges, in bounded memory: counts, and a few exchanges of each change to look at.
import type { ReplayRow } from "../../db/queries/replay-rows.ts";
import type { Phase } from "../exchange.ts";
import type { Difference, Judged } from "./judge-exchange.ts";
import type { EffectName } from "./outcome.ts";

/** How often, by name; of names beyond those that are kept only how often all of them. */
export type Counts = Map<string, number>;

/** A change: what one rule does otherwise. */
export type Change = {
  readonly change: Difference["change"];
  readonly phase: Phase;
  readonly effect: EffectName;
  readonly code: string;
  readonly detail: string;
  /** In how many exchanges. */
  exchanges: number;
  /** How often: a rule may do it to several calls of one. */
  times: number;
  readonly callers: Counts;
  readonly operations: Counts;
  /** Ids of exchanges, the first ones. */
  readonly examples: string[];
};

export type Tally = {
  exchanges: number;
  judged: number;
  /** Why requests could not be judged. */
  readonly reasons: Counts;
  /** Codes that exchanges ended with of which policy was not asked. */
  readonly errors: Counts;
  later: number;
  readonly laterReasons: Counts;
  /** Answers that rules speak about, and of which nothing was recorded. */
  quiet: number;
  changed: number;
  newDenials: number;
  liftedDenials: number;
  /** By effect in how many exchanges a rule does it that did not, or no longer does. */
  readonly gained: Counts;
  readonly lost: Counts;
  readonly newDenialExamples: string[];
  readonly liftedDenialExamples: string[];
  readonly changes: Map<string, Change>;
};

const MOST_NAMES = 500;
const MOST_EXAMPLES = 5;
const MOST_CHANGES = 5000;

/** What names beyond the bound are counted as. */
const OTHERS = "(others)";

/** Begins to count. */
export function createTally(): Tally {
  return {
    exchanges: 0,
    judged: 0,
    reasons: new Map(),
    errors: new Map(),
    later: 0,
    laterReasons: new Map(),
    quiet: 0,
    changed: 0,
    newDenials: 0,
    liftedDenials: 0,
    gained: new Map(),
    lost: new Map(),
    newDenialExamples: [],
    liftedDenialExamples: [],
    changes: new Map(),
  };
}

/** Adds one exchange. */
export function addJudged(tally: Tally, row: ReplayRow, judged: Judged): void {
  tally.exchanges += 1;
  if (judged.reason !== null) {
    count(tally.reasons, judged.reason);
    if (judged.reason === "before_policy" && row.error !== null) count(tally.errors, row.error);
    return;
  }
  tally.judged += 1;
  tally.later += judged.later;
  for (const reason of judged.laterReasons) count(tally.laterReasons, reason);
  if (judged.isQuiet) tally.quiet += 1;
  if (judged.differences.length === 0) return;
  tally.changed += 1;
  if (judged.isDenied && !judged.wasDenied) {
    tally.newDenials += 1;
    keep(tally.newDenialExamples, [row.id]);
  }
  if (judged.wasDenied && !judged.isDenied) {
    tally.liftedDenials += 1;
    keep(tally.liftedDenialExamples, [row.id]);
  }
  const seen = new Set<Change>();
  const effects = { gained: new Set<string>(), lost: new Set<string>() };
  for (const difference of judged.differences) {
    effects[difference.change].add(difference.effect);
    const change = toChange(tally, difference);
    change.times += 1;
    if (seen.has(change)) continue;
    seen.add(change);
    change.exchanges += 1;
    count(change.callers, row.subject ?? "(nobody)");
    count(change.operations, row.operation);
    keep(change.examples, [row.id]);
  }
  for (const change of ["gained", "lost"] as const)
    for (const effect of effects[change]) count(tally[change], effect);
}

/** Adds what was counted elsewhere. */
export function addTally(tally: Tally, other: Tally): void {
  for (const name of [
    "exchanges",
    "judged",
    "later",
    "quiet",
    "changed",
    "newDenials",
    "liftedDenials",
  ] as const)
    tally[name] += other[name];
  for (const name of ["reasons", "errors", "laterReasons", "gained", "lost"] as const)
    addCounts(tally[name], other[name]);
  keep(tally.newDenialExamples, other.newDenialExamples);
  keep(tally.liftedDenialExamples, other.liftedDenialExamples);
  for (const [, change] of other.changes) {
    const own = toChange(tally, change);
    own.exchanges += change.exchanges;
    own.times += change.times;
    addCounts(own.callers, change.callers);
    addCounts(own.operations, change.operations);
    keep(own.examples, change.examples);
  }
}

function toChange(
  { changes }: Tally,
  { change, phase, effect, code, detail }: Pick<Change, "change" | "phase" | "effect" | "code" | "detail">,
): Change {
  // A rule whose effects differ each time must not fill the memory.
  const named = changes.size < MOST_CHANGES ? detail : OTHERS;
  const key = [change, phase, effect, code, detail].join("\n");
  const shortened = [change, phase, effect, code, OTHERS].join("\n");
  const known = changes.get(key) ?? (named === OTHERS ? changes.get(shortened) : undefined);
  if (known !== undefined) return known;
  const fresh: Change = {
    change,
    phase,
    effect,
    code,
    detail: named,
    exchanges: 0,
    times: 0,
    callers: new Map(),
    operations: new Map(),
    examples: [],
  };
  changes.set(named === OTHERS ? shortened : key, fresh);
  return fresh;
}

/** The first ones by their ids, which are in the order of time, whatever order they come in. */
function keep(examples: string[], ids: readonly string[]): void {
  const last = examples.length < MOST_EXAMPLES ? null : examples.at(-1);
  if (last != null && ids.every((id) => id >= last)) return;
  const kept = [...new Set([...examples, ...ids])].toSorted().slice(0, MOST_EXAMPLES);
  examples.splice(0, examples.length, ...kept);
}

function count(counts: Counts, name: string, times = 1): void {
  const key = counts.has(name) || counts.size < MOST_NAMES ? name : OTHERS;
  counts.set(key, (counts.get(key) ?? 0) + times);
}

function addCounts(counts: Counts, others: Counts): void {
  for (const [name, times] of others) count(counts, name, times);
}
