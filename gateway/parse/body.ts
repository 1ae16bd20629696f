// Which operations take a body, of what type, and where in it the items are.

import { GatewayError } from "../errors.ts";
import type { JsonObject, Operation, RouteSpec } from "../exchange.ts";
import { shape } from "./members.ts";
import type { BodyLayout } from "./parsed.ts";

/** The member that holds an operation's items: what is resent turn by turn, and known by its bytes. */
const ITEMS: ReadonlyMap<Operation, string> = new Map([
  ["chat.completions.create", "messages"],
  ["conversations.create", "items"],
  ["conversations.items.create", "items"],
  ["responses.compact", "input"],
  ["responses.create", "input"],
  ["responses.input_tokens", "input"],
]);

/** Operations that make no sense without a body; of the others the target says what it needs. */
const NEEDY: ReadonlySet<Operation> = new Set([
  "chat.completions.create",
  "chat.completions.update",
  "responses.create",
]);

/** Gives the member that holds an operation's items; null for one without. */
export function toItemsKey(operation: Operation): string | null {
  return ITEMS.get(operation) ?? null;
}

/** Throws where a body is missing, where none belongs, and where it is not JSON in UTF-8 by its content type. */
export function checkBody(spec: RouteSpec, contentType: string | undefined, hasBody: boolean): void {
  if (!hasBody) {
    if (NEEDY.has(spec.operation)) throw new GatewayError("body_invalid", "The body is empty.");
    // An empty body may carry any content type: Python's `cancel` sends `application/json`.
    return;
  }
  if (spec.body === "none") throw new GatewayError("body_invalid", "This operation takes no body.");
  if (!isJson(contentType)) {
    throw new GatewayError("body_encoding_unsupported", "The body must be `application/json` in UTF-8.");
  }
}

/** Throws where the items are no list; `input` may be a string, and what is not `messages` may be absent. */
export function checkItems(key: string | null, rest: JsonObject, cut: BodyLayout["items"]): void {
  if (key === null) return;
  const isAbsent = cut === null && (rest[key] ?? null) === null;
  if (cut?.list === true || (isAbsent && key !== "messages")) return;
  if (key === "input") {
    if (cut === null) throw shape("/input", "a string or an array");
  } else throw shape(`/${key}`, "an array");
}

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*(?:utf-8|"utf-8")[ \t]*)?;?[ \t]*$/i;

function isJson(contentType: string | undefined): boolean {
  return contentType === "application/json" || (contentType !== undefined && JSON_TYPE.test(contentType));
}
