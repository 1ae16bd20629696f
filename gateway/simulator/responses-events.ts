// Tells a finished response as the events of a stream, in the Responses API's shapes and order.
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../exchange.ts";
import { isList, objectsAt, stringAt } from "./read-json.ts";
import type { Stage } from "./stage.ts";
import { shortPieces, wordPieces } from "./text-pieces.ts";

type Emit = (type: string, fields: JsonObject) => void;

/** Gives the events of a response; `obfuscate` pads deltas as the API does unless told otherwise. */
export function responseEvents(
  finished: JsonObject,
  open: JsonObject,
  options: { readonly stage: Stage; readonly obfuscate: boolean },
): readonly JsonObject[] {
  const events: JsonObject[] = [];
  const emit: Emit = (type, fields) => {
    const sequence = events.length;
    const padded =
      options.obfuscate && type.endsWith(".delta") ? { obfuscation: padding(fields["delta"], sequence) } : {};
    events.push({ type, sequence_number: sequence, ...fields, ...padded });
  };
  if (open["background"] === true) {
    emit("response.created", { response: { ...open, status: "queued" } });
    emit("response.queued", { response: { ...open, status: "queued" } });
  } else emit("response.created", { response: open });
  emit("response.in_progress", { response: open });
  if (options.stage.keepalive) emit("keepalive", {});
  for (const [index, item] of objectsAt(finished, "output").entries()) emitItem(emit, item, index);
  if (options.stage.failLate === "event") {
    const error = { code: "server_error", message: "Simulated: the stream failed.", param: null };
    return [
      ...events.slice(0, Math.max(3, Math.floor(events.length / 2))),
      { type: "error", ...error, sequence_number: events.length },
    ];
  }
  emit(`response.${stringAt(finished, "status") ?? "completed"}`, { response: finished });
  return events;
}

function emitItem(emit: Emit, item: JsonObject, index: number): void {
  const at = { output_index: index };
  const named = { item_id: stringAt(item, "id") ?? "", ...at };
  switch (stringAt(item, "type") ?? "") {
    case "message":
      emit("response.output_item.added", { ...at, item: { ...item, status: "in_progress", content: [] } });
      for (const [part, content] of objectsAt(item, "content").entries())
        emitPart(emit, content, { ...named, content_index: part });
      break;
    case "reasoning":
      emit("response.output_item.added", { ...at, item: { ...item, summary: [] } });
      for (const [part, summary] of objectsAt(item, "summary").entries())
        emitSummary(emit, summary, { ...named, summary_index: part });
      break;
    case "function_call":
      emit("response.output_item.added", { ...at, item: { ...item, status: "in_progress", arguments: "" } });
      emitPieces(
        emit,
        "response.function_call_arguments",
        "arguments",
        stringAt(item, "arguments") ?? "",
        named,
      );
      break;
    case "custom_tool_call":
      emit("response.output_item.added", { ...at, item: { ...item, status: "in_progress", input: "" } });
      emitPieces(emit, "response.custom_tool_call_input", "input", stringAt(item, "input") ?? "", named);
      break;
    case "mcp_call":
      emit("response.output_item.added", {
        ...at,
        item: { ...item, status: "in_progress", arguments: "", output: null },
      });
      emit("response.mcp_call.in_progress", named);
      emitPieces(emit, "response.mcp_call_arguments", "arguments", stringAt(item, "arguments") ?? "", named);
      emit("response.mcp_call.completed", named);
      break;
    case "shell_call":
      emitShell(emit, item, index);
      break;
    case "web_search_call":
      emitStates(emit, item, "web_search_call", named, ["in_progress", "searching", "completed"]);
      break;
    case "file_search_call":
      emitStates(emit, item, "file_search_call", named, ["in_progress", "searching", "completed"]);
      break;
    case "image_generation_call":
      emitStates(emit, { ...item, result: null }, "image_generation_call", named, [
        "in_progress",
        "generating",
        "completed",
      ]);
      break;
    case "code_interpreter_call":
      emit("response.output_item.added", {
        ...at,
        item: { ...item, status: "in_progress", code: "", outputs: null },
      });
      emit("response.code_interpreter_call.in_progress", named);
      emitPieces(emit, "response.code_interpreter_call_code", "code", stringAt(item, "code") ?? "", named);
      emit("response.code_interpreter_call.interpreting", named);
      emit("response.code_interpreter_call.completed", named);
      break;
    default:
      emit("response.output_item.added", { ...at, item: { ...item, status: "in_progress" } });
  }
  emit("response.output_item.done", { ...at, item });
}

