// Reads what tells one answer of a model from another, in a form that is the same when a program sends the answer back.

import type { Json, JsonObject } from "../exchange.ts";
import { isList, isObject } from "./pointer.ts";

/** What an item that a model wrote is known by: a program keeps some of it, whatever it makes of the rest. */
export type Said = {
  /** The item's id. */
  readonly id: string | null;
  /** Ids of the calls that it makes, or whose output it is. */
  readonly calls: readonly string[];
  /** What a message says, without white space around it; empty where the item is none. */
  readonly text: string;
};

const NOTHING: Said = { id: null, calls: [], text: "" };

/** Reads an item of `input[]` or `output[]`, or a message of Chat Completions. */
export function readSaid(item: Json): Said {
  if (!isObject(item)) return NOTHING;
  const isMessage = item["role"] !== undefined || item["type"] === "message";
  return { id: toId(item["id"]), calls: readCalls(item), text: isMessage ? readText(item["content"]) : "" };
}

/** Reads what a whole answer says, the items of a response or the messages of a completion's choices in order. */
export function readAnswerSaid(body: Json): Said[] {
  if (!isObject(body)) return [];
  if (isList(body["output"])) return body["output"].map(readSaid);
  const choices = body["choices"];
  if (!isList(choices)) return [];
  return choices.map((choice) => (isObject(choice) ? readSaid(choice["message"] ?? null) : NOTHING));
}

function readCalls(item: JsonObject): string[] {
  const ids = isList(item["tool_calls"])
    ? item["tool_calls"].map((call) => (isObject(call) ? toId(call["id"]) : null))
    : [toId(item["call_id"]) ?? toId(item["tool_call_id"])];
  return ids.filter((id) => id !== null);
}

function readText(content: Json | undefined): string {
  if (typeof content === "string") return content.trim();
  if (!isList(content)) return "";
  const parts = content.map((part) => (isObject(part) ? (part["text"] ?? part["refusal"]) : ""));
  return parts
    .map((part) => (typeof part === "string" ? part : ""))
    .join("")
    .trim();
}

function toId(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
