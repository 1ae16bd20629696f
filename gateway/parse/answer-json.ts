// Reads the target's JSON: what names a member twice is refused, for a program may take the first where this takes the last.
import { GatewayError } from "../errors.ts";
import type { Json } from "../exchange.ts";
import { countNames } from "./json.ts";
import { isList, isObject } from "./pointer.ts";

/** Parses JSON of the target's. Throws `answer_unreadable`, with `what` it is, where it is none or has two readings. */
export function parseAnswerJson(text: string, what: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GatewayError("answer_unreadable", `${what} is not JSON.`, { cause });
  }
  const members = countMembers(value);
  // Every member has a colon, so that as many colons as members leave none for a second of one name. Most texts have
  // colons too: then those outside of strings are counted.
  if (countColons(text) !== members && countNames(text) !== members)
    throw new GatewayError("answer_unreadable", `${what} names a member twice in one object.`);
  return value;
}

function countColons(text: string): number {
  let count = 0;
  for (let at = text.indexOf(":"); at !== -1; at = text.indexOf(":", at + 1)) count += 1;
  return count;
}

/** Counts the members of all objects; no list is made of them, for this is asked of every event of a stream. */
function countMembers(value: Json): number {
  let count = 0;
  if (isList(value)) for (const element of value) count += countMembers(element);
  else if (isObject(value)) for (const key in value) count += 1 + countMembers(value[key] ?? null);
  return count;
}