function emitStates(
  emit: Emit,
  item: JsonObject,
  kind: string,
  named: JsonObject,
  states: readonly string[],
): void {
  emit("response.output_item.added", {
    output_index: named["output_index"] ?? 0,
    item: { ...item, status: "in_progress" },
  });
  for (const state of states) emit(`response.${kind}.${state}`, named);
}

function emitPart(emit: Emit, part: JsonObject, at: JsonObject): void {
  const refusal = stringAt(part, "refusal");
  if (refusal !== null) {
    emit("response.content_part.added", { ...at, part: { type: "refusal", refusal: "" } });
    for (const delta of wordPieces(refusal)) emit("response.refusal.delta", { ...at, delta });
    emit("response.refusal.done", { ...at, refusal });
  } else {
    const text = stringAt(part, "text") ?? "";
    const logprobs = part["logprobs"] ?? [];
    emit("response.content_part.added", {
      ...at,
      part: { ...part, annotations: [], logprobs: [], text: "" },
    });
    for (const [index, delta] of wordPieces(text).entries()) {
      const own = isList(logprobs) ? logprobs.slice(index, index + 1) : [];
      emit("response.output_text.delta", { ...at, delta, logprobs: own });
    }
    for (const [index, annotation] of objectsAt(part, "annotations").entries()) {
      emit("response.output_text.annotation.added", { ...at, annotation_index: index, annotation });
    }
    emit("response.output_text.done", { ...at, text, logprobs });
  }
  emit("response.content_part.done", { ...at, part });
}

function emitSummary(emit: Emit, part: JsonObject, at: JsonObject): void {
  const text = stringAt(part, "text") ?? "";
  emit("response.reasoning_summary_part.added", { ...at, part: { type: "summary_text", text: "" } });
  for (const delta of wordPieces(text)) emit("response.reasoning_summary_text.delta", { ...at, delta });
  emit("response.reasoning_summary_text.done", { ...at, text });
  emit("response.reasoning_summary_part.done", { ...at, part });
}

function emitShell(emit: Emit, item: JsonObject, index: number): void {
  const action = item["action"];
  const commands = objectCommands(action);
  const empty = { commands: [], max_output_length: null, timeout_ms: null };
  emit("response.output_item.added", {
    output_index: index,
    item: { ...item, status: "in_progress", action: empty },
  });
  for (const [position, command] of commands.entries()) {
    const at = { output_index: index, command_index: position };
    emit("response.shell_call_command.added", { ...at, command: "" });
    for (const delta of shortPieces(command)) emit("response.shell_call_command.delta", { ...at, delta });
    emit("response.shell_call_command.done", { ...at, command });
  }
}

function objectCommands(action: Json | undefined): readonly string[] {
  if (typeof action !== "object" || action === null || !("commands" in action)) return [];
  const { commands } = action;
  return isList(commands) ? commands.filter((command) => typeof command === "string") : [];
}

function emitPieces(emit: Emit, kind: string, field: string, text: string, named: JsonObject): void {
  for (const delta of shortPieces(text)) emit(`${kind}.delta`, { ...named, delta });
  emit(`${kind}.done`, { ...named, [field]: text });
}

/** Pads a delta so that its length on the wire does not tell the token. */
function padding(delta: Json | undefined, sequence: number): string {
  const length = typeof delta === "string" ? delta.length : 0;
  return createHash("sha256")
    .update(String(sequence))
    .digest("base64url")
    .slice(0, 16 - (length % 16));
}
