// Reads a whole answer: a JSON body, or the `response` of a stream's last event.

import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, Operation, Segment, ToolCall, Usage } from "../exchange.ts";
import { findItemType } from "./item-types.ts";
import { readItem, toItemType } from "./item.ts";
import { escapeToken, isList, isObject } from "./pointer.ts";
import { createSink } from "./sink.ts";
import type { Sink } from "./sink.ts";
import { readUsage } from "./usage.ts";
import { walkMember } from "./walk.ts";

/** An object that the provider has stored, or that its answer made known; it belongs to whoever asked. */
export type AnswerObject = {
  readonly kind: "response" | "conversation" | "item" | "chat_completion" | "file" | "container" | "other";
  readonly id: string;
};

export type ParsedAnswer = {
  readonly id: string | null;
  readonly model: string | null;
  /** Of a response: `completed`, `incomplete`, `failed`, `queued`, …; of a chat completion null. */
  readonly status: string | null;
  /** Whatever may run on the caller's machine, in order. */
  readonly calls: readonly ToolCall[];
  readonly segments: readonly Segment[];
  readonly usage: Usage | null;
  readonly conversation: string | null;
  readonly objectIds: readonly AnswerObject[];
};

/** Reads the answer of an operation. A shape that the operation should not have is walked like any other: its strings are text. */
export function parseAnswer(operation: Operation, value: Json): ParsedAnswer {
  const sink = createSink();
  const calls: ToolCall[] = [];
  const objects: AnswerObject[] = [];
  if (!isObject(value)) {
    walkMember(sink, "", value, "", SCOPE);
    return {
      id: null,
      model: null,
      status: null,
      calls,
      segments: sink.segments,
      usage: null,
      conversation: null,
      objectIds: [],
    };
  }
  const chat = operation.startsWith("chat.");
  for (const [key, child] of Object.entries(value)) {
    const at = `/${escapeToken(key)}`;
    if (child !== null && (key === "output" || key === "data" || key === "choices")) {
      // A container of another kind would be walked as text, and its calls never judged.
      if (!isList(child)) throw unreadable();
      if (key === "output") readItems(sink, calls, objects, child, at, chat);
      // Ids in a list of what the caller sent are the caller's words, not the provider's.
      else if (key === "data") readItems(sink, calls, [], child, at, chat);
      else
        for (const [index, choice] of child.entries())
          readChoice(sink, calls, objects, choice, `${at}/${index}`);
    } else {
      walkMember(sink, key, child, at, SCOPE);
    }
  }
  const id = toText(value["id"]);
  const conversation = isObject(value["conversation"])
    ? toText(value["conversation"]["id"])
    : toText(value["conversation"]);
  if (id !== null) objects.unshift({ kind: chat ? "chat_completion" : "response", id });
  if (conversation !== null) objects.push({ kind: "conversation", id: conversation });
  return {
    id,
    model: toText(value["model"]),
    status: toText(value["status"]),
    calls,
    segments: sink.segments,
    usage: readUsage(value["usage"]),
    conversation,
    objectIds: objects,
  };
}

const SCOPE = { kind: "other", role: "none", type: "", offers: false } as const;

/** Gives the tool call that an output item is; null for an item that runs nothing on the caller's machine. */
export function toCall(item: Json, pointer: string): ToolCall | null {
  if (!isObject(item)) return null;
  const named = item["type"] ?? null;
  const type = typeof named === "string" ? named : named === null && "role" in item ? "message" : "unknown";
  const known = findItemType(type);
  if (known !== null && known.does !== "call") return null;
  // The provider runs its own tool search.
  if (type === "tool_search_call" && item["execution"] === "server") return null;
  const text = item[type === "custom_tool_call" ? "input" : "arguments"];
  return {
    id: toText(item["call_id"]) ?? toText(item["id"]) ?? pointer,
    type,
    name: toText(item["name"]),
    arguments: typeof text === "string" && hasText(type) ? text : JSON.stringify(item),
    pointer,
  };
}

function hasText(type: string): boolean {
  return type === "function_call" || type === "custom_tool_call" || type === "mcp_approval_request";
}

function readItems(
  sink: Sink,
  calls: ToolCall[],
  objects: AnswerObject[],
  items: readonly Json[],
  at: string,
  chat: boolean,
): void {
  for (const [index, item] of items.entries()) {
    const pointer = `${at}/${index}`;
    if (!isObject(item)) {
      walkMember(sink, "", item, pointer, SCOPE);
      continue;
    }
    if (chat) {
      readItem(sink, "chat", item, pointer, false);
      readMessageCalls(calls, item, pointer);
      continue;
    }
    readItem(
      sink,
      "responses",
      typeof item["type"] === "string" ? item : { ...item, type: toSafeType(item) },
      pointer,
      false,
    );
    const call = toCall(item, pointer);
    if (call !== null) calls.push(call);
    collectObjects(objects, item);
  }
}

