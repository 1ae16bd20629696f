// Reads a Chat Completions request: enforces the order of tool messages, and gives the turn.
import type { JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { readId } from "./ids.ts";
import { offeredTools } from "./plan.ts";
import type { OfferedTool, Turn } from "./plan.ts";
import { isList, isObject, objectsAt, stringAt } from "./read-json.ts";
import { contentText } from "./responses-turn.ts";

const ROLES = new Set(["user", "assistant", "system", "developer", "tool", "function"]);

/** Gives the messages, after checking that each tool message answers a call and that each call is answered. */
export function readMessages(body: JsonObject): readonly JsonObject[] {
  const { messages } = body;
  if (messages === undefined) {
    throw new ApiError(400, "Missing required parameter: 'messages'.", {
      param: "messages",
      code: "missing_required_parameter",
    });
  }
  if (!isList(messages) || messages.length === 0) {
    throw new ApiError(400, "Invalid 'messages': expected an array with minimum length 1.", {
      param: "messages",
      code: "invalid_type",
    });
  }
  const read = messages.filter(isObject);
  let open: readonly string[] = [];
  for (const [index, message] of read.entries()) {
    const role = stringAt(message, "role") ?? "";
    if (!ROLES.has(role)) {
      throw new ApiError(400, `Invalid value: 'messages[${index}].role'.`, {
        param: `messages[${index}].role`,
        code: "invalid_value",
      });
    }
    if (role === "tool") open = answerCall(open, message, index);
    else {
      checkAnswered(open, index);
      open = objectsAt(message, "tool_calls").map((call) => stringAt(call, "id") ?? "");
    }
  }
  checkAnswered(open, read.length);
  return read;
}

/** Reads the turn: the last user text, what tools gave back since, what is offered. */
export function readChatTurn(body: JsonObject, messages: readonly JsonObject[]): Turn {
  const last = messages.findLastIndex((message) => message["role"] === "user");
  const names = new Map<string, string>();
  for (const call of messages.flatMap((message) => objectsAt(message, "tool_calls"))) {
    const name = stringAt(call["function"] ?? call["custom"], "name");
    if (name !== null) names.set(stringAt(call, "id") ?? "", name);
  }
  const since = messages
    .slice(last + 1)
    .filter((message) => message["role"] === "tool" || message["role"] === "function");
  const callIds = since.map(
    (message) => stringAt(message, "tool_call_id") ?? stringAt(message, "name") ?? "",
  );
  const format = body["response_format"];
  const described = isObject(format) ? format["json_schema"] : undefined;
  return {
    prompt: last === -1 ? "" : contentText(messages[last]?.["content"]),
    rounds: new Set(callIds.map((id) => readId(id)?.nonce ?? id)).size,
    results: since.map((message, index) => ({
      name: names.get(callIds[index] ?? "") ?? stringAt(message, "name"),
      text: contentText(message["content"]),
    })),
    tools: [...offeredTools(body["tools"]), ...legacyFunctions(body)],
    toolChoice: body["tool_choice"] ?? (body["function_call"] === "auto" ? undefined : body["function_call"]),
    parallel: body["parallel_tool_calls"] !== false && body["functions"] === undefined,
    format: {
      kind: stringAt(format, "type") ?? "text",
      schema: isObject(described) ? described["schema"] : undefined,
    },
  };
}

function legacyFunctions(body: JsonObject): readonly OfferedTool[] {
  return objectsAt(body, "functions").map((raw) => ({
    type: "function",
    name: stringAt(raw, "name"),
    parameters: raw["parameters"],
    raw,
  }));
}

function answerCall(open: readonly string[], message: JsonObject, index: number): readonly string[] {
  const id = stringAt(message, "tool_call_id") ?? "";
  if (open.includes(id)) return open.filter((other) => other !== id);
  throw new ApiError(
    400,
    "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
    { param: `messages.[${index}].role` },
  );
}

function checkAnswered(open: readonly string[], index: number): void {
  if (open.length === 0) return;
  throw new ApiError(
    400,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.join(", ")}`,
    { param: `messages.[${index}].role` },
  );
}
