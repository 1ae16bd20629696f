// Puts masked texts into a body or an event, with what depends on them.
import { GatewayError } from "../errors.ts";
import type { Json, JsonObject } from "../exchange.ts";
import { getAt, isList, isObject } from "../parse/pointer.ts";
import { createWriter, type Writer } from "../parse/write-at.ts";
import { createShift, type Shift, type Stretch } from "./edits.ts";

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
  /** No text stands there, but a list of tokens, which is taken out. */
  readonly isDropped?: true;
};

/** Gives the change that takes out the list of tokens at a pointer. */
export function toDropped(pointer: string): Change {
  return { pointer, from: "", to: "", edits: null, isDropped: true };
}

/**
 * Gives the value with the texts in place. Padding that hides how long a text is, and probabilities of its tokens, are
 * taken out where a text changed; annotations follow their places. Throws where a text does not stand at its pointer.
 */
export function writeChanges(value: Json, changes: readonly Change[]): Json {
  if (changes.length === 0) return value;
  const writer = createWriter(value);
  for (const { pointer, from, to, isDropped } of changes) {
    if (isDropped === true) continue;
    if (getAt(writer.value, pointer) !== from)
      throw new GatewayError("answer_unreadable", "A value stands where it cannot be masked.");
    writer.replace(pointer, to);
  }
  for (const { pointer, edits, isDropped } of changes) {
    if (isDropped === true) dropLogprobs(writer, pointer.slice(0, pointer.lastIndexOf("/")));
    else adjustBeside(writer, pointer, edits);
  }
  const changed = writer.value;
  if (!isObject(changed) || changed === value || !("obfuscation" in changed)) return changed;
  const { obfuscation: _, ...rest } = changed;
  return rest;
}

function adjustBeside(writer: Writer, pointer: string, edits: readonly Stretch[] | null): void {
  // The tokens of a text spell it again, as bytes too.
  const tokens = /^(.*?)\/logprobs\//.exec(pointer)?.[1];
  if (tokens !== undefined) {
    dropLogprobs(writer, tokens);
    return;
  }
  const beside = pointer.slice(0, pointer.lastIndexOf("/"));
  dropLogprobs(writer, beside);
  // A chat completion has them beside the message or the delta.
  const choice = /^(\/choices\/\d+)\/(?:message|delta)\//.exec(pointer)?.[1];
  if (choice !== undefined) dropLogprobs(writer, choice);
  if (edits !== null && ANNOTATED.test(pointer)) shiftBeside(writer, beside, edits);
}

/** Texts that annotations beside them name places in. */
const ANNOTATED = /\/(?:content|text|value)$/;

/** Takes the probabilities of tokens out of the object at a pointer: a list becomes an empty one, an object null. */
function dropLogprobs(writer: Writer, pointer: string): void {
  const logprobs = getAt(writer.value, `${pointer}/logprobs`);
  if (isList(logprobs) && logprobs.length > 0) writer.replace(`${pointer}/logprobs`, []);
  else if (isObject(logprobs)) writer.replace(`${pointer}/logprobs`, null);
}

function shiftBeside(writer: Writer, pointer: string, edits: readonly Stretch[]): void {
  const annotations = getAt(writer.value, `${pointer}/annotations`);
  if (!isList(annotations) || annotations.length === 0) return;
  const shift = createShift(edits);
  const shifted = annotations.map((one) => shiftAnnotation(one, shift));
  writer.replace(`${pointer}/annotations`, shifted);
}

/** Shifts the places that an annotation names in a text. */
export function shiftAnnotation(annotation: Json, shift: Shift): Json {
  if (!isObject(annotation)) return annotation;
  const inner = annotation["url_citation"];
  const shifted: Record<string, Json> = { ...annotation };
  for (const [key, isEnd] of [
    ["start_index", false],
    ["end_index", true],
    ["index", false],
  ] as const) {
    const at = annotation[key];
    if (typeof at === "number") shifted[key] = shift(at, isEnd);
  }
  if (isObject(inner)) shifted["url_citation"] = shiftAnnotation(inner, shift);
  return shifted;
}
