// Turns a decision into what the program is told: refused as a whole, and which calls are refused.
import { ERRORS, GatewayError } from "../errors.ts";
import type { Decision, Effect, RuleText } from "../exchange.ts";

export type Rules = ReadonlyMap<string, RuleText>;

/** A call that is refused: the rule's code, and what stands in the call's place. */
export type CallDenial = { readonly code: string; readonly text: string };

/** So many names of what was refused are told, each so long. */
const MOST_NAMES = 3;
const NAME_LENGTH = 80;

/**
 * Gives the error of a decision that refuses the exchange as a whole, else null. A denial of single calls is not one,
 * unless the rule says `as: error`.
 */
export function toRefusal(decision: Decision, rules: Rules, exchangeId: string): GatewayError | null {
  const denied = decision.deny.find(isWhole);
  if (denied === undefined) return null;
  const { code } = denied;
  const alike = decision.deny.filter((effect) => effect.code === code && isWhole(effect));
  const message = `Refused by policy (${code}). ${toSentences(code, alike, rules)} [exchange ${exchangeId}]`;
  return new GatewayError("policy_denied", message, { publicCode: code });
}

/** Gives the error of a request that no rule allows, else null. */
export function toMissingAllow(
  decision: Decision,
  asked: { readonly operation: string; readonly groups: readonly string[] },
  exchangeId: string,
): GatewayError | null {
  if (decision.allow.length > 0) return null;
  // Nobody is told more of a path that no rule names than that it is unknown.
  if (asked.operation === "unknown")
    return new GatewayError("operation_unknown", "No operation is known by this method and path.");
  const groups = asked.groups.length === 0 ? "no group" : `the groups: ${toNames(asked.groups)}`;
  const { remedy } = ERRORS.policy_not_allowed;
  return new GatewayError(
    "policy_not_allowed",
    `Refused by policy (policy_not_allowed). No rule allows you ${asked.operation}; you are in ${groups}. ${remedy} [exchange ${exchangeId}]`,
  );
}

/** Gives the first denial that is about the call, with the text that takes its place, else null. Never what was matched. */
export function toCallDenial(
  decision: Decision,
  call: { readonly id: string; readonly name: string | null },
  rules: Rules,
  exchangeId: string,
): CallDenial | null {
  // The policy sees a lone surrogate as U+FFFD; an id that differs in that alone is meant all the same.
  const id = call.id.toWellFormed();
  const denied = decision.deny.find((effect) => effect.call === id);
  if (denied === undefined) return null;
  const { code } = denied;
  const alike = decision.deny.filter((effect) => effect.code === code && effect.call === id);
  const name = toName(call.name ?? "");
  const what = name === "" ? "This tool call" : `This call of ${name}`;
  const text = `${what} was refused by policy (${code}). ${toSentences(code, alike, rules)} [exchange ${exchangeId}]`;
  return { code, text };
}

function isWhole({ call, as }: Effect): boolean {
  return call === undefined || as === "error";
}

/** Says why, and what to do. */
function toSentences(code: string, alike: readonly Effect[], rules: Rules): string {
  const rule = rules.get(code);
  if (rule === undefined) return "A rule refuses.";
  const names = toNames(alike.flatMap(({ about }) => about ?? []));
  const why = fill(rule.refusal ?? rule.title, names);
  return [why, rule.remedy].map((part) => (/[.!?]$/.test(part) ? part : `${part}.`)).join(" ");
}

/** Puts names in the place of `{about}`; without any it goes, with its quotes or brackets. */
function fill(sentence: string, names: string): string {
  if (names !== "") return sentence.replaceAll("{about}", () => names);
  return sentence.replaceAll(/ ?(?:"\{about\}"|\(\{about\}\)|\{about\})/g, "");
}

function toNames(all: readonly string[]): string {
  const names = [...new Set(all.map(toName))].filter((name) => name !== "").sort();
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Gives a name on one line, without characters that show as nothing or as another place; it is the program's or model's. */
function toName(text: string): string {
  const plain = text
    .toWellFormed()
    .replaceAll(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  const name = plain.replaceAll('"', "'");
  return name.length <= NAME_LENGTH ? name : `${name.slice(0, NAME_LENGTH).toWellFormed()}…`;
}
