// Takes denied calls out of an answer of Chat Completions and says so in the message's content.
import type { Json, JsonObject } from "../exchange.ts";

/** Denied calls of one choice: their places in `tool_calls` (`function_call` is place 0) and what to say instead. */
export type ChoiceDenial = { readonly places: ReadonlySet<number>; readonly text: string };

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}

/** Joins a message's own content with the text that says what was refused. */
export function joinContent(content: Json | undefined, text: string): string {
  return typeof content === "string" && content !== "" ? `${content}\n\n${text}` : text;
}

function replaceInMessage(message: JsonObject, denial: ChoiceDenial): JsonObject {
  const calls = message["tool_calls"];
  const kept = Array.isArray(calls) ? calls.filter((_, place) => !denial.places.has(place)) : [];
  const bare = without(without(message, "tool_calls"), "function_call");
  const spoken = { ...bare, content: joinContent(message["content"], denial.text) };
  return kept.length > 0 ? { ...spoken, tool_calls: kept } : spoken;
}

/** Gives the completion with the denied calls of each choice (by its place in `choices`) taken out. */
export function replaceInChoices(
  completion: JsonObject,
  denials: ReadonlyMap<number, ChoiceDenial>,
): JsonObject {
  const choices = completion["choices"];
  if (!Array.isArray(choices) || denials.size === 0) return completion;
  const replaced: Json[] = choices.map((choice: Json, place) => {
    if (!isObject(choice)) return choice;
    const denial = denials.get(place);
    const message = choice["message"];
    if (denial === undefined || !isObject(message)) return choice;
    const next = replaceInMessage(message, denial);
    return {
      ...choice,
      message: next,
      finish_reason: "tool_calls" in next ? (choice["finish_reason"] ?? null) : "stop",
    };
  });
  return { ...completion, choices: replaced };
}
