// Reads one item of `input[]`, `output[]` or `messages[]`.

import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, Role, RouteSpec } from "../exchange.ts";
import { findItemType, toRole } from "./item-types.ts";
import { escapeToken, isList, isObject } from "./pointer.ts";
import { addText } from "./sink.ts";
import type { Sink } from "./sink.ts";
import { walkObject } from "./walk.ts";

/** The family of shapes that an item belongs to. */
export type Family = RouteSpec["dialect"];

/** What an item is, beside its texts. */
export type ItemHead = {
  readonly type: string;
  readonly role: Role;
  readonly id: string | null;
  readonly callId: string | null;
  readonly callOutput: { readonly callId: string } | null;
};

const LONGEST_TYPE = 64;

/** Walks an item of a family with pointers that begin with `pointer`, and gives what it is. Throws `body_shape`. */
export function readItem(sink: Sink, family: Family, value: Json, pointer: string, asked: boolean): ItemHead {
  if (typeof value === "string") {
    addText(sink, pointer, "message", "user", value);
    return { type: "message", role: "user", id: null, callId: null, callOutput: null };
  }
  if (!isObject(value))
    throw new GatewayError("body_shape", "An item must be an object.", { param: pointer });
  return family === "chat"
    ? readMessage(sink, value, pointer, asked)
    : readResponsesItem(sink, value, pointer, asked);
}

function readResponsesItem(sink: Sink, item: JsonObject, pointer: string, asked: boolean): ItemHead {
  const type = toItemType(item, pointer);
  const known = findItemType(type);
  if (known === null) sink.unknown.push(type.slice(0, LONGEST_TYPE));
  const isMessage = type === "message";
  const role = isMessage ? toRole(item["role"]) : (known?.role ?? "none");
  const kind =
    isMessage && (role === "system" || role === "developer") ? "instructions" : (known?.kind ?? "other");
  const id = readId(item, "id");
  if (asked && type === "item_reference") {
    sink.references.push({ kind: "item", id: readReference(item, pointer), pointer: `${pointer}/id` });
  } else if (asked && id !== null && known?.hydratedWithout !== undefined) {
    // With its ciphertext an item is whole by itself: the provider reads it from there and refuses what it did not
    // write. Programs that let nothing be stored resend it so, and the ids in there have no owner.
    if (isAbsent(item, known.hydratedWithout)) {
      const whole = known.wholeWith !== undefined && holdsSomething(item[known.wholeWith]);
      sink.references.push({ kind: "item", id, pointer: `${pointer}/id`, ...(whole && { whole }) });
    }
  }
  // What a search has found is told, not asked for.
  const [cites, lists] = [type === "file_search_call", type === "mcp_list_tools"];
  const scope = { kind, role, type, offers: asked, cites, lists };
  walkObject(sink, item, pointer, known?.fields === undefined ? scope : { ...scope, fields: known.fields });
  const callId = readId(item, "call_id") ?? (type === "local_shell_call_output" ? id : null);
  const isResult = known?.does === "result" || (known === null && type.endsWith("_output"));
  return {
    type: type.slice(0, LONGEST_TYPE),
    role,
    id,
    callId: isResult ? null : callId,
    callOutput: isResult && callId !== null ? { callId } : null,
  };
}

/** Items may omit `type`: what has a role is a message, what has only an id refers to a stored item. */
export function toItemType(item: JsonObject, pointer: string): string {
  const type = item["type"] ?? null;
  if (typeof type === "string") return type;
  if (type !== null)
    throw new GatewayError("body_shape", "An item's type must be a string.", { param: `${pointer}/type` });
  if ("role" in item) return "message";
  return "id" in item ? "item_reference" : "";
}

function readMessage(sink: Sink, message: JsonObject, pointer: string, asked: boolean): ItemHead {
  const role = toRole(message["role"]);
  const kind =
    role === "tool" ? "tool_output" : role === "system" || role === "developer" ? "instructions" : "message";
  const audio = message["audio"];
  if (asked && isObject(audio) && typeof audio["id"] === "string") {
    sink.references.push({ kind: "other", id: audio["id"], pointer: `${pointer}/audio/id` });
  }
  walkObject(sink, message, pointer, { kind, role, type: "message", offers: asked, fields: MESSAGE_FIELDS });
  const callId = readId(message, "tool_call_id");
  return {
    type: "message",
    role,
    id: readId(message, "id"),
    callId: null,
    callOutput: role === "tool" && callId !== null ? { callId } : null,
  };
}

const MESSAGE_FIELDS = { reasoning: "reasoning", reasoning_content: "reasoning" } as const;

/** Gives the id of a stored item; beside it only the type may stand, so that it cannot pass for anything else. */
function readReference(item: JsonObject, pointer: string): string {
  const id = readId(item, "id");
  const wrong = id === null ? "id" : Object.keys(item).find((key) => key !== "type" && key !== "id");
  if (id !== null && wrong === undefined) return id;
  throw new GatewayError("body_shape", "A reference to an item has an id, a type, and nothing else.", {
    param: `${pointer}/${escapeToken(wrong ?? "id")}`,
  });
}

/** Tells whether a member cannot hold an item's content: only `results` may be a list. */
function isAbsent(item: JsonObject, key: string): boolean {
  const value = item[key];
  return typeof value === "string" ? value === "" : key !== "results" || !isList(value) || value.length === 0;
}

function holdsSomething(value: Json | undefined): boolean {
  return isList(value) ? value.length > 0 : isObject(value) && Object.keys(value).length > 0;
}

function readId(item: JsonObject, key: string): string | null {
  const id = item[key];
  return typeof id === "string" && id !== "" ? id : null;
}
