// Judges a whole answer at once: its texts, its calls and its usage; and puts messages of ours where calls were denied.
import { replaceInMessage } from "../apply/chat-denial.ts";
import { toCallDenial, toRefusal } from "../apply/refusal.ts";
import type { CallDenial } from "../apply/refusal.ts";
import { GatewayError } from "../errors.ts";
import type { Decision, Json, JsonObject, RouteSpec, ToolCall } from "../exchange.ts";
import { parseAnswer } from "../parse/answer.ts";
import type { ParsedAnswer } from "../parse/answer.ts";
import { getAt, isObject, setAt } from "../parse/pointer.ts";
import { isText } from "../parse/apart.ts";
import type { AnswerContext, ReplacedCall } from "./context.ts";
import { MAX_CALLS, requireWellFormed } from "./judge-call.ts";
import type { Found } from "./mask-answer.ts";
import { replaceInResponse } from "./replace.ts";
import { createTally } from "./tally.ts";

/** A call that is refused, and what takes its place. */
export type Denied = CallDenial & { readonly call: ToolCall };

/** A whole answer: as it was parsed, as it was read, and how long it was. */
export type WholeAnswer = {
  readonly spec: RouteSpec;
  readonly body: Json;
  readonly answer: ParsedAnswer;
  /** What stands in its texts. */
  readonly found: readonly Found[];
  readonly status: number;
  readonly bytes: number;
};

/**
 * Asks the policy. Gives the calls that are denied, once the decision is durable; rejects with the rule's error where the
 * whole answer is refused, or has no place for a message of ours.
 */
export async function judgeAnswer(context: AnswerContext, whole: WholeAnswer): Promise<readonly Denied[]> {
  const { judge, id } = context;
  const { calls, segments, usage, model } = whole.answer;
  if (!judge.speaksIn("whole")) {
    if (calls.length > 0)
      await context.decided(
        null,
        "allow",
        calls.map((call) => context.toCallRow(call, null)),
      );
    return [];
  }
  if (calls.length > MAX_CALLS) {
    throw new GatewayError("answer_unreadable", "The answer holds more tool calls than can be judged.");
  }
  for (const call of calls) requireWellFormed(call);
  const tally = createTally();
  for (const { findings: each, segment } of whole.found) if (segment.part?.of !== "logprobs") tally.add(each);
  const facts = calls.map((call) => context.readCall(call));
  const { patterns, findings } = tally;
  const verdict = context.ask(
    "whole",
    {
      patterns,
      findings,
      answer: { status: whole.status, stream: false, model },
      calls: facts,
      ...(usage !== null && { usage }),
    },
    { body: () => whole.body, texts: () => segments.filter(isText), bytes: whole.bytes },
  );
  const refusal = toRefusal(verdict.decision, judge.rules, id);
  const denied = calls.flatMap((call, index): Denied[] => {
    const asked = { id: facts[index]?.id ?? call.id, name: context.toName(call.name) };
    const denial = toCallDenial(verdict.decision, asked, judge.rules, id);
    return denial === null ? [] : [{ call, ...denial }];
  });
  const codes = new Map(denied.map(({ call, code }) => [call, code]));
  const rows = calls.map((call) => context.toCallRow(call, refusal?.publicCode ?? codes.get(call) ?? null));
  const isDenied = refusal !== null || denied.length > 0;
  // What was decided about nothing leaves no row: the request's own decision and the end tell it all.
  if (isDenied || rows.length > 0 || hasEffect(verdict.decision)) {
    await context.decided(verdict, isDenied ? "deny" : "allow", rows);
  }
  if (refusal !== null) throw refusal;
  const [first] = denied;
  // Only a conversation has a place for a text of ours.
  if (first !== undefined && whole.spec.dialect === "other")
    throw new GatewayError("policy_denied", first.text, { publicCode: first.code });
  return denied;
}

/** Gives the answer with the denied calls taken out, and these as the ledger keeps them. */
export function replaceDenied(
  { spec, body, answer }: WholeAnswer,
  denied: readonly Denied[],
): { readonly body: Json; readonly calls: readonly ReplacedCall[] } {
  if (!isObject(body)) throw unreplaceable();
  const replaced =
    spec.dialect === "chat"
      ? { body: replaceInCompletion(body, denied), calls: [] }
      : replaceInResponse(body, answer, denied);
  // What goes out is read once more: a denied call that still stands in it stops it.
  const left = parseAnswer(spec, replaced.body).calls.length;
  if (left !== answer.calls.length - denied.length) throw unreplaceable();
  return replaced;
}

/** Gives the completion with the denied calls taken out of their messages, wherever these stand. */
function replaceInCompletion(body: JsonObject, denied: readonly Denied[]): Json {
  const byMessage = new Map<string, { places: Set<number>; texts: Set<string> }>();
  for (const { call, text } of denied) {
    const [, message, place] = /^(.*)\/(?:tool_calls\/(\d+)|function_call)$/.exec(call.pointer) ?? [];
    if (message === undefined) throw unreplaceable();
    const found = byMessage.get(message) ?? { places: new Set(), texts: new Set() };
    if (place !== undefined) found.places.add(Number(place));
    found.texts.add(text);
    byMessage.set(message, found);
  }
  let replaced: Json = body;
  for (const [pointer, { places, texts }] of byMessage) {
    const message = getAt(body, pointer);
    if (!isObject(message)) throw unreplaceable();
    const next = replaceInMessage(message, { places, text: [...texts].join("\n") });
    replaced = setAt(replaced, pointer, next) ?? null;
    const reason = pointer.replace(/\/message$/, "/finish_reason");
    const hasReason = reason !== pointer && typeof getAt(body, reason) === "string";
    if (hasReason && !("tool_calls" in next)) replaced = setAt(replaced, reason, "stop") ?? null;
  }
  return replaced;
}

function unreplaceable(): GatewayError {
  return new GatewayError("answer_unreadable", "A denied call cannot be taken out of the answer.");
}

function hasEffect(decision: Decision): boolean {
  return decision.observe.length > 0 || decision.record.length > 0 || decision.label.length > 0;
}
