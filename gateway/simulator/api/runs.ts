// Lets a run of a legacy assistant do its next turn: it says something, or asks for the outputs of its tools.
import type { JsonObject } from "../../exchange.ts";
import type { Collection } from "../collection.ts";
import { secondsOf } from "../call.ts";
import type { ApiDeps } from "../call.ts";
import { makeId } from "../ids.ts";
import { functionArguments, offeredTools, planTurn } from "../plan.ts";
import type { Output, ToolResult } from "../plan.ts";
import { isObject, objectsAt, stringAt } from "../read-json.ts";
import type { Stage } from "../stage.ts";
import { wordPieces } from "../text-pieces.ts";
import { textOf, toMessage, toStep, usageOf } from "./run-object.ts";

/** Where runs, their steps and their thread's messages lie. */
export type RunStores = {
  readonly runs: Collection;
  readonly steps: Collection;
  readonly messages: Collection;
};

/** What a turn did: the run as it stands after it, and the events that tell of it. */
export type RunTurn = {
  readonly run: JsonObject;
  readonly events: readonly JsonObject[];
  readonly stage: Stage;
};

/** Does the turn of a run after so many rounds of tools' outputs, and keeps what it makes. */
export function takeTurn(
  deps: ApiDeps,
  stores: RunStores,
  begun: JsonObject,
  round: { readonly rounds: number; readonly results: readonly ToolResult[] },
): RunTurn {
  const threadId = stringAt(begun, "thread_id") ?? "";
  const runId = stringAt(begun, "id") ?? "";
  const now = secondsOf(deps);
  const messages = stores.messages.list(threadId);
  const prompt = textOf(messages.findLast((message) => message["role"] === "user"));
  const { stage, outputs } = planTurn({
    prompt,
    ...round,
    tools: offeredTools(begun["tools"]),
    toolChoice: begun["tool_choice"],
    parallel: begun["parallel_tool_calls"] !== false,
    format: { kind: "text", schema: undefined },
  });
  const events: JsonObject[] = [];
  const emit = (event: string, data: JsonObject): void => {
    events.push({ event, data });
  };
  const working = { ...begun, status: "in_progress", started_at: now, required_action: null };
  emit("thread.run.queued", { ...begun, status: "queued" });
  emit("thread.run.in_progress", working);
  const calls = outputs.flatMap((output) => (output.kind === "call" ? [toCall(deps, output, prompt)] : []));
  const keepStep = (step: JsonObject): void => stores.steps.put(step, `${threadId}/${runId}`);
  const stepId = makeId("step_", deps.nextNonce());
  if (calls.length > 0) {
    const step = toStep(stepId, working, { type: "tool_calls", tool_calls: calls }, now, false);
    keepStep(step);
    emit("thread.run.step.created", step);
    emit("thread.run.step.in_progress", step);
    const action = { type: "submit_tool_outputs", submit_tool_outputs: { tool_calls: calls } };
    const waiting = { ...working, status: "requires_action", required_action: action };
    emit("thread.run.requires_action", waiting);
    return { run: waiting, events, stage };
  }
  const said = outputs.flatMap((output) => (output.kind === "text" ? [output.text] : [])).join("\n");
  const body = { role: "assistant", content: said, assistant_id: begun["assistant_id"] ?? null };
  const message = toMessage({ id: makeId("msg_", deps.nextNonce()), threadId, now, runId }, body);
  stores.messages.put(message, threadId);
  const details = {
    type: "message_creation",
    message_creation: { message_id: stringAt(message, "id") ?? "" },
  };
  const step = toStep(stepId, working, details, now, false);
  const done = { ...toStep(stepId, working, details, now, true), usage: usageOf(prompt, said) };
  keepStep(done);
  emit("thread.run.step.created", step);
  emit("thread.run.step.in_progress", step);
  const empty = { ...message, status: "in_progress", completed_at: null, content: [] };
  emit("thread.message.created", empty);
  emit("thread.message.in_progress", empty);
  for (const value of wordPieces(said)) emit("thread.message.delta", toDelta(message, value));
  emit("thread.message.completed", message);
  emit("thread.run.step.completed", done);
  const run = { ...working, status: "completed", completed_at: now, usage: usageOf(prompt, said) };
  emit("thread.run.completed", run);
  return { run, events, stage };
}

/** Reads the outputs that a program submits, with the names of the calls that they answer. */
export function readOutputs(run: JsonObject, body: JsonObject): readonly ToolResult[] {
  const action = run["required_action"];
  const wanted = objectsAt(isObject(action) ? action["submit_tool_outputs"] : null, "tool_calls");
  return objectsAt(body, "tool_outputs").map((output) => {
    const call = wanted.find((one) => one["id"] === output["tool_call_id"]);
    return { name: stringAt(call?.["function"], "name"), text: stringAt(output, "output") ?? "" };
  });
}

/** Writes the events as frames, with the end that this API has. */
export function runFrames(events: readonly JsonObject[]): readonly string[] {
  const frames = events.map(
    (event) => `event: ${stringAt(event, "event") ?? ""}\ndata: ${JSON.stringify(event["data"] ?? null)}\n\n`,
  );
  return [...frames, "event: done\ndata: [DONE]\n\n"];
}

function toCall(deps: ApiDeps, output: Extract<Output, { kind: "call" }>, prompt: string): JsonObject {
  const { tool, rest } = output;
  return {
    id: makeId("call_", deps.nextNonce()),
    type: "function",
    function: { name: tool.name ?? tool.type, arguments: functionArguments(tool, rest, prompt) },
  };
}

function toDelta(message: JsonObject, value: string): JsonObject {
  const content = [{ index: 0, type: "text", text: { value } }];
  return { id: message["id"] ?? "", object: "thread.message.delta", delta: { content } };
}
