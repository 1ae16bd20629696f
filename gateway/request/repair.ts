// Makes good what denied calls left behind: our message is no item of the provider's, and a call that the program never
// saw has no output.
import { OWN_MESSAGE, toOwnOutput } from "../answer/replace.ts";
import type { Caller, Json, JsonObject } from "../exchange.ts";
import type { ParsedItem, ParsedRequest } from "../parse/parsed.ts";
import { isList, isObject } from "../parse/pointer.ts";
import { rewriteBody } from "../parse/rewrite.ts";
import type { BodyEdits } from "../parse/rewrite.ts";
import { toRealtimeEdits } from "./realtime-body.ts";
import type { Ledger } from "../record/ledger.ts";
import { toStoredId } from "../record/to-rows.ts";
import type { Without } from "./send-repaired.ts";

/** What goes to the target: the bytes that came, unless something had to change. */
export type Repaired = {
  readonly bytes: Buffer | null;
  /** The same without outputs of denied calls; null where it was given none. */
  readonly without: Without | null;
  /** Notes that the target's conversation has taken outputs of denied calls; null where it was given none. */
  readonly settle: (() => Promise<void>) | null;
};

type Denied = {
  readonly callId: string;
  readonly type: string;
  readonly code: string;
  readonly reasoningIds: readonly string[];
};

/** Gives what a provider takes as a denied call's output. */
function toOutput({ callId, type, code }: Denied): JsonObject | null {
  const text = toOwnOutput(code);
  switch (type) {
    case "function_call":
      return { type: "function_call_output", call_id: callId, output: text };
    case "custom_tool_call":
      return { type: "custom_tool_call_output", call_id: callId, output: text };
    case "shell_call":
      return {
        type: "shell_call_output",
        call_id: callId,
        output: [{ stdout: "", stderr: text, outcome: { type: "exit", exit_code: 1 } }],
      };
    case "local_shell_call":
      return { type: "local_shell_call_output", id: callId, output: text };
    case "apply_patch_call":
      return { type: "apply_patch_call_output", call_id: callId, status: "failed", output: text };
    default:
      return null;
  }
}

/** Gives our own message as the program may send it back, without the id that the provider does not know. */
function toPlainMessage(value: Json): JsonObject {
  const content = isObject(value) ? value["content"] : undefined;
  const texts = isList(content)
    ? content.flatMap((part) => (isObject(part) && typeof part["text"] === "string" ? [part["text"]] : []))
    : typeof content === "string"
      ? [content]
      : [];
  return { role: "assistant", content: texts.join("\n") };
}

function isOurs(item: ParsedItem): boolean {
  return item.id !== null && item.id.startsWith(OWN_MESSAGE);
}

/**
 * Gives the body for the target. Under the provider's state, outputs for denied calls are put first; in a history that
 * the program resends, our messages lose their id and the reasoning tied to a denied call goes.
 */
export async function repair(
  ledger: Ledger,
  connection: string,
  caller: Caller,
  request: ParsedRequest,
  masked: BodyEdits | null,
): Promise<Repaired> {
  const { route } = request;
  if (route.operation === "chat.completions.create") return toPlain(askForUsage(request, masked));
  if (route.operation !== "responses.create") return toPlain(toPlainBytes(request, masked));
  const idOf = (kind: "response" | "conversation"): string | null =>
    request.references.find((reference) => reference.kind === kind)?.id ?? null;
  const ours = request.items.filter(isOurs);
  const messageIds = ours.flatMap((item) => item.id ?? []);
  const query = {
    caller,
    connection,
    responseId: idOf("response"),
    conversationId: idOf("conversation"),
    messageIds,
    // What continues a state at the provider resends no reasoning of it.
    reasoningIds: request.facts.server_state
      ? []
      : request.items.flatMap(({ type, id }) => (type === "reasoning" ? (id ?? []) : [])),
  };
  const denied = await ledger.replaced(query);
  if (denied.length === 0 && ours.length === 0) return toPlain(write(request, masked));

  const tied = new Set(denied.flatMap((call) => call.reasoningIds));
  const outputs = request.facts.server_state ? denied.flatMap((call) => toOutput(call) ?? []) : [];
  const drop = new Set(
    request.items.flatMap((item, index) =>
      item.id !== null && tied.has(toStoredId(item.id)) ? [index] : [],
    ),
  );
  const replace = new Map(masked?.replace);
  for (const [index, item] of request.items.entries())
    if (isOurs(item)) replace.set(index, toPlainMessage(replace.get(index) ?? item.value));
  const { conversationId } = query;
  const callIds = denied.map((call) => call.callId);
  const edits = { drop, replace, ...(masked?.set && { set: masked.set }) };
  return {
    bytes: rewriteBody(request, { ...edits, prepend: outputs }),
    without: outputs.length === 0 ? null : { bytes: rewriteBody(request, edits), callIds },
    settle:
      conversationId === null || outputs.length === 0
        ? null
        : () => ledger.settle({ caller, connection }, conversationId, callIds),
  };
}

function toPlain(bytes: Buffer | null): Repaired {
  return { bytes, without: null, settle: null };
}

/** Gives the bytes that came, but for what a realtime session may not be set to. */
function toPlainBytes(request: ParsedRequest, masked: BodyEdits | null): Buffer | null {
  if (request.bytes.length === 0) return null;
  const set = toRealtimeEdits(request.route.spec, { ...request.body(), ...masked?.set });
  return Object.keys(set).length === 0
    ? write(request, masked)
    : write(request, { ...masked, set: { ...masked?.set, ...set } });
}

function write(request: ParsedRequest, edits: BodyEdits | null): Buffer {
  return edits === null ? request.bytes : rewriteBody(request, edits);
}

/** Asks for usage in a stream; the gateway takes it out again where the program did not ask. */
function askForUsage(request: ParsedRequest, masked: BodyEdits | null): Buffer {
  if (!request.answer.stream || request.answer.includeUsage === true) return write(request, masked);
  const options = request.body()?.["stream_options"];
  return rewriteBody(request, {
    ...masked,
    set: {
      ...masked?.set,
      stream_options: { ...(isObject(options) && options), include_usage: true },
    },
  });
}
