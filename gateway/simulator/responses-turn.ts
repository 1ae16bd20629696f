// Reads the turn out of a Responses request: the last user text, what tools gave back since, what is offered.
import type { Json, JsonObject } from "../exchange.ts";
import { readId } from "./ids.ts";
import { offeredTools } from "./plan.ts";
import type { ToolResult, Turn } from "./plan.ts";
import { isList, isObject, objectsAt, stringAt } from "./read-json.ts";
import { CALL_OUTPUTS, outputText } from "./responses-items.ts";

const OUTPUT_TYPES = new Set([...Object.values(CALL_OUTPUTS), "mcp_approval_response"]);

/** Reads the turn from a request's body and its whole context. */
export function readTurn(body: JsonObject, context: readonly JsonObject[]): Turn {
  const last = context.findLastIndex((item) => item["role"] === "user");
  const since = context.slice(last + 1);
  const names = new Map<string, string>();
  for (const item of context) {
    const callId = stringAt(item, "call_id");
    const name = stringAt(item, "name");
    if (callId !== null && name !== null) names.set(callId, name);
  }
  const results: ToolResult[] = [];
  const rounds = new Set<string>();
  for (const item of since) {
    if (!OUTPUT_TYPES.has(stringAt(item, "type") ?? "")) continue;
    const callId = stringAt(item, "call_id") ?? stringAt(item, "approval_request_id") ?? "";
    rounds.add(readId(callId)?.nonce ?? callId);
    results.push({ name: names.get(callId) ?? null, text: outputText(item["output"] ?? item["approve"]) });
  }
  const format = isObject(body["text"]) ? body["text"]["format"] : undefined;
  const extra = context.filter((item) => item["type"] === "additional_tools").map((item) => item["tools"]);
  return {
    prompt: last === -1 ? "" : contentText(context[last]?.["content"]),
    rounds: rounds.size,
    results,
    tools: [body["tools"], ...extra].flatMap(offeredTools),
    toolChoice: body["tool_choice"],
    parallel: body["parallel_tool_calls"] !== false,
    format: {
      kind: stringAt(format, "type") ?? "text",
      schema: isObject(format) ? format["schema"] : undefined,
    },
  };
}

/** Gives the text of a message's content, whether a string or parts. */
export function contentText(content: Json | undefined): string {
  if (typeof content === "string") return content;
  if (!isList(content)) return "";
  return objectsAt({ content }, "content")
    .map((part) => stringAt(part, "text") ?? stringAt(part, "refusal") ?? "")
    .join("");
}
