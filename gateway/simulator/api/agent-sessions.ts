// Serves the sessions of hosted agents: each message is a turn, which is over at once.
import type { Json, JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { createCollection } from "../collection.ts";
import { jsonOf, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import type { Collection, Kind } from "../collection.ts";
import { sendContent } from "../content.ts";
import { makeId } from "../ids.ts";
import { pageOf } from "../pages.ts";
import { planText, saidBy } from "../plan.ts";
import { isList, isObject, objectsAt, stringAt } from "../read-json.ts";
import { eventFrames, sendEvents, sendJson } from "../send.ts";
import { emptyStage } from "../stage.ts";
import { wordPieces } from "../text-pieces.ts";

/** The agent of a session that names none. */
const INLINE_AGENT: JsonObject = {
  id: "agent_inline",
  instructions: null,
  multi_agent: { enabled: false },
  name: null,
  reasoning: { effort: null, summary: null },
  service_tier: "auto",
  text: { format: { type: "text" }, verbosity: "medium" },
  tools: [],
};
const PATH = "/agents/sessions";
const INSIDE = `${PATH}/{session}`;

/** Gives the handlers of `/v1/agents/sessions`. */
export function agentSessionRoutes(deps: ApiDeps, agents: Collection | undefined): readonly RouteEntry[] {
  const events = createBoundedMap<readonly JsonObject[]>(1000);
  const sessions = createCollection(
    {
      path: PATH,
      prefix: "agsess_",
      object: "agent.session",
      verbs: ["list", "retrieve", "update", "delete"],
    },
    deps,
  );
  const below = (name: string, kind: Omit<Kind, "path" | "parent">): Collection =>
    createCollection({ path: `${INSIDE}/${name}`, parent: sessions, ...kind }, deps);
  const items = below("items", { prefix: "msg_", object: null, verbs: ["list"] });
  const turns = below("turns", {
    prefix: "turn_",
    object: "agent.session.turn",
    verbs: ["list", "retrieve"],
  });
  const traces = below("traces", { prefix: "trace_", object: "agent.session.trace", verbs: ["list"] });
  const artifacts = below("artifacts", {
    prefix: "artifact_",
    object: "agent.session.artifact",
    verbs: ["list", "retrieve", "delete"],
  });
  const subagents = below("subagents", {
    prefix: "subagent_",
    object: "agent.subagent",
    verbs: ["list", "retrieve"],
  });

  function create(call: Call): Promise<void> | void {
    const body = jsonOf(call);
    const id = makeId("agsess_", deps.nextNonce());
    const session: JsonObject = {
      id,
      object: "agent.session",
      created_at: secondsOf(deps),
      agent: agentOf(body),
      environment: body["environment"] ?? { type: "none" },
      error: null,
      last_active_at: secondsOf(deps),
      metadata: body["metadata"] ?? {},
      required_actions: [],
      status: "idle",
      usage: null,
      vault_ids: body["vault_ids"] ?? [],
    };
    sessions.put(session);
    push(id, [{ type: "agent.session.created", session }]);
    const prompt = textOf(body["input"]);
    if (prompt !== "") takeTurn(session, prompt);
    if (body["stream"] !== true) return sendJson(call.exchange, 200, session);
    return sendEvents(call.exchange, eventFrames(events.get(id) ?? []), emptyStage());
  }

  function agentOf(body: JsonObject): JsonObject {
    const id = stringAt(body, "agent_id");
    if (id !== null) {
      const found = agents?.get(id);
      if (found === undefined) throw new ApiError(404, `Agent with id '${id}' not found.`);
      return found;
    }
    const given = isObject(body["agent"]) ? body["agent"] : {};
    return { ...INLINE_AGENT, ...given };
  }

  function push(sessionId: string, more: readonly JsonObject[]): void {
    const known = events.get(sessionId) ?? [];
    const numbered = more.map((event, index) => ({ event_id: `event_${known.length + index}`, ...event }));
    events.set(sessionId, [...known, ...numbered]);
  }

  function takeTurn(session: JsonObject, prompt: string): void {
    const sessionId = stringAt(session, "id") ?? "";
    const turnId = makeId("turn_", deps.nextNonce());
    const now = secondsOf(deps);
    const message = (role: string, type: string, text: string): JsonObject => ({
      id: makeId("msg_", deps.nextNonce()),
      type: "message",
      role,
      content: [{ type, text }],
      phase: role === "assistant" ? "final_answer" : null,
      status: "completed",
      turn_id: turnId,
    });
    const said = saidBy(planText(prompt));
    const asked = message("user", "input_text", prompt);
    const answer = message("assistant", "output_text", said);
    const turn = {
      id: turnId,
      object: "agent.session.turn",
      agent_id: stringAt(session["agent"], "id") ?? "",
      created_at: now,
      started_at: now,
      completed_at: now,
      error: null,
      session_id: sessionId,
      status: "completed",
      subagent_id: null,
      usage: null,
    };
    for (const item of [asked, answer]) items.put(item, sessionId);
    turns.put(turn, sessionId);
    const at = { session_id: sessionId, turn_id: turnId };
    const within = { ...at, item_id: answer["id"] ?? "", output_index: 0, content_index: 0 };
    push(sessionId, [
      { type: "agent.session.turn.created", ...at, turn: { ...turn, status: "queued" } },
      { type: "agent.session.turn.item.added", ...at, output_index: 0, item: { ...answer, content: [] } },
      ...wordPieces(said).map((delta) => ({
        type: "agent.session.turn.output_text.delta",
        ...within,
        delta,
      })),
      { type: "agent.session.turn.output_text.done", ...within, text: said },
      { type: "agent.session.turn.item.done", ...at, output_index: 0, item: answer },
      { type: "agent.session.turn.completed", ...at, turn, usage: null },
      { type: "agent.session.idle", session },
    ]);
  }

  function enter(call: Call): JsonObject {
    const id = paramOf(call, "session");
    const session = sessions.get(id);
    if (session === undefined) throw sessions.unknown(id);
    return session;
  }

  /** Lists nothing, or the items of a turn that is there. */
  function itemsOf(call: Call): void {
    const sessionId = stringAt(enter(call), "id") ?? "";
    const turn = call.params["turn"];
    const own = items.list(sessionId).filter((item) => item["turn_id"] === turn);
    sendJson(call.exchange, 200, pageOf(turn === undefined ? [] : own, call.query, "desc"));
  }

  function noTurn(call: Call): void {
    enter(call);
    throw turns.unknown(paramOf(call, "turn"));
  }

  return [
    ...[sessions, items, turns, traces, artifacts, subagents].flatMap((collection) => collection.routes),
    ["POST", PATH, create],
    [
      "GET",
      `${INSIDE}/events`,
      (call) => {
        const id = stringAt(enter(call), "id") ?? "";
        return sendEvents(call.exchange, eventFrames(events.get(id) ?? []), emptyStage());
      },
    ],
    [
      "POST",
      `${INSIDE}/events`,
      (call) => {
        const session = enter(call);
        for (const event of objectsAt(jsonOf(call), "events")) {
          const prompt = textOf(event["message"] ?? event["content"] ?? event["input"]);
          if (prompt !== "") takeTurn(session, prompt);
        }
        call.exchange.response.writeHead(202, { "content-length": 0 });
        call.exchange.response.end();
      },
    ],
    ["GET", `${INSIDE}/turns/{turn}/items`, itemsOf],
    ["GET", `${INSIDE}/subagents/{subagent}/items`, itemsOf],
    ["GET", `${INSIDE}/subagents/{subagent}/turns`, itemsOf],
    ["GET", `${INSIDE}/subagents/{subagent}/turns/{turn}`, noTurn],
    ["GET", `${INSIDE}/subagents/{subagent}/turns/{turn}/items`, itemsOf],
    [
      "GET",
      `${INSIDE}/artifacts/{id}/content`,
      (call) => sendContent(call.exchange, Buffer.from(stringAt(artifacts.find(call), "path") ?? "")),
    ],
  ];
}

/** Gives the text of an input: a string, messages, or parts. */
function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (isList(value)) return value.map((one) => textOf(one)).join("");
  if (!isObject(value)) return "";
  return stringAt(value, "text") ?? textOf(value["content"]);
}
