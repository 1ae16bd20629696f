// Cuts a body into its members and items without parsing it.

import { MOST_ITEMS, MOST_VALUES, tooMany } from "./budget.ts";
import type { BodyLayout, MemberSpan, Span } from "./parsed.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Names and short values end within so many bytes: looking there first spares the call that searches natively. */
const NEAR = 16;
const NEAR_ESCAPES = 256;
/** After this many items it is asked whether what follows is known: most histories differ by then. */
const ASK_AFTER = 3;

/** What is within what was skipped: strings, of which a member has two at most, and members and elements. */
type Tally = { strings: number; values: number };

/** The beginning of a list that was cut before: how many items, where the last one ends, and their spans, from the `[`. */
export type KnownStart = { readonly count: number; readonly length: number; readonly spans: readonly Span[] };

/** Gives what is known of the list that opens at `open` and whose first items end at `end`. */
export type FindStart = (open: number, end: number) => KnownStart | null;

/**
 * Finds where the members of the top level and the items lie. Gives null where the bytes do not look like a JSON
 * object. Throws `body_too_large` for more items or members than a body may hold.
 *
 * It looks at quotes, brackets and commas only, which is safe because nothing is believed: each piece that is cut out,
 * and what remains without them, is parsed strictly by itself, and pieces that are JSON, put together with commas, are
 * the one reading of the whole.
 */
export function cutBody(bytes: Buffer, itemsKey: string | null, find: FindStart): BodyLayout | null {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) return null;
  at = skipSpace(bytes, at + 1);
  const members: MemberSpan[] = [];
  const tally: Tally = { strings: 0, values: 0 };
  let items: BodyLayout["items"] = null;
  while (bytes[at] === QUOTE) {
    const start = at;
    at = skipString(bytes, start + 1);
    const key = readKey(bytes, start, at);
    at = skipSpace(bytes, at);
    if (key === null || bytes[at] !== COLON) return null;
    at = skipSpace(bytes, at + 1);
    const spans: Span[] = [];
    const isList = key === itemsKey && bytes[at] === OPEN_BRACKET;
    const end = isList ? cutList(bytes, at, spans, find, tally) : skipValue(bytes, at, tally);
    if (end <= at) return null;
    const member = { key, start, value: { start: at, end } };
    members.push(member);
    if (members.length > MOST_VALUES) throw tooMany("members and elements", MOST_VALUES);
    if (key === itemsKey) {
      // A member that stands twice is refused by whoever parses what remains; here it must not be cut twice.
      if (items !== null) return null;
      if (isList) items = { member, list: true, spans };
      else if (bytes[at] === QUOTE) items = { member, list: false, spans: [{ start: 0, end: end - at }] };
    }
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
    else break;
  }
  return bytes[at] === CLOSE_BRACE ? { members, items, close: at } : null;
}

/** Cuts the array that opens at `open`; gives the offset behind it, or -1 where it is none. */
function cutList(bytes: Buffer, open: number, spans: Span[], find: FindStart, tally: Tally): number {
  let at = skipSpace(bytes, open + 1);
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    let end = skipValue(bytes, at, tally);
    if (end <= at) return -1;
    spans.push({ start: at - open, end: end - open });
    if (spans.length > MOST_ITEMS) throw tooMany("items", MOST_ITEMS);
    const known = spans.length === ASK_AFTER ? find(open, end) : null;
    if (known !== null && known.count > ASK_AFTER) {
      for (let index = ASK_AFTER; index < known.count; index++) {
        const span = known.spans[index];
        if (span !== undefined) spans.push(span);
      }
      end = open + known.length;
    }
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1);
  }
}

/** Gives the offset behind the value that begins at `from`; `from` itself where none does. */
function skipValue(bytes: Buffer, from: number, tally: Tally): number {
  const first = bytes[from];
  if (first === QUOTE) return skipString(bytes, from + 1);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(bytes, from, tally);
  let at = from;
  while (at < bytes.length && !isEnd(bytes[at])) at++;
  return at;
}

function skipNested(bytes: Buffer, from: number, tally: Tally): number {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const code = bytes[at];
    if (code === QUOTE) {
      if (++tally.strings > 2 * MOST_VALUES) throw tooMany("members and elements", MOST_VALUES);
      at = skipString(bytes, at + 1);
      continue;
    }
    at++;
    if (code === COMMA || code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++tally.values > MOST_VALUES) throw tooMany("members and elements", MOST_VALUES);
      if (code !== COMMA) depth++;
    } else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at;
  }
  return at;
}

/** Gives the offset behind the closing quote of a string whose first byte is at `from`; the length if it has none. */
function skipString(bytes: Buffer, from: number): number {
  let at = from;
  let reach = NEAR;
  for (;;) {
    const near = Math.min(bytes.length, at + reach);
    while (at < near) {
      const code = bytes[at];
      if (code === QUOTE) return at + 1;
      at += code === BACKSLASH ? 2 : 1;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return bytes.length;
    let escapes = quote;
    while (escapes > at && bytes[escapes - 1] === BACKSLASH) escapes--;
    if ((quote - escapes) % 2 === 0) return quote + 1;
    at = quote + 1;
    // Where one quote is escaped others are.
    reach = NEAR_ESCAPES;
  }
}

/** Gives a member's name, unescaped; null where it is no JSON string. */
function readKey(bytes: Buffer, start: number, end: number): string | null {
  const name = bytes.toString("latin1", start + 1, end - 1);
  if (!name.includes("\\")) return name;
  try {
    const key: unknown = JSON.parse(`"${name}"`);
    return typeof key === "string" ? key : null;
  } catch {
    return null;
  }
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (isSpace(bytes[at])) at++;
  return at;
}

function isSpace(code: number | undefined): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Tells whether a number or a literal ends before this character. */
function isEnd(code: number | undefined): boolean {
  return code === COMMA || code === CLOSE_BRACKET || code === CLOSE_BRACE || isSpace(code);
}
