// Tells the tool calls among the parts of an answer: what may run on the caller's machine.

import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, ToolCall } from "../exchange.ts";
import { findItemType } from "./item-types.ts";
import { isObject } from "./pointer.ts";

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

/** Gives the tool call that an element of `tool_calls` is. Throws `answer_unreadable` where it could be two. */
export function toChatCall(call: Json, pointer: string): ToolCall {
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

/** Makes the refusal of an answer whose calls could be told in two ways. */
export function unreadable(): GatewayError {
  return new GatewayError("answer_unreadable", "The target's answer can be read in more than one way.");
}

/** Arguments that are no text are given as JSON of all there is. */
export function toArguments(value: Json | undefined, whole: JsonObject): string {
  return typeof value === "string" ? value : JSON.stringify(whole);
}

/** Gives a text that is not empty; null for everything else. */
export function toText(value: Json | undefined): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
