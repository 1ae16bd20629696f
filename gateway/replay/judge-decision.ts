// Judges one recorded decision by two policies, or by one and what was recorded; the same facts are judged once.
import type { ReplayDecision } from "../../db/queries/replay-rows.ts";
import type { Facts, Phase } from "../exchange.ts";
import { toPicked } from "../policy/encode-facts.ts";
import type { Picked } from "../policy/encode-facts.ts";
import { PHASES } from "../policy/manifest.ts";
import type { WithBasis } from "../record/basis.ts";
import type { Reason } from "./judge-exchange.ts";
import { toOutcome } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { createPickText } from "./pick-text.ts";
import { createDecisionReader, readFacts } from "./read-recorded.ts";
import type { Side } from "./side.ts";

type Tokens = Facts["request"]["tokens"];

/** Judges by the new policy, and by the other one; null: by what was recorded. */
export type Sides = { readonly next: Side; readonly against: Side | null };

/** What a decision comes to by the other policy, and by the new one. */
export type JudgedDecision = { readonly phase: Phase; readonly before: Outcome; readonly after: Outcome };

/** The same for a request, with the tokens that each goes by from then on. */
export type JudgedRequest = JudgedDecision & {
  readonly tokens: { readonly before: Tokens; readonly after: Tokens };
};

export type DecisionJudge = {
  /** Judges a request's facts and decision, both JSON. */
  request(facts: string | null, decision: string | null): JudgedRequest | Reason;
  /** Judges a later decision; null where nothing speaks in its phase. */
  later(row: ReplayDecision, tokens: JudgedRequest["tokens"]): JudgedDecision | Reason | null;
};

/** How many are remembered, and for how long facts in characters: some 40 MiB at most. */
const REMEMBERED = 16_384;
const REMEMBERED_CHARS = 2048;

/** What is read of facts whatever the rules read: what they lack, whom effects may name, what counts were gone by. */
const ALWAYS = ["/v", "/phase", "/basis", "/calls", "/request/tokens"];

/** Makes a judge. */
export function createDecisionJudge({ next, against }: Sides): DecisionJudge {
  const sides = against === null ? [next] : [next, against];
  const readDecision = createDecisionReader();
  const pick = new Map(PHASES.map((phase) => [phase, createPickText(toRead(sides, phase))]));
  const rely = new Map(PHASES.map((phase) => [phase, sides.some((side) => side.readsAny(phase, [TOKENS]))]));
  const requests = createMemo<JudgedRequest | Reason>();
  const decisions = createMemo<JudgedDecision | Reason>();

  function judgeRequest(json: string, decision: string | null): JudgedRequest | Reason {
    const facts = readFacts(json);
    if (facts?.phase !== "request") return "unreadable";
    const { basis } = facts;
    if (basis?.besides === "lines") return "lines";
    const reason = whyNot(sides, facts, "request");
    if (reason !== null) return reason;
    const recorded = readDecision(decision);
    if (recorded === null) return "before_policy";
    const isUnmet = recorded.need.length > 0 && !facts.request.tokens.exact;
    const asked = against === null ? null : askTwice(against, facts, isUnmet);
    const askedNext = askTwice(next, facts, isUnmet);
    if (asked?.isUncounted === true || askedNext.isUncounted) return "uncounted";
    const before = asked?.outcome ?? toOutcome(recorded, true);
    const after = askedNext.outcome;
    if (basis?.besides === "unread" && !(before.isDenied && after.isDenied)) return "unread";
    const tokens = { before: asked?.tokens ?? facts.request.tokens, after: askedNext.tokens };
    return { phase: "request", before, after, tokens };
  }

  function judgeLater(
    phase: Phase,
    json: string,
    decision: string | null,
    tokens: JudgedRequest["tokens"],
  ): JudgedDecision | Reason {
    const facts = readFacts(json);
    if (facts?.phase !== phase) return "unreadable";
    const reason = whyNot(sides, facts, phase);
    if (reason !== null) return reason;
    const recorded = readDecision(decision);
    if (recorded === null) return "unreadable";
    const { basis: _, ...plain } = facts;
    const judge = (side: Side, own: Tokens): Outcome =>
      side.speaksIn(phase) ? side.judge({ ...plain, request: { ...plain.request, tokens: own } }) : SILENT;
    return {
      phase,
      before: against === null ? toOutcome(recorded, false) : judge(against, tokens.before),
      after: judge(next, tokens.after),
    };
  }

  function toText(facts: string, phase: Phase): string {
    return pick.get(phase)?.(facts) ?? facts;
  }

  return {
    request(facts, decision) {
      if (facts === null) return "before_policy";
      const text = toText(facts, "request");
      return requests(text, `${text}\n${decision}`, () => judgeRequest(text, decision));
    },
    later(row, tokens) {
      const phase = PHASES.find((one) => one === row.phase);
      if (phase === undefined) return "unreadable";
      const { facts, decision } = row;
      if (facts === null) return sides.some((side) => side.speaksIn(phase)) ? "no_facts" : null;
      const text = toText(facts, phase);
      const counts = rely.get(phase) === true ? JSON.stringify(tokens) : "";
      return decisions(text, `${text}\n${decision}\n${counts}`, () =>
        judgeLater(phase, text, decision, tokens),
      );
    },
  };
}

const TOKENS = "/request/tokens";
const SILENT: Outcome = { isDenied: false, effects: new Map(), wantsTokens: false };

/** Gives what the rules of a phase read, all policies together. */
function toRead(sides: readonly Side[], phase: Phase): Picked {
  const all = sides.map((side) => side.paths(phase));
  return all.includes(null) ? "whole" : toPicked([...ALWAYS, ...all.flatMap((paths) => paths ?? [])]);
}

type Memo<Value> = (text: string, key: string, make: () => Value) => Value;

function createMemo<Value>(): Memo<Value> {
  const known = new Map<string, Value>();
  return (text, key, make) => {
    const same = known.get(key);
    if (same !== undefined) return same;
    const value = make();
    if (text.length > REMEMBERED_CHARS || key.length > 2 * REMEMBERED_CHARS) return value;
    if (known.size >= REMEMBERED) known.clear();
    known.set(key, value);
    return value;
  };
}

/** What a policy says of a request, and the tokens that it goes by from then on. */
type Asked = {
  readonly outcome: Outcome;
  readonly tokens: Tokens;
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

function whyNot(sides: readonly Side[], { basis }: WithBasis<Facts>, phase: Phase): Reason | null {
  if (basis === undefined) return "unmarked";
  if (sides.some((side) => side.readsContent(phase))) return "content";
  return sides.some((side) => side.readsAny(phase, basis.altered)) ? "altered" : null;
}
