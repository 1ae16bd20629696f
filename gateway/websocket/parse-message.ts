// Reads a message of the target's.
import { GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";
import { parseAnswerJson } from "../parse/answer-json.ts";
import { isObject } from "../parse/pointer.ts";

/** Gives the object. Throws `answer_unreadable` for what is none: nobody could say what it holds. */
export function parseMessage(text: string): JsonObject {
  const value = parseAnswerJson(text, "A message of the target's");
  if (isObject(value)) return value;
  throw new GatewayError("answer_unreadable", "A message of the target's is no object.");
}
