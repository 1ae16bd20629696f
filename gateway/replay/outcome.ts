// What a decision comes to: refused or not, and by which rule what is done. Two decisions are the same where this is.
import { GatewayError } from "../errors.ts";
import type { Decision, Effect } from "../exchange.ts";
import { DECISION_SETS } from "../policy/decision.ts";
import { UnsupportedEffect } from "../policy/unsupported.ts";

/** What rules do, as a report names it. */
export const EFFECT_NAMES = [
  "deny",
  "approval",
  "limit",
  "mask",
  "set",
  "record",
  "label",
  "share",
  "forward",
  "observe",
  "allow",
] as const;

export type EffectName = (typeof EFFECT_NAMES)[number];

/** One thing that one rule does. */
export type OutcomeEffect = {
  readonly effect: EffectName;
  readonly code: string;
  /** What of its fields says how: `email token`, `max_output_tokens ≤ 500`. */
  readonly detail: string;
};

export type Outcome = {
  /** The exchange is refused, or its answer. */
  readonly isDenied: boolean;
  /** By a text that is the same for the same effect on the same call, or on what a limit counts apart. */
  readonly effects: ReadonlyMap<string, OutcomeEffect>;
  /** A rule wants the tokens counted. */
  readonly wantsTokens: boolean;
};

const MOST_DETAIL = 200;

const MEMOS: Readonly<Record<"request" | "later", WeakMap<Decision, Outcome>>> = {
  request: new WeakMap(),
  later: new WeakMap(),
};

/** Gives what a decision comes to. Without an `allow` a request is refused; what a denial is about does not count. */
export function toOutcome(decision: Decision, isRequest: boolean): Outcome {
  // Few different decisions come again and again, as the same object.
  const memo = MEMOS[isRequest ? "request" : "later"];
  const known = memo.get(decision);
  if (known !== undefined) return known;
  const outcome = readOutcome(decision, isRequest);
  memo.set(decision, outcome);
  return outcome;
}

function readOutcome(decision: Decision, isRequest: boolean): Outcome {
  const effects = new Map<string, OutcomeEffect>();
  for (const name of DECISION_SETS) {
    // A need is no effect: whoever asks answers it.
    if (name === "need") continue;
    const as = name === "require_approval" ? "approval" : name;
    for (const effect of decision[name])
      add(effects, as, effect.code, toDetail(effect), effect.call ?? effect.key);
  }
  const isAllowed = !isRequest || decision.allow.length > 0;
  if (!isAllowed) add(effects, "deny", "policy_not_allowed", "");
  const isDenied = !isAllowed || decision.deny.some(({ call, as }) => call === undefined || as === "error");
  return { isDenied, effects, wantsTokens: decision.need.length > 0 };
}

/** Gives what it comes to where a policy fails to decide: the gateway refuses then. Throws what is no such failure. */
export function toFailedOutcome(thrown: unknown): Outcome {
  if (!(thrown instanceof GatewayError)) throw thrown;
  const effects = new Map<string, OutcomeEffect>();
  const { cause } = thrown;
  if (cause instanceof UnsupportedEffect) {
    const name = cause.effect === "require_approval" ? "approval" : null;
    if (name !== null) for (const code of cause.codes) add(effects, name, code, "");
    if (effects.size === 0) add(effects, "deny", thrown.code, cause.effect);
  } else {
    add(effects, "deny", thrown.code, "");
  }
  return { isDenied: true, effects, wantsTokens: false };
}

function add(
  effects: Map<string, OutcomeEffect>,
  effect: EffectName,
  code: string,
  detail: string,
  on = "",
): void {
  effects.set(`${effect}\n${code}\n${detail}\n${on}`, { effect, code, detail });
}

function toDetail(effect: Effect): string {
  const { code: _, call: __, about: ___, key: ____, ...rest } = effect;
  const words = Object.entries(rest)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => toWord(name, value));
  const detail = words.join(" ");
  return detail.length <= MOST_DETAIL ? detail : `${detail.slice(0, MOST_DETAIL)}…`;
}

/** Fields that explain themselves by their values. */
const PLAIN: ReadonlySet<string> = new Set(["class", "parameter", "label", "kind", "name"]);

function toWord(name: string, value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return PLAIN.has(name) ? text : `${name}=${text}`;
}
