// Reads JSON that can be read in one way only: what two parsers could take differently is refused.

import { isUtf8 } from "node:buffer";
import { GatewayError } from "../errors.ts";
import { MOST_VALUES, tooMany } from "./budget.ts";
import type { Json } from "../exchange.ts";
import { isSafeNumber } from "./number.ts";
import { isList, isObject } from "./pointer.ts";

export type JsonLimits = {
  /** Levels of arrays and objects; never more than 1,000, so that walking the value cannot exhaust the stack. */
  readonly depth: number;
  /** The code that a refusal carries; absent: `body_invalid`, and `body_too_deep` for the depth. */
  readonly failure?: "answer_unreadable";
  /** Members and elements that may still come: what is parsed is taken off, and over it is `body_too_large`. */
  readonly budget?: { values: number };
};

const MAX_DEPTH = 1000;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NEAR = 256;

/**
 * Parses bytes strictly: UTF-8 without a byte order mark, no member twice in one object (compared after unescaping),
 * no number that a double cannot carry, no lone surrogate, no deeper than the limit.
 */
export function parseJson(bytes: Buffer, limits: JsonLimits): Json {
  return parseJsonText(decodeJson(bytes, limits), limits);
}

/** Decodes the bytes of JSON. */
export function decodeJson(bytes: Buffer, limits: JsonLimits): string {
  if (!isUtf8(bytes)) throw invalidJson(limits, "is not valid UTF-8");
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw invalidJson(limits, "begins with a byte order mark");
  }
  return bytes.toString("utf8");
}

/** Parses text as `parseJson` parses bytes; `revive` is that of `JSON.parse`. */
export function parseJsonText(
  text: string,
  limits: JsonLimits,
  revive?: (key: string, value: unknown) => unknown,
): Json {
  const members = scan(text, limits);
  let value: Json;
  try {
    value = JSON.parse(text, revive);
  } catch {
    // The SyntaxError quotes the text, so it is not kept as the cause.
    throw invalidJson(limits, "is not valid JSON");
  }
  // `JSON.parse` merges members of the same name, so a name that stands twice shows as a member that is missing.
  if (countMembers(value) !== members) throw invalidJson(limits, "names a member twice in one object");
  // Text decoded from UTF-8 has no lone surrogates, so only an escape can bring one in.
  if (text.includes("\\u") && !isWellFormed(value)) throw invalidJson(limits, "contains a lone surrogate");
  return value;
}

/**
 * Counts the members of all objects, and refuses by depth, by number and by the count of all values. It relies on `JSON.parse` for the syntax: on
 * text that is not JSON its count means nothing.
 */
function scan(text: string, limits: JsonLimits): number {
  const deepest = Math.min(limits.depth, MAX_DEPTH);
  const { length } = text;
  const most = limits.budget?.values ?? Number.POSITIVE_INFINITY;
  // A value that is not the first in its array or object follows a comma, the first one a bracket.
  let values = 0;
  let members = 0;
  let depth = 0;
  let at = 0;
  while (at < length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = skipString(text, at + 1);
      continue;
    }
    if (code === 0x3a) {
      members++;
    } else if (code === 0x2c) {
      if (++values > most) throw tooMany("members and elements", MOST_VALUES);
    } else if (code === 0x7b || code === 0x5b) {
      depth++;
      if (depth > deepest) throw tooDeep(limits);
      if (++values > most) throw tooMany("members and elements", MOST_VALUES);
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = skipNumber(text, at + 1);
      if (!isSafeNumber(text, at, end))
        throw invalidJson(limits, "holds a number that does not survive a round trip");
      at = end;
      continue;
    }
    at++;
  }
  if (limits.budget !== undefined) limits.budget.values -= values;
  return members;
}

/** Counts the members that stand in the text of JSON, those that `JSON.parse` drops for their name included. */
export function countNames(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = skipString(text, at + 1) - 1;
    else if (code === 0x3a) count += 1;
  }
  return count;
}

/**
 * Gives the offset behind the closing quote of a string whose first character is at `from`; the length if it has none.
 * Where escapes go on behind `until`, it is below zero: there is where to go on.
 */
export function skipString(text: string, from: number, until: number = text.length): number {
  let at = from;
  for (;;) {
    // V8 searches one character by memchr: faster than a loop here, for short names too.
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let escapes = quote;
    while (escapes > at && text.charCodeAt(escapes - 1) === BACKSLASH) escapes--;
    if ((quote - escapes) % 2 === 0) return quote + 1;
    at = quote + 1;
    // Where one quote is escaped others are: those that are near are found by reading on.
    const near = Math.min(text.length, at + NEAR);
    while (at < near) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) return at + 1;
      at += code === BACKSLASH ? 2 : 1;
    }
    if (at > until) return -at;
  }
}

function skipNumber(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    const belongs =
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2e ||
      code === 0x2d ||
      code === 0x2b ||
      code === 0x65 ||
      code === 0x45;
    if (!belongs) return at;
    at++;
  }
}

function countMembers(value: Json): number {
  let count = 0;
  if (isList(value)) {
    for (const element of value) if (typeof element === "object") count += countMembers(element);
  } else if (isObject(value)) {
    const children = Object.values(value);
    count = children.length;
    for (const child of children) if (typeof child === "object") count += countMembers(child);
  }
  return count;
}

function isWellFormed(value: Json): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (isList(value)) return value.every(isWellFormed);
  if (!isObject(value)) return true;
  return Object.entries(value).every(([key, child]) => key.isWellFormed() && isWellFormed(child));
}

/** Makes the refusal of what is no JSON, or can be read in two ways. */
export function invalidJson(limits: JsonLimits, what: string): GatewayError {
  if (limits.failure === undefined) return new GatewayError("body_invalid", `The body ${what}.`);
  return new GatewayError(limits.failure, `The target's answer ${what}.`);
}

function tooDeep(limits: JsonLimits): GatewayError {
  if (limits.failure !== undefined) return invalidJson(limits, "is nested too deeply");
  return new GatewayError("body_too_deep", "The body is nested too deeply.");
}
