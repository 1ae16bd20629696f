// Turns a decision into what the program is told: refused as a whole, and which calls are refused.
import { GatewayError } from "../errors.ts";
import type { Decision, Effect, RuleText } from "../exchange.ts";

export type Rules = ReadonlyMap<string, RuleText>;

function toSentence(code: string, rules: Rules): string {
  const rule = rules.get(code);
  if (rule === undefined) return "A rule refuses.";
  return [rule.title, rule.remedy].map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(" ");
}

/**
 * Gives the error of a decision that refuses the exchange as a whole, else null. A denial of single calls is not one,
 * unless the rule says `as: error`.
 */
export function toRefusal(decision: Decision, rules: Rules, exchangeId: string): GatewayError | null {
  const denied = decision.deny.find((effect) => effect.call === undefined || effect.as === "error");
  if (denied !== undefined) {
    return new GatewayError(
      "policy_denied",
      `Refused by policy: ${toSentence(denied.code, rules)} (exchange ${exchangeId})`,
      {
        publicCode: denied.code,
      },
    );
  }
  return null;
}

/** Gives the error of a request that no rule allows, else null. */
export function toMissingAllow(decision: Decision, exchangeId: string): GatewayError | null {
  if (decision.allow.length > 0) return null;
  return new GatewayError("policy_not_allowed", `No rule allows this request. (exchange ${exchangeId})`);
}

/** Gives the first denial that is about the call, else null. */
export function toCallDenial(decision: Decision, callId: string): Effect | null {
  // The policy sees a lone surrogate as U+FFFD; an id that differs in that alone is meant all the same.
  const id = callId.toWellFormed();
  return decision.deny.find((effect) => effect.call === id) ?? null;
}

/** Gives what stands in the place of a denied call: code, remedy and the exchange's id, never what was matched. */
export function toDenialText(code: string, rules: Rules, exchangeId: string): string {
  return `This tool call was refused by policy (${code}). ${toSentence(code, rules)} [exchange ${exchangeId}]`;
}
