// Builds the response object of the Responses API: its fields, its usage, its cut by `max_output_tokens`.
import type { Json, JsonObject } from "../exchange.ts";
import { isObject, numberAt, objectsAt, stringAt } from "./read-json.ts";
import { textPart } from "./responses-items.ts";
import type { Stage } from "./stage.ts";
import { countTokens, cutToTokens } from "./text-pieces.ts";

/** What a response is made of. */
export type ResponseParts = {
  readonly id: string;
  readonly createdAt: number;
  readonly body: JsonObject;
  readonly context: readonly JsonObject[];
  readonly output: readonly JsonObject[];
  readonly stage: Stage;
};

/** Builds the finished response: completed, failed or incomplete. */
export function finishedResponse(parts: ResponseParts): JsonObject {
  const { stage } = parts;
  const base = openResponse(parts, "completed");
  if (stage.failLate === "response") {
    const error = { code: "server_error", message: "Simulated: the response failed." };
    return { ...base, status: "failed", error, usage: usageOf(parts, parts.output), output: parts.output };
  }
  const limit = numberAt(parts.body, "max_output_tokens");
  const output = limit === null ? parts.output : cutOutput(parts.output, limit);
  const reason = stage.incomplete ?? (output === parts.output ? null : "max_output_tokens");
  if (reason !== null) {
    const cut = output.map((item, index) =>
      index === output.length - 1 ? { ...item, status: "incomplete" } : item,
    );
    return {
      ...base,
      status: "incomplete",
      incomplete_details: { reason },
      usage: usageOf(parts, cut),
      output: cut,
    };
  }
  return { ...base, completed_at: parts.createdAt, usage: usageOf(parts, output), output };
}

/** Builds the response as it stands before it is finished: no output, no usage. */
export function openResponse(parts: ResponseParts, status: string): JsonObject {
  const { body } = parts;
  const given = (key: string, otherwise: Json): Json => body[key] ?? otherwise;
  const conversation = body["conversation"];
  const conversationId = typeof conversation === "string" ? conversation : stringAt(conversation, "id");
  return {
    id: parts.id,
    object: "response",
    created_at: parts.createdAt,
    status,
    background: given("background", false),
    completed_at: null,
    ...(conversationId === null ? {} : { conversation: { id: conversationId } }),
    error: null,
    incomplete_details: null,
    instructions: given("instructions", null),
    max_output_tokens: given("max_output_tokens", null),
    max_tool_calls: given("max_tool_calls", null),
    model: given("model", ""),
    output: [],
    parallel_tool_calls: given("parallel_tool_calls", true),
    previous_response_id: given("previous_response_id", null),
    prompt_cache_key: given("prompt_cache_key", null),
    reasoning: given("reasoning", { effort: null, summary: null }),
    safety_identifier: given("safety_identifier", null),
    service_tier: "default",
    store: given("store", true),
    temperature: given("temperature", 1),
    text: { format: { type: "text" }, verbosity: "medium", ...(isObject(body["text"]) ? body["text"] : {}) },
    tool_choice: given("tool_choice", "auto"),
    tools: given("tools", []),
    top_logprobs: given("top_logprobs", 0),
    top_p: given("top_p", 1),
    truncation: given("truncation", "disabled"),
    usage: null,
    user: given("user", null),
    metadata: given("metadata", {}),
  };
}

function usageOf(parts: ResponseParts, output: readonly JsonObject[]): JsonObject {
  const told = [parts.body["instructions"], parts.body["tools"], ...parts.context];
  const input = told.reduce<number>(
    (sum, value) => sum + (value == null ? 0 : countTokens(JSON.stringify(value))),
    0,
  );
  const reasoning = tokensOfItems(output.filter((item) => item["type"] === "reasoning"));
  const written = tokensOfItems(output);
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens: written,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + written,
  };
}

function tokensOfItems(items: readonly JsonObject[]): number {
  return items.reduce((sum, item) => sum + tokensOfItem(item), 0);
}

function tokensOfItem(item: JsonObject): number {
  const parts = [...objectsAt(item, "content"), ...objectsAt(item, "summary")];
  const texts = parts.map((part) => stringAt(part, "text") ?? stringAt(part, "refusal") ?? "");
  const call =
    stringAt(item, "arguments") ??
    stringAt(item, "input") ??
    JSON.stringify(item["action"] ?? item["operation"] ?? "");
  return countTokens(texts.join("") + (parts.length > 0 ? "" : call));
}

/** Cuts the output where its tokens run out; gives the same list where they don't. */
function cutOutput(output: readonly JsonObject[], limit: number): readonly JsonObject[] {
  let left = limit;
  for (const [index, item] of output.entries()) {
    const tokens = tokensOfItem(item);
    if (tokens <= left) {
      left -= tokens;
      continue;
    }
    const text = stringAt(objectsAt(item, "content")[0], "text");
    if (text === null) return output.slice(0, index);
    return [
      ...output.slice(0, index),
      { ...item, content: [textPart(cutToTokens(text, left), false, false)] },
    ];
  }
  return output;
}