/** An output item's type that is no string is read like one that is unknown. */
function toSafeType(item: JsonObject): string {
  return (item["type"] ?? null) === null ? toItemType(item, "") : "unknown";
}

function readChoice(sink: Sink, calls: ToolCall[], objects: AnswerObject[], choice: Json, at: string): void {
  if (!isObject(choice)) throw unreadable();
  for (const [key, child] of Object.entries(choice)) {
    if (key === "message") {
      if (!isObject(child)) throw unreadable();
      readItem(sink, "chat", child, `${at}/message`, false);
      readMessageCalls(calls, child, `${at}/message`);
      const audio = isObject(child["audio"]) ? toText(child["audio"]["id"]) : null;
      if (audio !== null) objects.push({ kind: "other", id: audio });
    } else {
      walkMember(sink, key, child, `${at}/${escapeToken(key)}`, SCOPE);
    }
  }
}

/** Reads the calls of a chat message: `tool_calls`, and the legacy `function_call`. */
function readMessageCalls(calls: ToolCall[], message: JsonObject, at: string): void {
  const list = message["tool_calls"];
  if (isList(list)) {
    for (const [index, call] of list.entries()) calls.push(toChatCall(call, `${at}/tool_calls/${index}`));
  } else if ((list ?? null) !== null) {
    throw unreadable();
  }
  const legacy = message["function_call"];
  if ((legacy ?? null) !== null) {
    if (!isObject(legacy)) throw unreadable();
    const pointer = `${at}/function_call`;
    calls.push({
      id: pointer,
      type: "function_call",
      name: toText(legacy["name"]),
      arguments: toArguments(legacy["arguments"], legacy),
      pointer,
    });
  }
}

function toChatCall(call: Json, pointer: string): ToolCall {
  if (!isObject(call))
    return { id: pointer, type: "unknown", name: null, arguments: JSON.stringify(call), pointer };
  const id = toText(call["id"]) ?? pointer;
  const type = call["type"];
  const custom = call["custom"];
  const inner = call["function"];
  // Of two members each reader would take another one, and so of a member that is not what the type says.
  if ((custom ?? null) !== null && (inner ?? null) !== null) throw unreadable();
  if (isObject(custom)) {
    if ((type ?? "custom") !== "custom") throw unreadable();
    return {
      id,
      type: "custom_tool_call",
      name: toText(custom["name"]),
      arguments: toArguments(custom["input"], custom),
      pointer,
    };
  }
  if (isObject(inner)) {
    if ((type ?? "function") !== "function") throw unreadable();
    return {
      id,
      type: "function_call",
      name: toText(inner["name"]),
      arguments: toArguments(inner["arguments"], inner),
      pointer,
    };
  }
  return {
    id,
    type: typeof type === "string" ? type : "unknown",
    name: null,
    arguments: JSON.stringify(call),
    pointer,
  };
}

function unreadable(): GatewayError {
  return new GatewayError("answer_unreadable", "The target's answer can be read in more than one way.");
}

/** Arguments that are no text are given as JSON of all there is. */
function toArguments(value: Json | undefined, whole: JsonObject): string {
  return typeof value === "string" ? value : JSON.stringify(whole);
}

/** Ids that a later request may name. */
function collectObjects(objects: AnswerObject[], item: JsonObject): void {
  const id = toText(item["id"]);
  if (id !== null) objects.push({ kind: "item", id });
  const container = toText(item["container_id"]);
  if (container !== null) objects.push({ kind: "container", id: container });
  const environment = item["environment"];
  if (isObject(environment)) {
    const id = toText(environment["container_id"]);
    if (id !== null) objects.push({ kind: "container", id });
  }
  if (!isList(item["content"])) return;
  for (const part of item["content"]) {
    if (!isObject(part) || !isList(part["annotations"])) continue;
    for (const annotation of part["annotations"]) {
      if (!isObject(annotation) || annotation["type"] !== "container_file_citation") continue;
      const file = toText(annotation["file_id"]);
      const home = toText(annotation["container_id"]);
      if (file !== null) objects.push({ kind: "file", id: file });
      if (home !== null) objects.push({ kind: "container", id: home });
    }
  }
}

function toText(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
