// Builds chat completions and the chunks of their streams.
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../exchange.ts";
import { makeId } from "./ids.ts";
import { functionArguments } from "./plan.ts";
import type { Output } from "./plan.ts";
import { isObject, numberAt, objectsAt, stringAt } from "./read-json.ts";
import { textLogprobs } from "./responses-items.ts";
import type { Stage } from "./stage.ts";
import { countTokens, cutToTokens, shortPieces, wordPieces } from "./text-pieces.ts";

/** What a completion is made of. */
export type CompletionParts = {
  readonly nonce: string;
  readonly created: number;
  readonly body: JsonObject;
  readonly prompt: string;
  readonly outputs: readonly Output[];
  readonly stage: Stage;
};

/** Builds the whole completion, with as many equal choices as `n` asks for. */
export function toCompletion(parts: CompletionParts): JsonObject {
  const { body } = parts;
  const limit = numberAt(body, "max_completion_tokens") ?? numberAt(body, "max_tokens");
  const full = toMessage(parts);
  const message = cutMessage(full, limit);
  const count = Math.max(1, numberAt(body, "n") ?? 1);
  const reason = finishReason(parts, message, message !== full);
  const choices = Array.from({ length: count }, (_, index) => ({
    index,
    message,
    logprobs:
      body["logprobs"] === true
        ? { content: textLogprobs(stringAt(message, "content") ?? ""), refusal: null }
        : null,
    finish_reason: reason,
  }));
  return {
    id: makeId("chatcmpl-", parts.nonce),
    object: "chat.completion",
    created: parts.created,
    model: body["model"] ?? "",
    choices,
    usage: usageOf(parts, message, count),
    service_tier: "default",
    system_fingerprint: "fp_simulated",
    metadata: body["metadata"] ?? {},
  };
}

