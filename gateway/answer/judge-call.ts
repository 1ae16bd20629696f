// Puts whole tool calls before the policy, and makes what it said durable before anybody acts on it.
import { toCallDenial, toRefusal } from "../apply/refusal.ts";
import { GatewayError } from "../errors.ts";
import type { ToolCall } from "../exchange.ts";
import type { CallDenial } from "../apply/refusal.ts";
import type { Content } from "../judge.ts";
import type { AnswerContext } from "./context.ts";

/** As many calls as facts may hold, and as one answer may. */
export const MAX_CALLS = 64;

/** What becomes of a call: released, or replaced by a text under the rule's code. */
export type Judgement = {
  readonly call: ToolCall;
  readonly denial: CallDenial | null;
};

/** Throws `answer_unreadable` for a call with a lone surrogate: no two readers agree on what it says. */
export function requireWellFormed({ id, type, name, arguments: text }: ToolCall): void {
  if (id.isWellFormed() && type.isWellFormed() && (name ?? "").isWellFormed() && text.isWellFormed()) return;
  throw new GatewayError("answer_unreadable", "A tool call of the target's holds a lone surrogate.");
}

function toContent(call: ToolCall): Content {
  const { pointer } = call;
  return {
    body: () => ({ id: call.id, type: call.type, name: call.name, arguments: call.arguments }),
    texts: () => [{ pointer, kind: "tool_arguments", role: "assistant", text: call.arguments }],
    bytes: call.arguments.length,
  };
}

/**
 * Judges one whole call of a stream. Rejects with the rule's error where the rule refuses the whole answer, with
 * `record_unavailable` where the decision cannot be written, and with the policy's error where it cannot answer.
 */
export async function judgeCall(context: AnswerContext, call: ToolCall): Promise<Judgement> {
  const { judge, id } = context;
  requireWellFormed(call);
  if (!judge.speaksIn("tool_call")) {
    await context.decided(null, "allow", [context.toCallRow(call, null)]);
    return { call, denial: null };
  }
  const facts = context.readCall(call);
  const verdict = context.ask("tool_call", { calls: [facts], patterns: facts.patterns }, toContent(call));
  const refusal: GatewayError | null = toRefusal(verdict.decision, judge.rules, id);
  if (refusal !== null) {
    await context.decided(verdict, "deny", [context.toCallRow(call, refusal.publicCode)]);
    throw refusal;
  }
  const denial = toCallDenial(
    verdict.decision,
    { id: facts.id, name: context.toName(call.name) },
    judge.rules,
    id,
  );
  await context.decided(verdict, denial === null ? "allow" : "deny", [
    context.toCallRow(call, denial?.code ?? null),
  ]);
  return { call, denial };
}
