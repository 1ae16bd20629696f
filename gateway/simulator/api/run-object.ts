// Builds the objects of the legacy assistants' runs: messages, runs and their steps.
import type { Json, JsonObject } from "../../exchange.ts";
import { isList, isObject, stringAt } from "../read-json.ts";
import { countTokens } from "../text-pieces.ts";

/** Builds a message of a thread. */
export function toMessage(
  parts: { readonly id: string; readonly threadId: string; readonly now: number; readonly runId?: string },
  body: JsonObject,
): JsonObject {
  return {
    id: parts.id,
    object: "thread.message",
    created_at: parts.now,
    thread_id: parts.threadId,
    status: "completed",
    incomplete_details: null,
    completed_at: parts.now,
    incomplete_at: null,
    role: body["role"] ?? "user",
    content: contentOf(body["content"]),
    assistant_id: body["assistant_id"] ?? null,
    run_id: parts.runId ?? null,
    attachments: body["attachments"] ?? [],
    metadata: body["metadata"] ?? {},
  };
}

function contentOf(content: Json | undefined): Json {
  const parts = isList(content) ? content : [{ type: "text", text: content ?? "" }];
  return parts.map((part) =>
    isObject(part) && part["type"] === "text" && !isObject(part["text"])
      ? { type: "text", text: { value: part["text"] ?? "", annotations: [] } }
      : part,
  );
}

/** Gives the text of a message. */
export function textOf(message: JsonObject | undefined): string {
  const content = message?.["content"];
  if (!isList(content)) return "";
  return content.map((part) => (isObject(part) ? (stringAt(part["text"], "value") ?? "") : "")).join("");
}

/** Builds a run as it begins. */
export function newRun(
  parts: { readonly id: string; readonly threadId: string; readonly now: number },
  assistant: JsonObject,
  body: JsonObject,
): JsonObject {
  const given = (key: string, otherwise: Json): Json => body[key] ?? assistant[key] ?? otherwise;
  return {
    id: parts.id,
    object: "thread.run",
    created_at: parts.now,
    thread_id: parts.threadId,
    assistant_id: stringAt(assistant, "id") ?? "",
    status: "queued",
    required_action: null,
    last_error: null,
    expires_at: parts.now + 600,
    started_at: null,
    cancelled_at: null,
    failed_at: null,
    completed_at: null,
    incomplete_details: null,
    model: given("model", ""),
    instructions: given("instructions", ""),
    tools: given("tools", []),
    metadata: body["metadata"] ?? {},
    usage: null,
    temperature: given("temperature", 1),
    top_p: given("top_p", 1),
    max_prompt_tokens: body["max_prompt_tokens"] ?? null,
    max_completion_tokens: body["max_completion_tokens"] ?? null,
    truncation_strategy: body["truncation_strategy"] ?? { type: "auto", last_messages: null },
    tool_choice: body["tool_choice"] ?? "auto",
    parallel_tool_calls: body["parallel_tool_calls"] ?? true,
    response_format: given("response_format", "auto"),
  };
}

/** Builds a step of a run. */
export function toStep(
  id: string,
  run: JsonObject,
  details: JsonObject,
  now: number,
  isDone: boolean,
): JsonObject {
  return {
    id,
    object: "thread.run.step",
    created_at: now,
    assistant_id: run["assistant_id"] ?? "",
    thread_id: run["thread_id"] ?? "",
    run_id: run["id"] ?? "",
    type: details["type"] ?? "",
    status: isDone ? "completed" : "in_progress",
    step_details: details,
    last_error: null,
    expired_at: null,
    cancelled_at: null,
    failed_at: null,
    completed_at: isDone ? now : null,
    metadata: {},
    usage: isDone ? usageOf("", "") : null,
  };
}

/** Builds the usage of a run by its texts. */
export function usageOf(prompt: string, said: string): JsonObject {
  const [read, written] = [countTokens(prompt), countTokens(said)];
  return { prompt_tokens: read, completion_tokens: written, total_tokens: read + written };
}