/** Tells a completion as chunks; usage comes last and only where `include_usage` asks. */
export function toChunks(completion: JsonObject, body: JsonObject, stage: Stage): readonly JsonObject[] {
  const options = body["stream_options"];
  const withUsage = isObject(options) && options["include_usage"] === true;
  const obfuscate = !(isObject(options) && options["include_obfuscation"] === false);
  const { usage, metadata: _metadata, choices: _choices, ...rest } = completion;
  const base = { ...rest, object: "chat.completion.chunk" };
  const chunks: JsonObject[] = [];
  const push = (index: number, delta: JsonObject, finish: Json, logprobs: Json = null): void => {
    chunks.push({
      ...base,
      choices: [{ index, delta, logprobs, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
      ...(obfuscate
        ? { obfuscation: createHash("sha256").update(String(chunks.length)).digest("base64url").slice(0, 8) }
        : {}),
    });
  };
  const choices = objectsAt(completion, "choices");
  for (const choice of choices) tellChoice(choice, push);
  const error = {
    message: "Simulated: the stream failed.",
    type: "server_error",
    param: null,
    code: "server_error",
  };
  if (stage.failLate !== null)
    return [...chunks.slice(0, Math.max(2, Math.floor(chunks.length / 2))), { error }];
  if (withUsage) chunks.push({ ...base, choices: [], usage: usage ?? null });
  return chunks;
}

function tellChoice(
  choice: JsonObject,
  push: (index: number, delta: JsonObject, finish: Json, logprobs?: Json) => void,
): void {
  const index = numberAt(choice, "index") ?? 0;
  const { message } = choice;
  const content = stringAt(message, "content");
  const refusal = stringAt(message, "refusal");
  push(index, { role: "assistant", content: content === null ? null : "", refusal: null }, null);
  const logprobs = objectsAt(choice["logprobs"], "content");
  for (const [at, piece] of wordPieces(content ?? "").entries()) {
    const own = logprobs[at];
    push(index, { content: piece }, null, own === undefined ? null : { content: [own], refusal: null });
  }
  for (const piece of wordPieces(refusal ?? "")) push(index, { refusal: piece }, null);
  for (const [at, call] of objectsAt(message, "tool_calls").entries())
    tellCall(call, at, (delta) => push(index, delta, null));
  const legacy = isObject(message) ? message["function_call"] : undefined;
  if (isObject(legacy)) {
    push(index, { function_call: { name: legacy["name"] ?? "", arguments: "" } }, null);
    for (const piece of shortPieces(stringAt(legacy, "arguments") ?? ""))
      push(index, { function_call: { arguments: piece } }, null);
  }
  push(index, {}, choice["finish_reason"] ?? "stop");
}

function tellCall(call: JsonObject, index: number, push: (delta: JsonObject) => void): void {
  const field = stringAt(call, "type") === "custom" ? "custom" : "function";
  const text = field === "custom" ? "input" : "arguments";
  const told = call[field];
  const start = { name: stringAt(told, "name") ?? "", [text]: "" };
  push({ tool_calls: [{ index, id: call["id"] ?? "", type: field, [field]: start }] });
  for (const piece of shortPieces(stringAt(told, text) ?? ""))
    push({ tool_calls: [{ index, [field]: { [text]: piece } }] });
}

function toMessage(parts: CompletionParts): JsonObject {
  const texts = parts.outputs.filter((output) => output.kind === "text");
  const said = texts.filter((output) => !output.refusal).map((output) => output.text);
  const refused = texts.filter((output) => output.refusal).map((output) => output.text);
  const calls = parts.outputs.flatMap((output, index) =>
    output.kind === "call" ? [toCall(output, index, parts)] : [],
  );
  const isLegacy = parts.body["functions"] !== undefined;
  return {
    role: "assistant",
    content: said.length > 0 ? said.join("\n") : null,
    refusal: refused.length > 0 ? refused.join("\n") : null,
    annotations: [],
    ...(calls.length > 0 && !isLegacy ? { tool_calls: calls } : {}),
    ...(isLegacy && isObject(calls[0]?.["function"]) ? { function_call: calls[0]["function"] } : {}),
  };
}

function toCall(
  output: Extract<Output, { kind: "call" }>,
  index: number,
  parts: CompletionParts,
): JsonObject {
  const { tool, rest } = output;
  const id = makeId("call_", parts.nonce, index);
  const name = tool.name ?? tool.type;
  if (tool.type === "custom")
    return { id, type: "custom", custom: { name, input: rest === "" ? parts.prompt : rest } };
  return { id, type: "function", function: { name, arguments: functionArguments(tool, rest, parts.prompt) } };
}

function cutMessage(message: JsonObject, limit: number | null): JsonObject {
  const content = stringAt(message, "content");
  if (limit === null || content === null || countTokens(content) <= limit) return message;
  return { ...message, content: cutToTokens(content, limit) };
}

function finishReason(parts: CompletionParts, message: JsonObject, isCut: boolean): string {
  if (parts.stage.incomplete === "content_filter") return "content_filter";
  if (isCut || parts.stage.incomplete === "max_output_tokens") return "length";
  if (message["function_call"] !== undefined) return "function_call";
  return message["tool_calls"] === undefined ? "stop" : "tool_calls";
}

function usageOf(parts: CompletionParts, message: JsonObject, count: number): JsonObject {
  const told = [parts.body["messages"], parts.body["tools"], parts.body["functions"]];
  const prompt = told.reduce<number>(
    (sum, value) => sum + (value == null ? 0 : countTokens(JSON.stringify(value))),
    0,
  );
  const thoughts = parts.outputs.filter((output) => output.kind === "reasoning");
  const reasoning = thoughts.reduce((sum, output) => sum + countTokens(output.text), 0);
  const calls = message["tool_calls"] ?? message["function_call"];
  const said = (stringAt(message, "content") ?? "") + (stringAt(message, "refusal") ?? "");
  const completion =
    count * (countTokens(said) + (calls === undefined ? 0 : countTokens(JSON.stringify(calls)))) + reasoning;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}
