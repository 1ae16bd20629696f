// Takes the denied items out of a response's body and remembers what the next turn needs to know of them.
import { createHash } from "node:crypto";
import { toMessage } from "../apply/responses-denial.ts";
import type { Json, JsonObject, ToolCall } from "../exchange.ts";
import { GatewayError } from "../errors.ts";
import { getAt, isList, isObject, setAt } from "../parse/pointer.ts";
import type { ReplacedCall } from "./context.ts";

/** A call and what takes its place. */
export type DeniedCall = { readonly call: ToolCall; readonly code: string; readonly text: string };

/** An answer's own id, and that of the conversation that it belongs to. */
export type AnswerIds = { readonly id: string | null; readonly conversation: string | null };

/** Begins the id of every message that the gateway writes; the provider issues none like it. */
export const OWN_MESSAGE = "msg_tg_";

/** Gives the output that stands for a denied call's where the provider waits for one. */
export function toOwnOutput(code: string): string {
  return `Refused by policy (${code}).`;
}

const OWN_OUTPUT = /^Refused by policy \([a-z0-9_]{1,64}\)\.$/;

/**
 * Gives a list of items without the outputs that the gateway has put there for calls that the program never saw: in a
 * history that it resends they would answer nothing.
 */
export function dropOwnOutputs(body: Json): Json {
  const data = isObject(body) ? body["data"] : undefined;
  if (!isObject(body) || !isList(data)) return body;
  const kept = new Set(
    data.flatMap((item) =>
      isOutput(item) ? [] : (readString(item, "call_id") ?? readString(item, "id") ?? []),
    ),
  );
  const left = data.filter((item) => {
    if (!isOutput(item) || !OWN_OUTPUT.test(readText(item))) return true;
    return kept.has(readString(item, "call_id") ?? readString(item, "id") ?? "");
  });
  return left.length === data.length ? body : { ...body, data: left };
}

function isOutput(item: Json): boolean {
  return (readString(item, "type") ?? "").endsWith("_call_output");
}

function readText(item: Json): string {
  const output = isObject(item) ? item["output"] : undefined;
  if (typeof output === "string") return output;
  const first = isList(output) ? output[0] : undefined;
  return readString(first, "stderr") ?? readString(first, "text") ?? "";
}

/** Gives the id of the message that takes a call's place: the same one whenever the answer is read again. */
export function toMessageId(responseId: string | null, callId: string): string {
  const digest = createHash("sha256")
    .update(`${responseId ?? ""}\n${callId}`)
    .digest("hex");
  return `${OWN_MESSAGE}${digest.slice(0, 32)}`;
}

function readString(value: Json | undefined, name: string): string | null {
  const found = isObject(value) ? value[name] : undefined;
  return typeof found === "string" ? found : null;
}

/** Gives the ids of the reasoning items that stand directly before a place: the provider ties them to what stands there. */
function toReasoningIds(items: readonly (Json | undefined)[], place: number): string[] {
  const ids: string[] = [];
  for (let i = place - 1; i >= 0 && readString(items[i], "type") === "reasoning"; i -= 1) {
    const id = readString(items[i], "id");
    if (id !== null) ids.unshift(id);
  }
  return ids;
}

/** Gives a denied call as the ledger keeps it. */
export function toReplacedCall(
  { id, conversation }: AnswerIds,
  { call, code }: Pick<DeniedCall, "call" | "code">,
  itemId: string | null,
  reasoningIds: readonly string[],
): ReplacedCall {
  return {
    call,
    itemId,
    responseId: id,
    conversationId: conversation,
    messageId: toMessageId(id, call.id),
    reasoningIds,
    code,
  };
}

/** Gives the body with a message in each denied call's place, and the calls as the ledger keeps them. */
export function replaceInResponse(
  body: JsonObject,
  ids: AnswerIds,
  denied: readonly DeniedCall[],
): { readonly body: Json; readonly calls: ReplacedCall[] } {
  let replaced: Json = body;
  const calls = denied.map(({ call, code, text }): ReplacedCall => {
    const cut = call.pointer.lastIndexOf("/");
    const items = getAt(body, call.pointer.slice(0, cut));
    const place = Number(call.pointer.slice(cut + 1));
    const message = toMessage({ id: toMessageId(ids.id, call.id), text }, "completed");
    const next = setAt(replaced, call.pointer, message);
    if (next === undefined)
      throw new GatewayError("answer_unreadable", "A denied call cannot be taken out of the answer.");
    replaced = next;
    const itemId = readString(getAt(body, call.pointer), "id");
    const reasoningIds = isList(items) ? toReasoningIds(items, place) : [];
    return toReplacedCall(ids, { call, code }, itemId, reasoningIds);
  });
  return { body: replaced, calls };
}
