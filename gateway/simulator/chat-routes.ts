// Serves the simulated Chat Completions API: creating, and the stored objects.
import type { JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { createBoundedMap } from "./bounded-map.ts";
import { jsonOf, paramOf, requireJson } from "./call.ts";
import type { ApiDeps, RouteEntry } from "./call.ts";
import { readChatTurn, readMessages } from "./chat-input.ts";
import { toChunks, toCompletion } from "./chat-object.ts";
import { makeId } from "./ids.ts";
import { pageOf } from "./pages.ts";
import { planTurn } from "./plan.ts";
import { stringAt } from "./read-json.ts";
import { checkModel, failOnCue } from "./request-checks.ts";
import { chunkFrames, sendEvents, sendJson, sendStagedJson } from "./send.ts";
import type { Exchange } from "./send.ts";

type Stored = { completion: JsonObject; readonly messages: readonly JsonObject[] };

const STORED_LIMIT = 10_000;

/** Gives the handlers of `/v1/chat/completions` with an empty store. */
export function chatRoutes(deps: ApiDeps): readonly RouteEntry[] {
  const completions = createBoundedMap<Stored>(STORED_LIMIT);

  function find(id: string): Stored {
    const found = completions.get(id);
    if (found !== undefined) return found;
    throw new ApiError(404, `Chat completion with id '${id}' not found.`);
  }

  async function create(exchange: Exchange, body: JsonObject): Promise<void> {
    checkModel(body);
    const messages = readMessages(body);
    const turn = readChatTurn(body, messages);
    const { stage, outputs } = planTurn(turn);
    failOnCue(stage, exchange.request);
    const nonce = deps.nextNonce();
    const created = Math.floor(deps.now() / 1000);
    const completion = toCompletion({ nonce, created, body, prompt: turn.prompt, outputs, stage });
    if (body["store"] === true) {
      const kept = messages.map((message, index) => ({
        id: makeId("chatcmpl-", nonce, index + 1),
        ...message,
      }));
      completions.set(makeId("chatcmpl-", nonce), { completion, messages: kept });
    }
    if (body["stream"] === true)
      await sendEvents(exchange, chunkFrames(toChunks(completion, body, stage)), stage);
    else {
      const { metadata: _metadata, ...told } = completion;
      await sendStagedJson(exchange, told, stage);
    }
  }

  /** Gives the completions that the query's `model` and `metadata[key]` pick. */
  function picked(query: URLSearchParams): readonly JsonObject[] {
    const model = query.get("model");
    const wanted = [...query].flatMap(([name, value]) => {
      const key = /^metadata\[(.+)\]$/.exec(name)?.[1];
      return key === undefined ? [] : [{ key, value }];
    });
    return [...completions.values()]
      .map((stored) => stored.completion)
      .filter((completion) => model === null || completion["model"] === model)
      .filter(({ metadata }) => wanted.every(({ key, value }) => stringAt(metadata, key) === value));
  }

  return [
    ["POST", "/chat/completions", (call) => create(call.exchange, requireJson(call))],
    [
      "GET",
      "/chat/completions",
      (call) => sendJson(call.exchange, 200, pageOf(picked(call.query), call.query, "asc")),
    ],
    [
      "GET",
      "/chat/completions/{id}",
      (call) => sendJson(call.exchange, 200, find(paramOf(call, "id")).completion),
    ],
    [
      "POST",
      "/chat/completions/{id}",
      (call) => {
        const found = find(paramOf(call, "id"));
        found.completion = { ...found.completion, metadata: jsonOf(call)["metadata"] ?? {} };
        sendJson(call.exchange, 200, found.completion);
      },
    ],
    [
      "DELETE",
      "/chat/completions/{id}",
      (call) => {
        const deleted = stringAt(find(paramOf(call, "id")).completion, "id");
        completions.delete(deleted ?? "");
        sendJson(call.exchange, 200, { id: deleted, object: "chat.completion.deleted", deleted: true });
      },
    ],
    [
      "GET",
      "/chat/completions/{id}/messages",
      (call) => sendJson(call.exchange, 200, pageOf(find(paramOf(call, "id")).messages, call.query, "asc")),
    ],
  ];
}
