// Serves the simulated Chat Completions API: creating, and the stored objects.
import type { JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { createBoundedMap } from "./bounded-map.ts";
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

/** The handlers of `/v1/chat/completions`. */
export type ChatRoutes = {
  create(exchange: Exchange, body: JsonObject): Promise<void>;
  list(exchange: Exchange, query: URLSearchParams): void;
  /** Serves `/chat/completions/{id}` and its messages; false where nothing is. */
  stored(
    exchange: Exchange,
    method: string,
    id: string,
    rest: string,
    query: URLSearchParams,
    readBody: () => Promise<JsonObject>,
  ): Promise<boolean>;
};

const STORED_LIMIT = 10_000;

/** Creates the handlers with an empty store. */
export function createChatRoutes(deps: {
  readonly nextNonce: () => string;
  readonly now: () => number;
}): ChatRoutes {
  const completions = createBoundedMap<Stored>(STORED_LIMIT);

  function find(id: string): Stored {
    const found = completions.get(id);
    if (found !== undefined) return found;
    throw new ApiError(404, `Chat completion with id '${id}' not found.`);
  }

  return {
    async create(exchange, body) {
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
    },

    list(exchange, query) {
      const all = [...completions.values()].map((stored) => stored.completion);
      sendJson(exchange, 200, pageOf(all, query, "asc"));
    },

    async stored(exchange, method, id, rest, query, readBody) {
      if (rest === "messages" && method === "GET")
        sendJson(exchange, 200, pageOf(find(id).messages, query, "asc"));
      else if (rest === "" && method === "GET") sendJson(exchange, 200, find(id).completion);
      else if (rest === "" && method === "POST") {
        const found = find(id);
        const body = await readBody();
        found.completion = { ...found.completion, metadata: body["metadata"] ?? {} };
        sendJson(exchange, 200, found.completion);
      } else if (rest === "" && method === "DELETE") {
        const deleted = stringAt(find(id).completion, "id");
        completions.delete(id);
        sendJson(exchange, 200, { id: deleted, object: "chat.completion.deleted", deleted: true });
      } else return false;
      return true;
    },
  };
}
