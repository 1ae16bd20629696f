// Serves the simulated Responses API: creating, and the stored objects.
import type { IncomingMessage } from "node:http";
import type { Json, JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import type { Conversations } from "./api/conversations.ts";
import { jsonOf, missing, paramOf, requireJson, secondsOf } from "./call.ts";
import type { ApiDeps, Call, RouteEntry } from "./call.ts";
import { createBoundedMap } from "./bounded-map.ts";
import { makeId } from "./ids.ts";
import { planTurn } from "./plan.ts";
import { toCompaction } from "./responses-compaction.ts";
import { countTokens } from "./text-pieces.ts";
import { checkModel, failOnCue } from "./request-checks.ts";
import { isList, numberAt, stringAt } from "./read-json.ts";
import { responseEvents } from "./responses-events.ts";
import { checkContext, readInput } from "./responses-input.ts";
import { toItems } from "./responses-items.ts";
import { finishedResponse, openResponse } from "./responses-object.ts";
import { readTurn } from "./responses-turn.ts";
import type { StreamTurn } from "./responses-socket.ts";
import { emptyStage } from "./stage.ts";
import { eventFrames, sendEvents, sendJson, sendStagedJson } from "./send.ts";
import type { Exchange } from "./send.ts";
import { pageOf } from "./pages.ts";

type Stored = {
  response: JsonObject;
  readonly events: readonly JsonObject[];
  /** All items that the answer was made from, earlier responses' included. */
  readonly input: readonly JsonObject[];
  /** Background: when the response is done, in milliseconds since the epoch. */
  readonly readyAt: number;
};

/** What the handlers are made of. */
export type ResponsesDeps = ApiDeps & {
  readonly conversations: Conversations;
};

const STORED_LIMIT = 10_000;

/** The Responses API by both of its ways. */
export type Responses = {
  readonly routes: readonly RouteEntry[];
  /** Makes a response that is streamed over a socket. */
  readonly stream: StreamTurn;
};

/** Creates the handlers of `/v1/responses` with an empty store. */
export function createResponses(deps: ResponsesDeps): Responses {
  const responses = createBoundedMap<Stored>(STORED_LIMIT);
  const items = createBoundedMap<JsonObject>(STORED_LIMIT * 4);

  function find(id: string): Stored {
    const found = responses.get(id);
    if (found !== undefined) return found;
    throw new ApiError(404, `Response with id '${id}' not found.`);
  }

  function earlierItems(body: JsonObject): readonly JsonObject[] {
    const previous = stringAt(body, "previous_response_id");
    const conversation = body["conversation"] ?? null;
    if (previous !== null && conversation !== null) {
      throw new ApiError(400, "Only one of 'previous_response_id' and 'conversation' can be given.", {
        param: "conversation",
        code: "mutually_exclusive_parameters",
      });
    }
    if (previous === null) return deps.conversations.itemsOf(conversation);
    const found = responses.get(previous);
    if (found === undefined) {
      throw new ApiError(400, `Previous response with id '${previous}' not found.`, {
        param: "previous_response_id",
        code: "previous_response_not_found",
      });
    }
    return [...found.input, ...readInput(found.response["output"], () => undefined)];
  }

  function store(stored: Stored, own: readonly JsonObject[]): void {
    responses.set(stringAt(stored.response, "id") ?? "", stored);
    for (const item of own) {
      const id = stringAt(item, "id");
      if (id !== null) items.set(id, item);
    }
  }

  function make(body: JsonObject, request: IncomingMessage | null) {
    checkModel(body);
    checkCreate(body);
    const nonce = deps.nextNonce();
    const own = readInput(body["input"], (id) => items.get(id));
    const context = [...earlierItems(body), ...own];
    // A socket goes on from its responses whether or not they are stored.
    const isStored = body["store"] !== false || request === null;
    checkContext(context, own, isStored);
    const turn = readTurn(body, context);
    const { stage, outputs } = planTurn(turn);
    failOnCue(stage, request);
    const output = toItems(outputs, nonce, {
      prompt: turn.prompt,
      encrypted: includes(body, "reasoning.encrypted_content"),
      logprobs: includes(body, "message.output_text.logprobs") || (numberAt(body, "top_logprobs") ?? 0) > 0,
    });
    const createdAt = Math.floor(deps.now() / 1000);
    const parts = { id: makeId("resp_", nonce), createdAt, body, context, output, stage };
    const finished = finishedResponse(parts);
    const obfuscate = !isObjectWith(body["stream_options"], "include_obfuscation", false);
    const events = responseEvents(finished, openResponse(parts, "in_progress"), { stage, obfuscate });
    const input = context.map((item, index) =>
      item["id"] === undefined ? { id: makeId("msg_", nonce, 0x800 + (index % 0x7ff)), ...item } : item,
    );
    const isBackground = body["background"] === true;
    if (isStored)
      store(
        { response: finished, events, input, readyAt: isBackground ? deps.now() + stage.delayMs : 0 },
        output,
      );
    deps.conversations.append(body["conversation"], [...input.slice(context.length - own.length), ...output]);
    return { finished, events, stage, isBackground, parts };
  }

  async function create(exchange: Exchange, body: JsonObject): Promise<void> {
    const { finished, events, stage, isBackground, parts } = make(body, exchange.request);
    if (body["stream"] === true) await sendEvents(exchange, eventFrames(events), stage);
    else if (isBackground) sendJson(exchange, 200, openResponse(parts, "queued"));
    else await sendStagedJson(exchange, finished, stage);
  }

  function cancel(found: Stored): JsonObject {
    if (found.response["background"] !== true) {
      throw new ApiError(400, "Only responses created with `background=true` can be cancelled.");
    }
    if (deps.now() < found.readyAt) found.response = { ...unfinished(found), status: "cancelled" };
    return found.response;
  }

  async function retrieve(exchange: Exchange, found: Stored, query: URLSearchParams): Promise<void> {
    if (query.get("stream") === "true") {
      const after = Number(query.get("starting_after") ?? -1);
      const events = found.events.filter((event) => (numberAt(event, "sequence_number") ?? 0) > after);
      return sendEvents(exchange, eventFrames(events), emptyStage());
    }
    const isPending = deps.now() < found.readyAt && found.response["status"] !== "cancelled";
    return sendJson(
      exchange,
      200,
      isPending ? { ...unfinished(found), status: "in_progress" } : found.response,
    );
  }

  /** Gives what a request's input and its earlier turns hold, checked as for a response. */
  function readContext(body: JsonObject): readonly JsonObject[] {
    checkModel(body);
    const own = readInput(body["input"], (id) => items.get(id));
    const context = [...earlierItems(body), ...own];
    if (context.length === 0) throw missing("input");
    checkContext(context, own, true);
    return context;
  }

  function compact(call: Call): void {
    const body = requireJson(call);
    sendJson(call.exchange, 200, toCompaction(readContext(body), deps.nextNonce(), secondsOf(deps)));
  }

  function countInput(call: Call): void {
    const body = jsonOf(call);
    const told = [body["instructions"], body["tools"], ...readContext({ model: "gpt-4.1", ...body })];
    const tokens = told.reduce<number>(
      (sum, one) => sum + (one == null ? 0 : countTokens(JSON.stringify(one))),
      0,
    );
    sendJson(call.exchange, 200, { object: "response.input_tokens", input_tokens: tokens });
  }

  const routes: readonly RouteEntry[] = [
    ["POST", "/responses/compact", compact],
    ["POST", "/responses/input_tokens", countInput],
    ["POST", "/responses", (call) => create(call.exchange, requireJson(call))],
    ["GET", "/responses/{id}", (call) => retrieve(call.exchange, find(paramOf(call, "id")), call.query)],
    [
      "DELETE",
      "/responses/{id}",
      (call) => {
        const id = paramOf(call, "id");
        find(id);
        responses.delete(id);
        sendJson(call.exchange, 200, { id, object: "response", deleted: true });
      },
    ],
    [
      "POST",
      "/responses/{id}/cancel",
      (call) => sendJson(call.exchange, 200, cancel(find(paramOf(call, "id")))),
    ],
    [
      "GET",
      "/responses/{id}/input_items",
      (call) => sendJson(call.exchange, 200, pageOf(find(paramOf(call, "id")).input, call.query, "desc")),
    ],
  ];
  return { routes, stream: (body) => make(body, null) };
}

/** Gives a response as it is before it is done, or where it never will be. */
function unfinished(stored: Stored): JsonObject {
  return { ...stored.response, output: [], usage: null, completed_at: null };
}

function checkCreate(body: JsonObject): void {
  if (body["background"] === true && body["store"] === false) {
    throw new ApiError(400, "Background mode requires store=true.", { param: "background" });
  }
  const limit = numberAt(body, "max_output_tokens");
  if (limit !== null && limit < 16) {
    throw new ApiError(
      400,
      `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${limit} instead.`,
      {
        param: "max_output_tokens",
        code: "integer_below_min_value",
      },
    );
  }
  const hasInput = body["input"] !== undefined || stringAt(body, "previous_response_id") !== null;
  if (!hasInput && body["prompt"] === undefined) {
    throw new ApiError(400, "Missing required parameter: 'input'.", {
      param: "input",
      code: "missing_required_parameter",
    });
  }
}

function includes(body: JsonObject, name: string): boolean {
  const { include } = body;
  return isList(include) && include.includes(name);
}

function isObjectWith(value: Json | undefined, key: string, wanted: Json): boolean {
  return typeof value === "object" && value !== null && !isList(value) && value[key] === wanted;
}
