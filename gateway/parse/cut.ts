// Cuts a body into its members and items without parsing it.

import { MOST_ITEMS, MOST_VALUES, tooMany } from "./budget.ts";
import type { BodyLayout, MemberSpan, Span } from "./parsed.ts";
import { skipString } from "./json.ts";

const QUOTE = 0x22;
/** After this many items it is asked whether what follows is known: most histories differ by then. */
const ASK_AFTER = 3;

/** Strings within what was skipped: a member has two at most, so twice the members that a body may hold are too many. */
type Tally = { strings: number };

/** The beginning of a list that was cut before: how many items, where the last one ends, and their spans, from the `[`. */
export type KnownStart = { readonly count: number; readonly length: number; readonly spans: readonly Span[] };

/** Gives what is known of the list that opens at `open` and whose first items end at `end`. */
export type FindStart = (open: number, end: number) => KnownStart | null;

/**
 * Finds where the members of the top level and the items lie. The text has one character a byte. Gives null where the
 * text does not look like a JSON object. Throws `body_too_large` for more items or members than a body may hold.
 *
 * It looks at quotes, brackets and commas only, which is safe because nothing is believed: each piece that is cut out,
 * and what remains without them, is parsed strictly by itself, and pieces that are JSON, put together with commas, are
 * the one reading of the whole.
 */
export function cutBody(text: string, itemsKey: string | null, find: FindStart): BodyLayout | null {
  let at = skipSpace(text, 0);
  if (text[at] !== "{") return null;
  at = skipSpace(text, at + 1);
  const members: MemberSpan[] = [];
  const tally: Tally = { strings: 0 };
  let items: BodyLayout["items"] = null;
  while (text[at] === '"') {
    const start = at;
    at = skipString(text, start + 1);
    const key = readKey(text, start, at);
    at = skipSpace(text, at);
    if (key === null || text[at] !== ":") return null;
    at = skipSpace(text, at + 1);
    const spans: Span[] = [];
    const isList = key === itemsKey && text[at] === "[";
    const end = isList ? cutList(text, at, spans, find, tally) : skipValue(text, at, tally);
    if (end <= at) return null;
    const member = { key, start, value: { start: at, end } };
    members.push(member);
    if (members.length > MOST_VALUES) throw tooMany("members and elements", MOST_VALUES);
    if (key === itemsKey) {
      // A member that stands twice is refused by whoever parses what remains; here it must not be cut twice.
      if (items !== null) return null;
      if (isList) items = { member, list: true, spans };
      else if (text[at] === '"') items = { member, list: false, spans: [{ start: 0, end: end - at }] };
    }
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
    else break;
  }
  return text[at] === "}" ? { members, items, close: at } : null;
}

/** Cuts the array that opens at `open`; gives the offset behind it, or -1 where it is none. */
function cutList(text: string, open: number, spans: Span[], find: FindStart, tally: Tally): number {
  let at = skipSpace(text, open + 1);
  if (text[at] === "]") return at + 1;
  for (;;) {
    let end = skipValue(text, at, tally);
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
    at = skipSpace(text, end);
    if (text[at] === "]") return at + 1;
    if (text[at] !== ",") return -1;
    at = skipSpace(text, at + 1);
  }
}

/** Gives the offset behind the value that begins at `from`; `from` itself where none does. */
function skipValue(text: string, from: number, tally: Tally): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return skipString(text, from + 1);
  if (first === 0x7b || first === 0x5b) return skipNested(text, from, tally);
  let at = from;
  while (at < text.length && !isEnd(text.charCodeAt(at))) at++;
  return at;
}

function skipNested(text: string, from: number, tally: Tally): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      if (++tally.strings > 2 * MOST_VALUES) throw tooMany("members and elements", MOST_VALUES);
      at = skipString(text, at + 1);
      continue;
    }
    at++;
    if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at;
  }
  return at;
}

/** Gives a member's name, unescaped; null where it is no JSON string. */
function readKey(text: string, start: number, end: number): string | null {
  const name = text.slice(start + 1, end - 1);
  if (!name.includes("\\")) return name;
  try {
    const key: unknown = JSON.parse(text.slice(start, end));
    return typeof key === "string" ? key : null;
  } catch {
    return null;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Tells whether a number or a literal ends before this character. */
function isEnd(code: number): boolean {
  return code === 0x2c || code === 0x5d || code === 0x7d || isSpace(code);
}
