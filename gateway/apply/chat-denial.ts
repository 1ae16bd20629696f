// Takes denied calls out of a message of Chat Completions and says so in the message's content.
import type { Json, JsonObject } from "../exchange.ts";

/** Denied calls of one message: their places in `tool_calls`, and what to say instead. `function_call` goes with any. */
export type MessageDenial = { readonly places: ReadonlySet<number>; readonly text: string };

/** Joins a message's own content with the text that says what was refused. */
export function joinContent(content: Json | undefined, text: string): string {
  return typeof content === "string" && content !== "" ? `${content}\n\n${text}` : text;
}

/** Gives the message without its denied calls; without any call left it has no `tool_calls`. */
export function replaceInMessage(message: JsonObject, denial: MessageDenial): JsonObject {
  const { tool_calls: calls, function_call: _, ...rest } = message;
  const kept = Array.isArray(calls) ? calls.filter((__, place) => !denial.places.has(place)) : [];
  const spoken = { ...rest, content: joinContent(message["content"], denial.text) };
  return kept.length > 0 ? { ...spoken, tool_calls: kept } : spoken;
}
