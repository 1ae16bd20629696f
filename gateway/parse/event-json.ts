// Parses the events of one stream: one that is like an earlier one but for its text, number and padding is not read anew.

import type { Json, JsonObject } from "../exchange.ts";
import { parseAnswerJson } from "./answer-json.ts";
import { isToken } from "./fields.ts";
import { isList, isObject } from "./pointer.ts";

export type EventParser = {
  /** Parses an event as `parseAnswerJson` does, and throws what it throws. */
  parse(text: string): Json;
  /** The event whose text and number alone differ from those of the last one; null where that was read as a whole. */
  readonly like: JsonObject | null;
};

/** What may differ between events that are alike. */
type Varying = { text: string; number: number | null; padding: string | null };

/** An event cut where it may differ: what stands before each place, and behind the last one. */
type Shape = {
  readonly value: JsonObject;
  readonly names: readonly string[];
  readonly cuts: readonly string[];
};

const NUMBER = "sequence_number";
const PADDING = "obfuscation";
/** Places that may differ; what they are of is proved for each shape. */
const PLACES = /"(sequence_number)": ?\d+|"(delta|content|obfuscation)": ?"(?:[^"\\]|\\.)*"/g;
const MOST_SHAPES = 8;
const LONGEST = 4096;
/** Larger numbers are not exact. */
const MOST_DIGITS = 15;
/** A backslash, or what no string of JSON holds as it is. */
const NOT_PLAIN = /[^ -[\]-\uffff]/;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;

/** Creates the parser of one stream. */
export function createEventParser(): EventParser {
  const shapes: Shape[] = [];
  let tried = 0;
  const varying: Varying = { text: "", number: null, padding: null };

  function learn(text: string, value: Json): void {
    if (tried >= MOST_SHAPES || text.length > LONGEST || !isObject(value)) return;
    const shape = textOf(value) === null ? null : toShape(text, value);
    if (shape === null) return;
    tried += 1;
    if (isProved(shape)) shapes.unshift(shape);
  }

  const parser: EventParser & { like: JsonObject | null } = {
    like: null,
    parse(text) {
      for (const { value, names, cuts } of shapes) {
        if (!readVarying(text, names, cuts, varying)) continue;
        parser.like = value;
        return vary(value, varying);
      }
      parser.like = null;
      const value = parseAnswerJson(text, "An event of the target's stream");
      learn(text, value);
      return value;
    },
  };
  return parser;
}

/** Cuts an event that says one text; null for any other. */
function toShape(text: string, value: JsonObject): Shape | null {
  const names: string[] = [];
  const cuts: string[] = [];
  let from = 0;
  for (const found of text.matchAll(PLACES)) {
    const name = found[1] ?? found[2] ?? "";
    const place = found[0].slice(name.length + 3).trimStart();
    // Behind the quote with which a string begins, and before the one with which it ends.
    const inner = name === NUMBER ? place : place.slice(1, -1);
    const end = found.index + found[0].length - (name === NUMBER ? 0 : 1);
    names.push(name);
    cuts.push(text.slice(from, end - inner.length));
    from = end;
  }
  cuts.push(text.slice(from));
  const isOne = new Set(names).size === names.length && names.includes("delta") !== names.includes("content");
  return isOne ? { value, names, cuts } : null;
}

/**
 * Whether the places are those that `vary` writes: an event filled with another text, number and padding must be read as
 * just that. What is then filled with any string and any number is the same JSON but for them.
 */
function isProved({ value, names, cuts }: Shape): boolean {
  const number = value[NUMBER];
  const padding = value[PADDING];
  const other: Varying = {
    text: `${textOf(value) ?? ""}+`,
    number: typeof number === "number" ? number + 1 : null,
    padding: typeof padding === "string" ? `${padding}+` : null,
  };
  const fills = names.map((name) => {
    if (name === NUMBER) return String(other.number);
    return JSON.stringify(name === PADDING ? other.padding : other.text).slice(1, -1);
  });
  const filled = cuts.map((cut, index) => cut + (fills[index] ?? "")).join("");
  try {
    return JSON.stringify(JSON.parse(filled)) === JSON.stringify(vary(value, other));
  } catch {
    return false;
  }
}

function textOf({ delta, choices }: JsonObject): string | null {
  if (typeof delta === "string") return delta;
  const [choice] = isList(choices) && choices.length === 1 ? choices : [];
  const content = isObject(choice) && isObject(choice["delta"]) ? choice["delta"]["content"] : null;
  return typeof content === "string" ? content : null;
}

/** Gives the event with another text, number and padding. */
function vary(value: JsonObject, { text, number, padding }: Varying): JsonObject {
  const copy: { [key: string]: Json } = { ...value };
  if (number !== null) copy[NUMBER] = number;
  if (padding !== null) copy[PADDING] = padding;
  if (typeof value["delta"] === "string") copy["delta"] = text;
  else {
    const [choice] = isList(value["choices"]) ? value["choices"] : [];
    if (isObject(choice) && isObject(choice["delta"]))
      copy["choices"] = [{ ...choice, delta: { ...choice["delta"], content: text } }];
  }
  return copy;
}

/** Reads what stands at a shape's places; false where the text is not of that shape. */
function readVarying(
  text: string,
  names: readonly string[],
  cuts: readonly string[],
  varying: Varying,
): boolean {
  varying.number = null;
  varying.padding = null;
  let at = 0;
  for (let index = 0; index < cuts.length; index += 1) {
    const cut = cuts[index] ?? "";
    const from = at + cut.length;
    // Comparing a slice is several times faster than `startsWith`.
    if (text.slice(at, from) !== cut) return false;
    if (index === names.length) return from === text.length;
    const name = names[index];
    at = name === NUMBER ? toNumberEnd(text, from) : toStringEnd(text, from);
    if (at === -1) return false;
    const inner = text.slice(from, at);
    if (name === NUMBER) varying.number = Number(inner);
    else if (name === PADDING) {
      if (!isToken(inner)) return false;
      varying.padding = inner;
    } else {
      const read = NOT_PLAIN.test(inner) ? readEscaped(inner) : inner;
      if (read === null) return false;
      varying.text = read;
    }
  }
  return false;
}

/** Gives where a whole number ends; -1 where there is none. */
function toNumberEnd(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  const digits = at - from;
  return digits === 0 || digits > MOST_DIGITS || (digits > 1 && text.charCodeAt(from) === ZERO) ? -1 : at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Gives where a string ends, at the first quote that is not escaped; -1 where it does not. */
function toStringEnd(text: string, from: number): number {
  let end = text.indexOf('"', from);
  while (end !== -1) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

/** Reads the inside of a string; null where it is none. */
function readEscaped(inner: string): string | null {
  try {
    return String(JSON.parse(`"${inner}"`));
  } catch {
    return null;
  }
}
