// Reads a whole answer: a JSON body, or the `response` of a stream's last event.

import type { Json, JsonObject, RouteSpec, Segment, ToolCall, Usage } from "../exchange.ts";
import { toArguments, toCall, toChatCall, toText, unreadable } from "./calls.ts";
import { readItem, toItemType } from "./item.ts";
import { findMade, findObjects, walkAnswer } from "./other-answer.ts";
import { escapeToken, isList, isObject } from "./pointer.ts";
import { createSink } from "./sink.ts";
import type { Sink } from "./sink.ts";
import { readUsage } from "./usage.ts";
import { walkMember, walkNamed } from "./walk.ts";

/** An object that the provider has stored, or that its answer made known; it belongs to whoever asked. */
export type AnswerObject = {
  /** As the route table names kinds, and `item` or `other`. */
  readonly kind: string;
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
export function parseAnswer(spec: RouteSpec, value: Json): ParsedAnswer {
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
  if (spec.dialect === "other") {
    walkAnswer(sink, calls, value, "");
    objects.push(...findObjects(value), ...findMade(spec.operation, value));
  } else if (spec.operation === "conversations.items.retrieve" && !isError(value)) {
    readItems(sink, calls, [], new Map([["", value]]), false);
  } else {
    readMembers(sink, calls, objects, value, "", spec.dialect === "chat");
  }
  const id = toText(value["id"]);
  const conversation = isObject(value["conversation"])
    ? toText(value["conversation"]["id"])
    : toText(value["conversation"]);
  if (id !== null && spec.makes !== null) objects.unshift({ kind: spec.makes, id });
  if (conversation !== null) objects.push({ kind: "conversation", id: conversation });
  return {
    id,
    model: toText(value["model"]),
    status: toText(value["status"]),
    calls,
    segments: sink.segments,
    // What is looked at later was counted when it was made.
    usage: spec.method === "GET" && spec.dialect === "other" ? null : readUsage(value["usage"]),
    conversation,
    objectIds: objects,
  };
}

/** Tells an error, which stands where an item would, from an item: that has a type. */
function isError(value: JsonObject): boolean {
  return value["type"] === undefined && isObject(value["error"]);
}

/** Reads the members of a response, of a completion, or of a list of what either holds. */
function readMembers(
  sink: Sink,
  calls: ToolCall[],
  objects: AnswerObject[],
  value: JsonObject,
  pointer: string,
  chat: boolean,
): void {
  for (const [key, child] of Object.entries(value)) {
    const at = `${pointer}/${escapeToken(key)}`;
    if (child !== null && (key === "output" || key === "data" || key === "choices")) {
      // A container of another kind would be walked as text, and its calls never judged.
      if (!isList(child)) throw unreadable();
      const places = new Map(child.map((one, index) => [`${at}/${index}`, one]));
      if (key === "output") readItems(sink, calls, objects, places, chat);
      // Ids in a list of what the caller sent are the caller's words, not the provider's.
      else if (key === "data") readItems(sink, calls, [], places, chat);
      else for (const [place, choice] of places) readChoice(sink, calls, objects, choice, place);
    } else {
      walkNamed(sink, key, child, at, SCOPE, value);
    }
  }
}

const SCOPE = { kind: "other", role: "none", type: "", offers: false } as const;

function readItems(
  sink: Sink,
  calls: ToolCall[],
  objects: AnswerObject[],
  items: ReadonlyMap<string, Json>,
  chat: boolean,
): void {
  for (const [pointer, item] of items) {
    if (!isObject(item)) {
      walkMember(sink, "", item, pointer, SCOPE);
      continue;
    }
    if (chat) {
      // A list of completions holds them whole; what was said in one of them comes as a list of messages.
      if ("choices" in item) {
        readMembers(sink, calls, [], item, pointer, true);
        continue;
      }
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
      walkNamed(sink, key, child, `${at}/${escapeToken(key)}`, SCOPE, choice);
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
