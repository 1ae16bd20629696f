// Puts masked texts into a body or an event, with what depends on them.
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject } from "../exchange.ts";
import { getAt, isList, isObject, setAt } from "../parse/pointer.ts";
import { shiftOffset, type Stretch } from "./edits.ts";

/** Puts masked texts into an object. */
export function writeObjectChanges(value: JsonObject, changes: readonly Change[]): JsonObject {
  const changed = writeChanges(value, changes);
  return isObject(changed) ? changed : value;
}

/** A text that is masked where it stands. */
export type Change = {
  readonly pointer: string;
  readonly from: string;
  readonly to: string;
  /** Edits of the whole text, for what counts its characters; null where it is a piece of one. */
  readonly edits: readonly Stretch[] | null;
};

/**
 * Gives the value with the texts in place. Padding that hides how long a text is, and probabilities of its tokens, are
 * taken out where a text changed; annotations follow their places. Throws where a text does not stand at its pointer.
 */
export function writeChanges(value: Json, changes: readonly Change[]): Json {
  let changed: Json = value;
  for (const { pointer, from, to } of changes) {
    if (getAt(changed, pointer) !== from)
      throw new GatewayError("answer_unreadable", "A value stands where it cannot be masked.");
    changed = setAt(changed, pointer, to) ?? changed;
  }
  for (const { pointer, edits } of changes) changed = adjustBeside(changed, pointer, edits);
  if (!isObject(changed) || changed === value || !("obfuscation" in changed)) return changed;
  const { obfuscation: _, ...rest } = changed;
  return rest;
}

function adjustBeside(value: Json, pointer: string, edits: readonly Stretch[] | null): Json {
  // The tokens of a text spell it again, as bytes too.
  const tokens = /^(.*?)\/logprobs\//.exec(pointer)?.[1];
  if (tokens !== undefined) return withoutLogprobs(value, tokens);
  let changed = withoutLogprobs(value, pointer.slice(0, pointer.lastIndexOf("/")));
  // A chat completion has them beside the message or the delta.
  const choice = /^(\/choices\/\d+)\/(?:message|delta)\//.exec(pointer)?.[1];
  if (choice !== undefined) changed = withoutLogprobs(changed, choice);
  return edits === null ? changed : shiftBeside(changed, pointer.slice(0, pointer.lastIndexOf("/")), edits);
}

/** Takes the probabilities of tokens out of the object at a pointer: a list becomes an empty one, an object null. */
function withoutLogprobs(value: Json, pointer: string): Json {
  const logprobs = getAt(value, `${pointer}/logprobs`);
  if (isList(logprobs)) return setAt(value, `${pointer}/logprobs`, []) ?? value;
  return isObject(logprobs) ? (setAt(value, `${pointer}/logprobs`, null) ?? value) : value;
}

function shiftBeside(value: Json, pointer: string, edits: readonly Stretch[]): Json {
  const annotations = getAt(value, `${pointer}/annotations`);
  if (!isList(annotations)) return value;
  const shifted = annotations.map((one) => shiftAnnotation(one, edits));
  return setAt(value, `${pointer}/annotations`, shifted) ?? value;
}

/** Shifts the places that an annotation names in a text. */
export function shiftAnnotation(annotation: Json, edits: readonly Stretch[]): Json {
  if (!isObject(annotation)) return annotation;
  const inner = annotation["url_citation"];
  const shifted: Record<string, Json> = { ...annotation };
  for (const [key, isEnd] of [
    ["start_index", false],
    ["end_index", true],
    ["index", false],
  ] as const) {
    const at = annotation[key];
    if (typeof at === "number") shifted[key] = shiftOffset(at, edits, isEnd);
  }
  if (isObject(inner)) shifted["url_citation"] = shiftAnnotation(inner, edits);
  return shifted;
}
