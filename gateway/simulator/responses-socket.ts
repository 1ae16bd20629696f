// The simulated Responses API over a WebSocket: lanes by `stream_id`, each answered in order, and steering.
import { setTimeout as sleep } from "node:timers/promises";
import type { WebSocket } from "ws";
import type { Json, JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { isObject, parseText, stringAt } from "./read-json.ts";
import type { Stage } from "./stage.ts";

/** A response as it would be streamed. */
export type StreamedTurn = { readonly events: readonly JsonObject[]; readonly stage: Stage };

/** Makes a response of the body that `POST /v1/responses` takes; throws `ApiError`. */
export type StreamTurn = (body: JsonObject) => StreamedTurn;

/** A response under way, and what it is steered by. */
type Active = {
  readonly id: string;
  readonly lane: string;
  readonly body: JsonObject;
  readonly steers: { readonly id: string; readonly input: Json }[];
};

/** Serves one socket until it closes. */
export function serveResponsesSocket(socket: WebSocket, turn: StreamTurn, makeId: () => string): void {
  const lanes = new Map<string, Promise<void>>();
  const active = new Map<string, Active>();
  const left = new AbortController();
  socket.once("close", () => left.abort());
  socket.on("error", () => undefined);

  function send(lane: string, event: JsonObject): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(JSON.stringify(lane === "" ? event : { ...event, stream_id: lane }));
  }

  function sendError(lane: string, thrown: unknown): void {
    const error = thrown instanceof ApiError ? thrown : new ApiError(500, "The simulator failed.");
    send(lane, { type: "error", status: error.status, ...error.body });
  }

  async function answer(lane: string, body: JsonObject): Promise<void> {
    const { events, stage } = turn(body);
    const [created] = events;
    const response = isObject(created?.["response"]) ? created["response"] : {};
    const id = stringAt(response, "id") ?? "";
    const current: Active = { id, lane, body, steers: [] };
    active.set(id, current);
    try {
      await sleep(stage.delayMs, undefined, { signal: left.signal });
      if (stage.fault === "silence") return;
      for (const [index, event] of events.entries()) {
        if (left.signal.aborted) return;
        const isLast = index === events.length - 1;
        if (isBroken(stage, index, events.length)) return breakOff(stage);
        if (current.steers.length > 0 && !isLast && index >= 2) {
          const steered = { ...response, status: "incomplete", incomplete_details: { reason: "steered" } };
          send(lane, { type: "response.incomplete", sequence_number: index, response: steered });
          return;
        }
        send(lane, event);
        if (stage.paceMs > 0) await sleep(stage.paceMs, undefined, { signal: left.signal });
      }
    } finally {
      active.delete(id);
      if (current.steers.length > 0 && !left.signal.aborted) {
        const input = current.steers.map((steer) => steer.input).flatMap(toItems);
        await answer(lane, { ...body, input, previous_response_id: id });
      }
    }
  }

  function breakOff(stage: Stage): void {
    if (stage.fault === "garbage") socket.send("<<< not JSON >>>");
    else if (stage.fault !== "stall") socket.terminate();
  }

  function steer(value: JsonObject): void {
    const target = stringAt(value, "previous_response_id") ?? "";
    const input = value["input"] ?? "";
    const found = active.get(target);
    if (found === undefined) {
      const error = {
        type: "invalid_request_error",
        code: "response_not_active",
        message: "The response is no longer accepting steering input.",
      };
      send("", {
        type: "response.steer.failed",
        sequence_number: 0,
        error,
        steer: { input, previous_response_id: target },
      });
      return;
    }
    const id = makeId();
    found.steers.push({ id, input });
    send(found.lane, {
      type: "response.steer.accepted",
      sequence_number: 0,
      steer: { id, previous_response_id: target },
    });
  }

  socket.on("message", (data, isBinary) => {
    const value = isBinary || !Buffer.isBuffer(data) ? undefined : parseText(data.toString("utf8"));
    if (!isObject(value)) return sendError("", new ApiError(400, "The message is no JSON object."));
    const { type, stream_id, ...body } = value;
    const lane = typeof stream_id === "string" ? stream_id : "";
    if (type === "response.steer") return steer(value);
    if (type !== "response.create")
      return sendError(lane, new ApiError(400, "Unknown type of message.", { param: "type" }));
    const before = lanes.get(lane) ?? Promise.resolve();
    const next = before
      .then(() => answer(lane, { ...body, stream: true }))
      .catch((error: unknown) => {
        if (!left.signal.aborted) sendError(lane, error);
      });
    lanes.set(lane, next);
  });
}

function isBroken({ fault }: Stage, index: number, count: number): boolean {
  return fault !== null && index >= Math.min(count - 2, Math.max(5, Math.floor(count / 2)));
}

function toItems(input: Json): readonly Json[] {
  if (typeof input === "string") return [{ type: "message", role: "user", content: input }];
  return Array.isArray(input) ? input : [];
}
