// Serves conversations and their items, and keeps what responses add to them.
import type { Json, JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { jsonOf, missing, paramOf, secondsOf } from "../call.ts";
import type { ApiDeps, Call, RouteEntry } from "../call.ts";
import { createBoundedMap } from "../bounded-map.ts";
import { makeId } from "../ids.ts";
import { pageOf } from "../pages.ts";
import { isList, isObject, stringAt } from "../read-json.ts";
import { readInput } from "../responses-input.ts";
import { idPrefix } from "../responses-items.ts";
import { sendJson } from "../send.ts";

/** The conversations' handlers, and the way in for responses. */
export type Conversations = {
  readonly routes: readonly RouteEntry[];
  /** Gives the items of the conversation that a request names, none where it names none. Throws a 404. */
  itemsOf(conversation: Json | undefined): readonly JsonObject[];
  /** Adds items to the conversation that a request names. */
  append(conversation: Json | undefined, items: readonly JsonObject[]): void;
};

type Stored = { conversation: JsonObject; items: readonly JsonObject[] };

const STORED_LIMIT = 10_000;
const MOST_ITEMS = 20;

/** Creates the handlers with an empty store. */
export function createConversations(deps: ApiDeps): Conversations {
  const stored = createBoundedMap<Stored>(STORED_LIMIT);

  function get(id: string): Stored {
    const found = stored.get(id);
    if (found !== undefined) return found;
    throw new ApiError(404, `Conversation with id '${id}' not found.`);
  }

  function find(call: Call): Stored {
    return get(paramOf(call, "conversation"));
  }

  function findItem(call: Call): JsonObject {
    const id = paramOf(call, "item");
    const item = find(call).items.find((one) => one["id"] === id);
    if (item !== undefined) return item;
    throw new ApiError(
      404,
      `Item with id '${id}' not found in conversation '${paramOf(call, "conversation")}'.`,
    );
  }

  function readItems(body: JsonObject): readonly JsonObject[] {
    const { items } = body;
    if (items === undefined || items === null) return [];
    if (isList(items) && items.length > MOST_ITEMS) {
      throw new ApiError(400, `Invalid 'items': array too long. Expected at most ${MOST_ITEMS} items.`, {
        param: "items",
        code: "array_above_max_length",
      });
    }
    return readInput(items, () => undefined).map((item) => toItem(item, deps.nextNonce()));
  }

  const routes: readonly RouteEntry[] = [
    [
      "POST",
      "/conversations",
      (call) => {
        const body = jsonOf(call);
        const conversation = {
          id: makeId("conv_", deps.nextNonce()),
          object: "conversation",
          created_at: secondsOf(deps),
          metadata: body["metadata"] ?? {},
        };
        stored.set(conversation.id, { conversation, items: readItems(body) });
        sendJson(call.exchange, 200, conversation);
      },
    ],
    ["GET", "/conversations/{conversation}", (call) => sendJson(call.exchange, 200, find(call).conversation)],
    [
      "POST",
      "/conversations/{conversation}",
      (call) => {
        const found = find(call);
        found.conversation = { ...found.conversation, metadata: jsonOf(call)["metadata"] ?? {} };
        sendJson(call.exchange, 200, found.conversation);
      },
    ],
    [
      "DELETE",
      "/conversations/{conversation}",
      (call) => {
        const id = stringAt(find(call).conversation, "id") ?? "";
        stored.delete(id);
        sendJson(call.exchange, 200, { id, object: "conversation.deleted", deleted: true });
      },
    ],
    [
      "GET",
      "/conversations/{conversation}/items",
      (call) => sendJson(call.exchange, 200, pageOf(find(call).items, call.query, "desc")),
    ],
    [
      "POST",
      "/conversations/{conversation}/items",
      (call) => {
        const found = find(call);
        const body = jsonOf(call);
        if (body["items"] === undefined) throw missing("items");
        const items = readItems(body);
        found.items = [...found.items, ...items];
        sendJson(call.exchange, 200, pageOf(items, new URLSearchParams("limit=100"), "asc"));
      },
    ],
    [
      "GET",
      "/conversations/{conversation}/items/{item}",
      (call) => sendJson(call.exchange, 200, findItem(call)),
    ],
    [
      "DELETE",
      "/conversations/{conversation}/items/{item}",
      (call) => {
        const item = findItem(call);
        const found = find(call);
        found.items = found.items.filter((one) => one !== item);
        sendJson(call.exchange, 200, found.conversation);
      },
    ],
  ];

  return {
    routes,
    itemsOf(conversation) {
      const id = toConversationId(conversation);
      return id === null ? [] : get(id).items;
    },
    append(conversation, items) {
      const id = toConversationId(conversation);
      if (id === null) return;
      const found = get(id);
      found.items = [...found.items, ...items.map((item) => toItem(item, deps.nextNonce()))];
    },
  };
}

function toConversationId(conversation: Json | undefined): string | null {
  if (typeof conversation === "string") return conversation;
  return isObject(conversation) ? stringAt(conversation, "id") : null;
}

/** Gives an item the id, status and parts that it is listed with. */
function toItem(item: JsonObject, nonce: string): JsonObject {
  const type = stringAt(item, "type") ?? "message";
  const id = stringAt(item, "id") ?? makeId(idPrefix(type), nonce);
  if (type !== "message") return { status: "completed", ...item, id };
  const { content } = item;
  const kind = item["role"] === "assistant" ? "output_text" : "input_text";
  const extra = kind === "output_text" ? { annotations: [], logprobs: [] } : {};
  const parts = typeof content === "string" ? [{ type: kind, ...extra, text: content }] : (content ?? []);
  return { status: "completed", ...item, id, type, content: parts };
}
