// Reads token counts, in the words of either API.

import type { Json, JsonObject, Usage } from "../exchange.ts";
import { isObject } from "./pointer.ts";

/** Reads a `usage` member; null where there is none that counts tokens. */
export function readUsage(value: Json | undefined): Usage | null {
  if (!isObject(value)) return null;
  const sent = readTokens(value, "input_tokens") ?? readTokens(value, "prompt_tokens");
  const made = readTokens(value, "output_tokens") ?? readTokens(value, "completion_tokens");
  const total = readTokens(value, "total_tokens");
  // Some operations are counted in seconds.
  if (sent === null && made === null && total === null) return null;
  const input = sent ?? 0;
  const output = made ?? 0;
  const inputDetails =
    value["input_tokens_details"] ?? value["input_token_details"] ?? value["prompt_tokens_details"];
  const outputDetails =
    value["output_tokens_details"] ?? value["output_token_details"] ?? value["completion_tokens_details"];
  return {
    input_tokens: input,
    cached_tokens: (isObject(inputDetails) ? readTokens(inputDetails, "cached_tokens") : null) ?? 0,
    output_tokens: output,
    reasoning_tokens: (isObject(outputDetails) ? readTokens(outputDetails, "reasoning_tokens") : null) ?? 0,
    total_tokens: total ?? input + output,
    estimated: false,
  };
}

function readTokens(object: JsonObject, key: string): number | null {
  const value = object[key];
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
