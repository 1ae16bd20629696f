// Turns what the model puts out into items of the Responses API.
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../exchange.ts";
import { hostedItem } from "./hosted-items.ts";
import { makeId, readId } from "./ids.ts";
import { functionArguments } from "./plan.ts";
import type { Output } from "./plan.ts";
import { isObject, parseText, stringAt } from "./read-json.ts";
import { wordPieces } from "./text-pieces.ts";

/** The prefix of the id that the API gives an item of a type. */
export function idPrefix(type: string): string {
  switch (type) {
    case "message":
      return "msg_";
    case "reasoning":
      return "rs_";
    case "function_call":
      return "fc_";
    case "custom_tool_call":
      return "ctc_";
    case "shell_call":
      return "sh_";
    case "local_shell_call":
      return "lsh_";
    case "apply_patch_call":
      return "apc_";
    case "computer_call":
      return "cu_";
    case "web_search_call":
      return "ws_";
    case "file_search_call":
      return "fs_";
    case "code_interpreter_call":
      return "ci_";
    case "image_generation_call":
      return "ig_";
    case "mcp_approval_request":
      return "mcpr_";
    case "mcp_call":
      return "mcp_";
    default:
      return "item_";
  }
}

/** Makes the output items of one response, each with an id that names its place. */
export function toItems(
  outputs: readonly Output[],
  nonce: string,
  request: { readonly prompt: string; readonly encrypted: boolean; readonly logprobs: boolean },
): readonly JsonObject[] {
  return outputs.map((output, index) => {
    const draft = toDraft(output, nonce, index, request);
    const afterReasoning = outputs[index - 1]?.kind === "reasoning";
    const id = makeId(idPrefix(stringAt(draft, "type") ?? ""), nonce, index, afterReasoning);
    if (output.kind !== "reasoning") return { id, ...draft };
    return request.encrypted ? { id, ...draft, encrypted_content: sealReasoning(id) } : { id, ...draft };
  });
}

/** Makes the opaque content of a reasoning item; it names the item, so that a change is noticed. */
function sealReasoning(id: string): string {
  const proof = createHash("sha512").update(`sealed ${id}`).digest("base64url");
  return `gAAAAAB${Buffer.from(id).toString("base64url")}.${proof}`;
}

/** Tells whether opaque content is what a simulator made, for the item `id` where that is known. */
export function isSealedReasoning(content: string, id: string | null): boolean {
  const body = /^gAAAAAB([\w-]+)\./.exec(content)?.[1];
  if (body === undefined) return false;
  const named = Buffer.from(body, "base64url").toString();
  return readId(named) !== null && (id === null || id === named) && sealReasoning(named) === content;
}

/** Makes an assistant message's content part. */
export function textPart(text: string, refusal: boolean, logprobs: boolean): JsonObject {
  if (refusal) return { type: "refusal", refusal: text };
  return { type: "output_text", annotations: [], logprobs: logprobs ? textLogprobs(text) : [], text };
}

/** Makes the log probabilities of a text: each word certain. */
export function textLogprobs(text: string): readonly JsonObject[] {
  return wordPieces(text).map((token) => {
    const entry = { token, bytes: [...Buffer.from(token)], logprob: 0 };
    return { ...entry, top_logprobs: [entry] };
  });
}

function toDraft(
  output: Output,
  nonce: string,
  index: number,
  request: { readonly prompt: string; readonly logprobs: boolean },
): JsonObject {
  if (output.kind === "item") return output.item;
  if (output.kind === "call") return callDraft(output, makeId("call_", nonce, index), request.prompt);
  if (output.kind === "reasoning") {
    return { type: "reasoning", summary: [{ type: "summary_text", text: output.text }] };
  }
  const part = textPart(output.text, output.refusal, request.logprobs);
  return { type: "message", status: "completed", role: "assistant", content: [part] };
}

function callDraft(output: Extract<Output, { kind: "call" }>, callId: string, prompt: string): JsonObject {
  const { tool, rest } = output;
  const given = parseText(rest);
  switch (tool.type) {
    case "function":
      return {
        type: "function_call",
        status: "completed",
        arguments: functionArguments(tool, rest, prompt),
        call_id: callId,
        name: tool.name ?? "",
      };
    case "custom":
      return {
        type: "custom_tool_call",
        status: "completed",
        call_id: callId,
        input: rest === "" ? prompt : rest,
        name: tool.name ?? "",
      };
    case "shell":
      return {
        type: "shell_call",
        status: "completed",
        call_id: callId,
        action: isObject(given) ? given : { commands: [rest], max_output_length: null, timeout_ms: null },
        environment: { type: "local" },
      };
    case "local_shell":
      return {
        type: "local_shell_call",
        status: "completed",
        call_id: callId,
        action: isObject(given) ? given : { type: "exec", command: ["bash", "-lc", rest], env: {} },
      };
    case "apply_patch":
      return {
        type: "apply_patch_call",
        status: "completed",
        call_id: callId,
        operation: isObject(given) ? given : { type: "create_file", path: "notes.txt", diff: `+${rest}` },
      };
    case "computer":
    case "computer_use_preview":
      return {
        type: "computer_call",
        status: "completed",
        call_id: callId,
        action: isObject(given) ? given : { type: "screenshot" },
        pending_safety_checks: [],
      };
    default:
      return hostedItem(tool, rest === "" ? prompt : rest, callId);
  }
}

/** The item types whose result the program owes, with the type that answers them. */
export const CALL_OUTPUTS: Readonly<Record<string, string>> = {
  function_call: "function_call_output",
  custom_tool_call: "custom_tool_call_output",
  shell_call: "shell_call_output",
  local_shell_call: "local_shell_call_output",
  apply_patch_call: "apply_patch_call_output",
  computer_call: "computer_call_output",
};

/** Gives the text of a tool's output, whatever its form. */
export function outputText(output: Json | undefined): string {
  if (typeof output === "string") return output;
  if (!Array.isArray(output)) return output === undefined ? "" : JSON.stringify(output);
  return output
    .map((part: Json) => stringAt(part, "text") ?? stringAt(part, "stdout") ?? JSON.stringify(part))
    .join("\n");
}
