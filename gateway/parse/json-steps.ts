// Parses long JSON strictly, in steps: its long strings are decoded piece by piece, because JSON.parse cannot be interrupted.

import { randomUUID } from "node:crypto";
import { tooMany } from "./budget.ts";
import type { Json } from "../exchange.ts";
import { decodeJson, invalidJson, parseJson, parseJsonText, skipString } from "./json.ts";
import type { JsonLimits } from "./json.ts";
import { STEP } from "./steps.ts";
import type { Steps } from "./steps.ts";

const BACKSLASH = 0x5c;
const COLON = 0x3a;
const LONGEST_ESCAPE = 6;

/** Parses as `parseJson` does; a name of more than `step` characters is `body_too_large`. */
export function* parseJsonInSteps(bytes: Buffer, limits: JsonLimits, step: number = STEP): Steps<Json> {
  if (bytes.length <= step) return parseJson(bytes, limits);
  const text = decodeJson(bytes, limits);
  yield bytes.length;
  const mark = randomUUID();
  const { rest, long } = yield* takeOut(text, mark, step);
  if (long.length === 0) return parseJsonText(text, limits);
  const strings: string[] = [];
  for (const written of long) strings.push(yield* readString(written, limits, step));
  return parseJsonText(rest, limits, (_, value) =>
    typeof value === "string" && value.startsWith(mark) ? strings[Number(value.slice(mark.length))] : value,
  );
}

/** Takes the long strings out of a text; in the place of each stands the mark, which nobody can have written, and its number. */
function* takeOut(
  text: string,
  mark: string,
  step: number,
): Steps<{ rest: string; long: readonly string[] }> {
  const long: string[] = [];
  let rest = "";
  let kept = 0;
  let told = 0;
  for (let quote = text.indexOf('"'); quote !== -1;) {
    let end = skipString(text, quote + 1, quote + step);
    while (end < 0) {
      yield step;
      end = skipString(text, -end, step - end);
    }
    if (end - quote > step) {
      if (isName(text, end)) throw tooMany("characters in a name", step);
      rest += `${text.slice(kept, quote + 1)}${mark}${long.length}`;
      // The closing quote stays: where there is none, what is left is no JSON.
      kept = end - 1;
      long.push(text.slice(quote + 1, kept));
    }
    if (end - told > step) {
      yield end - told;
      told = end;
    }
    quote = text.indexOf('"', end);
  }
  return { rest: rest + text.slice(kept), long };
}

function isName(text: string, end: number): boolean {
  let at = end;
  while (/[ \t\n\r]/.test(text.charAt(at))) at += 1;
  return text.charCodeAt(at) === COLON;
}

/** Reads what stands between the quotes of a string. */
function* readString(written: string, limits: JsonLimits, step: number): Steps<string> {
  const pieces: string[] = [];
  for (let at = 0; at < written.length;) {
    const end = toCut(written, at, Math.min(written.length, at + step));
    pieces.push(parseString(written.slice(at, end), limits));
    yield end - at;
    at = end;
  }
  const whole = pieces.join("");
  if (written.includes("\\u") && !whole.isWellFormed())
    throw invalidJson(limits, "contains a lone surrogate");
  return whole;
}

function parseString(written: string, limits: JsonLimits): string {
  let value: unknown;
  try {
    value = JSON.parse(`"${written}"`);
  } catch {
    // The SyntaxError quotes the text, so it is not kept as the cause.
  }
  if (typeof value !== "string") throw invalidJson(limits, "is not valid JSON");
  return value;
}

/** Gives where to cut at or before `end`, so that no escape is cut; none was at `from`. */
function toCut(written: string, from: number, end: number): number {
  if (end === written.length) return end;
  let at = end - 1;
  while (at > end - LONGEST_ESCAPE && written.charCodeAt(at) !== BACKSLASH) at -= 1;
  if (at <= Math.max(from, end - LONGEST_ESCAPE)) return end;
  let first = at;
  while (first > from && written.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  // Of an even number each has its other.
  if ((at - first) % 2 === 1) return end;
  return at + (written.charAt(at + 1) === "u" ? LONGEST_ESCAPE : 2) <= end ? end : at;
}
