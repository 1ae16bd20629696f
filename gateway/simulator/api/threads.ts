// Serves the legacy threads: messages, and runs as JSON and as streams.
import type { JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { createCollection } from "../collection.ts";
import type { Collection } from "../collection.ts";
import { jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { makeId } from "../ids.ts";
import type { ToolResult } from "../plan.ts";
import { isObject, objectsAt, stringAt } from "../read-json.ts";
import { failOnCue } from "../request-checks.ts";
import { sendEvents, sendJson } from "../send.ts";
import { newRun, toMessage } from "./run-object.ts";
import { readOutputs, runFrames, takeTurn } from "./runs.ts";

const RUNS = "/threads/{thread}/runs";

/** Gives the handlers of `/v1/threads`. */
export function threadRoutes(deps: ApiDeps, assistants: Collection): readonly RouteEntry[] {
  const threads = createCollection(
    {
      path: "/threads",
      prefix: "thread_",
      object: "thread",
      verbs: ["create", "retrieve", "update", "delete"],
      notFound: (id) => `No thread found with id '${id}'.`,
      make: (body, _call, id) => {
        for (const message of objectsAt(body, "messages")) addMessage(id, message);
        return { tool_resources: body["tool_resources"] ?? {}, metadata: body["metadata"] ?? {} };
      },
    },
    deps,
  );
  const messages = createCollection(
    {
      path: "/threads/{thread}/messages",
      prefix: "msg_",
      object: "thread.message",
      parent: threads,
      notFound: (id) => `No message found with id '${id}'.`,
      required: ["role", "content"],
      make: (body, call, id) =>
        toMessage({ id, threadId: paramOf(call, "thread"), now: secondsOf(deps) }, body),
    },
    deps,
  );
  const runs = createCollection(
    {
      path: RUNS,
      prefix: "run_",
      object: "thread.run",
      verbs: ["list", "retrieve", "update"],
      parent: threads,
      notFound: (id) => `No run found with id '${id}'.`,
      actions: {
        cancel(run) {
          if (run["status"] !== "completed") return { status: "cancelled", cancelled_at: secondsOf(deps) };
          throw new ApiError(400, "Cannot cancel run with status 'completed'.");
        },
      },
    },
    deps,
  );
  const steps = createCollection(
    {
      path: `${RUNS}/{run}/steps`,
      prefix: "step_",
      object: "thread.run.step",
      verbs: ["list", "retrieve"],
      parent: runs,
      title: "Run step",
    },
    deps,
  );
  /** Rounds of outputs that a run has had. */
  const rounds = createBoundedMap<{ readonly rounds: number; readonly results: readonly ToolResult[] }>(
    10_000,
  );

  function addMessage(threadId: string, body: JsonObject): void {
    const id = makeId("msg_", deps.nextNonce());
    messages.put(toMessage({ id, threadId, now: secondsOf(deps) }, body), threadId);
  }

  function begin(threadId: string, body: JsonObject): JsonObject {
    const assistantId = stringAt(body, "assistant_id");
    if (assistantId === null) throw missing("assistant_id");
    const assistant = assistants.get(assistantId);
    if (assistant === undefined) throw new ApiError(404, `No assistant found with id '${assistantId}'.`);
    for (const message of objectsAt(body, "additional_messages")) addMessage(threadId, message);
    return newRun({ id: makeId("run_", deps.nextNonce()), threadId, now: secondsOf(deps) }, assistant, body);
  }

  async function go(
    call: Call,
    run: JsonObject,
    body: JsonObject,
    before: readonly JsonObject[],
  ): Promise<void> {
    const [threadId, runId] = [stringAt(run, "thread_id") ?? "", stringAt(run, "id") ?? ""];
    const round = rounds.get(runId) ?? { rounds: 0, results: [] };
    const turn = takeTurn(deps, { runs, steps, messages }, run, round);
    failOnCue(turn.stage, call.exchange.request);
    runs.put(turn.run, threadId);
    if (body["stream"] === true)
      return sendEvents(call.exchange, runFrames([...before, ...turn.events]), turn.stage);
    // It is done by the time that anybody asks again.
    return sendJson(call.exchange, 200, { ...run, status: "queued", required_action: null });
  }

  async function submit(call: Call): Promise<void> {
    const run = runs.find({ ...call, params: { ...call.params, id: paramOf(call, "run") } });
    if (run["status"] !== "requires_action") {
      throw new ApiError(
        400,
        `Runs in status "${stringAt(run, "status") ?? ""}" do not accept tool outputs.`,
      );
    }
    const body = jsonOf(call);
    const runId = stringAt(run, "id") ?? "";
    const earlier = rounds.get(runId) ?? { rounds: 0, results: [] };
    const results = [...earlier.results, ...readOutputs(run, body)];
    rounds.set(runId, { rounds: earlier.rounds + 1, results });
    return go(call, run, body, []);
  }

  return [
    ...threads.routes,
    ...messages.routes,
    ...runs.routes,
    ...steps.routes,
    [
      "POST",
      RUNS,
      (call) => {
        const threadId = paramOf(call, "thread");
        if (threads.get(threadId) === undefined) throw threads.unknown(threadId);
        const body = jsonOf(call);
        const run = begin(threadId, body);
        return go(call, run, body, [{ event: "thread.run.created", data: run }]);
      },
    ],
    [
      "POST",
      "/threads/runs",
      async (call) => {
        const body = jsonOf(call);
        const thread = await threads.add(isObject(body["thread"]) ? body["thread"] : {}, call);
        const run = begin(stringAt(thread, "id") ?? "", body);
        return go(call, run, body, [
          { event: "thread.created", data: thread },
          { event: "thread.run.created", data: run },
        ]);
      },
    ],
    ["POST", `${RUNS}/{run}/submit_tool_outputs`, submit],
  ];
}
