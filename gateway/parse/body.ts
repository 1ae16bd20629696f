// Which operations take a body, of what type, and where in it the items are.

import { GatewayError } from "../errors.ts";
import type { JsonObject, Operation } from "../exchange.ts";
import type { Family } from "./item.ts";
import { shape } from "./members.ts";
import type { BodyLayout } from "./parsed.ts";

/** Gives the family of shapes of an operation. */
export function toFamily(operation: Operation): Family {
  return operation.startsWith("chat.") ? "chat" : "responses";
}

/** Gives the member that holds an operation's items; null for one without. */
export function toItemsKey(operation: Operation): "input" | "messages" | null {
  if (operation === "responses.create") return "input";
  return operation === "chat.completions.create" ? "messages" : null;
}

/** Throws where a body is missing, where none belongs, and where it is not JSON in UTF-8 by its content type. */
export function checkBody(operation: Operation, contentType: string | undefined, hasBody: boolean): void {
  const needsBody =
    operation === "responses.create" ||
    operation === "chat.completions.create" ||
    operation === "chat.completions.update";
  if (!hasBody) {
    if (needsBody) throw new GatewayError("body_invalid", "The body is empty.");
    // An empty body may carry any content type: Python's `cancel` sends `application/json`.
    return;
  }
  if (!needsBody && operation !== "responses.cancel" && !operation.endsWith(".delete")) {
    throw new GatewayError("body_invalid", "This operation takes no body.");
  }
  if (!isJson(contentType)) {
    throw new GatewayError("body_encoding_unsupported", "The body must be `application/json` in UTF-8.");
  }
}

/** Throws where the items are no list; `input` may be a string, and may be absent. */
export function checkItems(key: string | null, rest: JsonObject, cut: BodyLayout["items"]): void {
  if (key === "messages") {
    if (cut === null || !cut.list) throw shape("/messages", "an array");
  } else if (key === "input" && cut === null && (rest["input"] ?? null) !== null) {
    throw shape("/input", "a string or an array");
  }
}

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*(?:utf-8|"utf-8")[ \t]*)?;?[ \t]*$/i;

function isJson(contentType: string | undefined): boolean {
  return contentType === "application/json" || (contentType !== undefined && JSON_TYPE.test(contentType));
}
