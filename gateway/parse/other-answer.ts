// Reads an answer of any shape: every string is text, and what may run on the caller's machine is a call wherever it stands.

import type { Apart, Json, JsonObject, Text, ToolCall } from "../exchange.ts";
import { isApart } from "./apart.ts";
import { toCall, toChatCall, toText, unreadable } from "./calls.ts";
import { FREE } from "./fields.ts";
import { findItemType } from "./item-types.ts";
import { escapeToken, isList, isObject } from "./pointer.ts";
import type { Sink } from "./sink.ts";
import { toTunedModel } from "./tuned.ts";
import { walkObject } from "./walk.ts";

const SCOPE = { kind: "other", role: "none", type: "", offers: false } as const;
/** Elements of a list of tool calls that have run at the provider. */
const HOSTED: ReadonlySet<unknown> = new Set(["code_interpreter", "file_search", "retrieval"]);
/** Members that hold no call: what a person filled in, what is offered, and pieces of what comes whole later. */
const SKIPPED: ReadonlySet<string> = new Set([...FREE, "delta", "tools", "functions"]);

/** Members of an answer that name a file which came of the request. */
const FILES: ReadonlySet<string> = new Set(["error_file_id", "output_file_id", "result_files"]);
/** Those whose lines hold answers. Such a file is known by this kind too. */
const OUTPUTS: ReadonlySet<string> = new Set(["error_file_id", "output_file_id"]);

/** The kind by which a batch's output is known, beside being a file. */
export const BATCH_OUTPUT = "batch_output";

/** Adds the texts and the calls of an object of an answer. Throws `answer_unreadable` for a call that could be two. */
export function walkAnswer(sink: Sink, calls: ToolCall[], value: JsonObject, pointer: string): void {
  walkObject(sink, value, pointer, SCOPE);
  findCalls(calls, value, pointer);
}

function findCalls(calls: ToolCall[], value: Json, pointer: string): void {
  if (isList(value)) {
    for (const [index, child] of value.entries()) findCalls(calls, child, `${pointer}/${index}`);
    return;
  }
  if (!isObject(value)) return;
  const type = value["type"];
  if (typeof type === "string" && findItemType(type)?.does === "call") {
    const call = toCall(value, pointer);
    if (call !== null) calls.push(call);
    return;
  }
  for (const [key, child] of Object.entries(value)) {
    const at = `${pointer}/${escapeToken(key)}`;
    if (key === "tool_calls" && child !== null) {
      if (!isList(child)) throw unreadable();
      for (const [index, call] of child.entries()) {
        if (isObject(call) && HOSTED.has(call["type"])) continue;
        calls.push(toChatCall(call, `${at}/${index}`));
      }
    } else if (!SKIPPED.has(key)) findCalls(calls, child, at);
  }
}

/** Where objects name the model that fine-tuning has made, by their own type. */
const TUNED: ReadonlyMap<Json | undefined, string> = new Map([
  ["fine_tuning.job", "fine_tuned_model"],
  ["fine_tuning.job.checkpoint", "fine_tuned_model_checkpoint"],
]);

/** Gives the files and the models that an object of the caller's, or each of a list, has brought about. */
export function findObjects(value: JsonObject): readonly { readonly kind: string; readonly id: string }[] {
  const { data } = { data: value["data"] };
  const listed = value["object"] === "list" && isList(data) ? data.filter(isObject) : [];
  return [...findFiles(value), ...[value, ...listed].flatMap(findTuned)];
}

function findTuned(value: JsonObject): readonly { readonly kind: string; readonly id: string }[] {
  const name = toText(value[TUNED.get(value["object"]) ?? ""] ?? null);
  const id = name === null ? null : toTunedModel(name);
  return id === null ? [] : [{ kind: "fine_tuned_model", id }];
}

function findFiles(value: JsonObject): readonly { readonly kind: string; readonly id: string }[] {
  const found: { readonly kind: string; readonly id: string }[] = [];
  for (const key of FILES) {
    const child = value[key];
    for (const one of isList(child) ? child : [child ?? null]) {
      const id = toText(one);
      if (id === null) continue;
      found.push({ kind: "file", id });
      if (OUTPUTS.has(key)) found.push({ kind: BATCH_OUTPUT, id });
    }
  }
  const file = value["file"];
  const id = isObject(file) && file["object"] === "file" ? toText(file["id"]) : null;
  if (id !== null) found.push({ kind: "file", id });
  return found;
}

/** Where an answer or an event names the object that it makes, if not by its own id: the kind, and the members' path. */
const MADE_WITHIN: Readonly<Record<string, readonly [kind: string, ...path: string[]]>> = {
  "agents.sessions.create": ["agent_session", "session", "id"],
  "live.sessions.create": ["live_session", "session", "id"],
  "live.sessions.fork": ["live_session", "session", "id"],
  "threads.create_and_run": ["thread", "thread_id"],
};

/** Gives the object that an answer of an operation, or an event of its stream, makes and names within. */
export function findMade(
  operation: string,
  value: JsonObject,
): readonly { readonly kind: string; readonly id: string }[] {
  if (!Object.hasOwn(MADE_WITHIN, operation)) return [];
  const [kind = "", ...path] = MADE_WITHIN[operation] ?? [];
  let at: Json | undefined = value;
  for (const name of path) at = isObject(at) ? at[name] : undefined;
  const id = toText(at ?? null);
  return id === null ? [] : [{ kind, id }];
}

/** A text of an event of a stream of any shape. */
export type OtherText = {
  readonly channel: string;
  readonly text: string;
  /** The text continues its channel. */
  readonly continues: boolean;
  /** Where the text stands in the event; null of a part of a JSON text, which is a text of its own too. */
  readonly pointer: string | null;
  /** Absent: it is a text. */
  readonly apart?: Apart;
};

/** Names of events whose strings are pieces of longer texts. */
const PIECE = /\.(?:delta|chunk)$|^text_completion$/;

/** Gives the texts of an event, each on a channel: pieces of one text come on the same one. */
export function readOtherEvent(
  name: string | null,
  value: JsonObject,
  texts: Sink["segments"],
): readonly OtherText[] {
  const type = toText(value["type"]) ?? name ?? toText(value["object"]) ?? "";
  const continues = PIECE.test(type);
  const id = toText(value["item_id"]) ?? toText(value["id"]) ?? "";
  return texts.map(({ pointer, text, part }) => {
    if (isApart(part)) return { channel: type, text, continues, pointer, apart: part };
    return {
      channel: `${type}\0${id}\0${toPlace(value, pointer)}\0${part?.of ?? ""}${part?.at ?? ""}`,
      text,
      continues,
      pointer: toPointer(pointer, part),
    };
  });
}

/** A member's name and a file in base64 stand nowhere as they are. */
function toPointer(pointer: string, part: Text["part"]): string | null {
  if (part === undefined) return pointer;
  return part.of === "json" || part.of === "json_name" ? null : `${pointer}/\0`;
}

/** Writes where a text stands, with the `index` that an element says it has instead of where it happens to be. */
function toPlace(value: JsonObject, pointer: string): string {
  let at: Json | undefined = value;
  let place = "";
  for (const token of pointer.split("/").slice(1)) {
    if (isList(at)) {
      at = at[Number(token)];
      const index: Json | undefined = isObject(at) ? at["index"] : undefined;
      place += `/${typeof index === "number" ? index : token}`;
    } else {
      at = isObject(at) ? at[token.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
      place += `/${token}`;
    }
  }
  return place;
}
