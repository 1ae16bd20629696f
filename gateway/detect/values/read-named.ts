// Reads secrets that have no shape of their own: values that are assigned to a name which tells what they are.
import { readStandIn } from "../../stand-ins.ts";
import { toEntropy } from "./entropy.ts";
import { isAlphanumeric, isLetter, isWord, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";
import { matchForward, WAIT, type Shape } from "./shape.ts";

/** One kind of secret that a name stands for. */
export type Named = {
  readonly kind: Kind;
  readonly shapes: readonly Shape[];
  /** Whether a value is any visible text, so that in quotation marks it goes up to the closing one. */
  readonly isAny: boolean;
  readonly entropy: number;
  /** Says that a value is none: a placeholder, a reference, a word. */
  readonly isNone: (value: string) => boolean;
};

/** An identifier goes on for at most so many characters after the name. */
const MAX_TAIL = 40;
const MAX_BEFORE = 16;
const MAX_SPACE = 12;
/** What an identifier ends in that names something about a secret, not the secret. */
const ABOUT =
  /(?:^|[_.-]|(?<=[a-z])(?=[A-Z]))(?:count|counts|id|ids|type|types|name|names|url|uri|path|file|length|len|limit|limits|size|expires?|expiry|expiration|at|ttl|policy|usage|used|index|budget|max|min|field|label|hint|prefix|status|state|version|env|var|header|column|reset|strength|rotation|provider|required|valid|regex|pattern|format|manager|service|endpoint|class|error|enabled|encryption)$/i;
/** What stands before such a name in that of a place in a list. */
const PLACES =
  /(?:page|next|prev|previous|continuation|continue|sync|cursor|delta|skip|start|csrf|xsrf)[_-]?$/i;

/** Makes the reader of what a name stands for; its trigger is the name. Readers have numbers of their own. */
export function createNamedReader(name: string, named: readonly Named[], number: number): Reader {
  // A short name must stand at the beginning of a word: `pass` in `compass` is none.
  const needsStart = name.length < 6;
  const isPlace = name.endsWith("token");
  return (look: Look, start: number, end: number): boolean => {
    const { text } = look;
    if (needsStart && !isWordStart(text, start)) return true;
    if (isPlace && PLACES.test(text.slice(Math.max(0, start - MAX_BEFORE), start))) return true;
    const value = findValue(look, end, start);
    if (value === WAIT) return false;
    if (value < 0 || look.isCovered(number, value)) return true;
    // What is no secret for one of them is none for the others.
    let told = -1;
    let isTold = false;
    for (const { kind, shapes, isAny, entropy, isNone } of named) {
      for (const shape of shapes) {
        const matched = matchForward(shape, 0, text, value, look.isFinal);
        if (matched === WAIT || (matched >= text.length && !look.isFinal)) return waitFrom(look, value);
        let to = matched;
        if (isAny && matched < text.length) {
          const closing = findClosing(look, value);
          if (closing === WAIT) return waitFrom(look, value);
          if (closing > matched && (matched > 0 || isOneWord(text, value, closing, shape))) to = closing;
        }
        if (to < 0 || (to < text.length && goesOn(text, to))) continue;
        // What was matched says whether it is a secret; it ends where the quotation mark stands.
        const judged = matched < 0 ? to : matched;
        const found = text.slice(value, judged);
        if (toEntropy(found) < entropy) continue;
        if (told !== judged) {
          told = judged;
          isTold = isNone(withoutQuotes(found)) && !look.fail(number, value, judged);
        }
        if (isTold) continue;
        look.cover(number, to);
        look.add(kind, value, to);
        return true;
      }
    }
    return true;
  };
}

const MAX_QUOTED = 256;

/**
 * Finds the quotation mark that closes the value at `value`, if one stands before it: one that is written as that is, so that
 * an escaped one is a part of the value.
 *
 * @returns its index, `WAIT`, or -2 where there is none on the line.
 */
function findClosing(look: Look, value: number): number {
  const { text } = look;
  const quote = value > 0 ? text.charCodeAt(value - 1) : 0;
  if (quote !== 0x22 && quote !== 0x27 && quote !== 0x60) return -2;
  const width = look.widthAt(value - 1);
  const stop = Math.min(text.length, value + MAX_QUOTED);
  for (let i = value; i < stop; i += 1) {
    const c = text.charCodeAt(i);
    if (c === 0x0a || c === 0x0d) return -2;
    if (c === quote && look.widthAt(i) === width) return i;
  }
  return stop === text.length && stop < value + MAX_QUOTED && !look.isFinal ? WAIT : -2;
}

/** What is a word but for an apostrophe is one. */
function withoutQuotes(found: string): string {
  return /["'`]/.test(found) ? found.replace(/["'`]/g, "") : found;
}

/** Says whether all up to the closing quotation mark is one word that is as long as the shape wants it at the least. */
function isOneWord(text: string, from: number, to: number, { parts: [first] }: Shape): boolean {
  const least = first !== undefined && "min" in first ? first.min : 1;
  return to - from >= least && !/\s/.test(text.slice(from, to));
}

function isWordStart(text: string, start: number): boolean {
  if (start === 0) return true;
  const before = text.charCodeAt(start - 1);
  if (!isLetter(before)) return true;
  // camelCase: a small letter, then a capital.
  const first = text.charCodeAt(start);
  return (before & 0x20) !== 0 && (first & 0x20) === 0;
}

/** A value does not end in the middle of a word, and a call's or an index' opening bracket makes it a name. */
function goesOn(text: string, to: number): boolean {
  const c = text.charCodeAt(to);
  return isWord(c) || c === 0x28 || c === 0x5b;
}

/** Finds where the assigned value begins; -2 where none is assigned. On `WAIT` the look's hold is set. */
function findValue(look: Look, end: number, start: number): number {
  const { text } = look;
  let i = end;
  // `passwordless`, `tokenizer`: another word. A plural, a number or a new part of an identifier may follow.
  if (isLower(text.charCodeAt(i)) && isLower(text.charCodeAt(i - 1)) && !isPlural(text, i)) {
    return i < text.length ? -2 : wait(look);
  }
  while (i < text.length && i - end < MAX_TAIL && isTail(text.charCodeAt(i))) i += 1;
  if (i >= text.length) return look.isFinal ? -2 : wait(look);
  if (i > end && ABOUT.test(text.slice(end, i))) return -2;

  let isQuoted = false;
  for (let k = 0; k < 2 && isCloser(text.charCodeAt(i)); k += 1) {
    isQuoted = true;
    i += 1;
  }
  const afterName = i;
  i = skipBlanks(text, i, false);
  if (i >= text.length) return look.isFinal ? -2 : wait(look);
  if (i - afterName > MAX_SPACE) return -2;
  const operator = readOperator(look, i, { isQuoted, isSpaced: i > afterName, start });
  const isPair = operator === -2 || text.charAt(i) === ",";
  const pair = isPair ? findPair(look, end, start) : -2;
  const assigned = pair === -2 ? operator : pair;
  if (assigned < 0) return assigned;
  i = skipBlanks(text, assigned, true);
  if (i - assigned > MAX_SPACE) return -2;
  let openers = 0;
  while (i < text.length && openers < 3 && isOpener(text.charCodeAt(i))) {
    const standIn = readStandIn(text, i, look.isFinal);
    if (standIn !== -2) return standIn === -1 ? wait(look) : -2;
    openers += 1;
    i += 1;
  }
  i = skipScheme(look, i);
  if (i < 0) return i;
  if (i >= text.length) return look.isFinal ? -2 : wait(look);
  const standIn = readStandIn(text, i, look.isFinal);
  if (standIn !== -2) return standIn === -1 ? wait(look) : -2;
  return i;
}

const NAME_OF = /(?:^|[^A-Za-z])(?:name|key|parameterkey|variable)["']?\s{0,4}[:=]\s{0,4}["']?$/i;
const VALUE_OF = /^["']?\s{0,40},?\s{0,40}["']?(?:parameter)?value["']?\s{0,4}[:=]/i;
const MAX_PAIR = 112;
const MAX_KEY = 32;

/** Finds the value of a pair, as `- name: DB_PASSWORD` and `value: …` on the next line; gives the index after its operator. */
function findPair(look: Look, end: number, start: number): number {
  const { text } = look;
  let first = start;
  while (first > 0 && start - first < MAX_TAIL && isTail(text.charCodeAt(first - 1))) first -= 1;
  if (!NAME_OF.test(text.slice(Math.max(0, first - MAX_KEY), first))) return -2;
  let last = end;
  while (last < text.length && last - end < MAX_TAIL && isTail(text.charCodeAt(last))) last += 1;
  const found = VALUE_OF.exec(text.slice(last, last + MAX_PAIR));
  if (found !== null) return last + found[0].length;
  return text.length < last + MAX_PAIR && !look.isFinal ? wait(look) : -2;
}

function wait(look: Look, from = look.text.length): number {
  look.hold = from;
  return WAIT;
}

function isLower(c: number): boolean {
  return c >= 0x61 && c <= 0x7a;
}

function isPlural(text: string, i: number): boolean {
  return text.charAt(i) === "s" && !isLower(text.charCodeAt(i + 1));
}

function isTail(c: number): boolean {
  return isAlphanumeric(c) || c === 0x5f || c === 0x2d || c === 0x2e;
}

/** `"`, `'`, a backtick, `]`, `)`, `*`. */
function isCloser(c: number): boolean {
  return c === 0x22 || c === 0x27 || c === 0x60 || c === 0x5d || c === 0x29 || c === 0x2a;
}

/** `"`, `'`, a backtick, `(`, `[`, `*`. */
function isOpener(c: number): boolean {
  return c === 0x22 || c === 0x27 || c === 0x60 || c === 0x28 || c === 0x5b || c === 0x2a;
}

function skipBlanks(text: string, from: number, lines: boolean): number {
  let i = from;
  while (i < text.length && i - from <= MAX_SPACE) {
    const c = text.charCodeAt(i);
    if (c !== 0x20 && c !== 0x09 && !(lines && (c === 0x0a || c === 0x0d))) break;
    i += 1;
  }
  return i;
}

type Before = { isQuoted: boolean; isSpaced: boolean; start: number };

/** Gives the index after what says that a value follows; -2 where nothing does. */
function readOperator(look: Look, at: number, before: Before): number {
  const { text } = look;
  const c = text.charAt(at);
  if (at + 3 >= text.length && !look.isFinal) return wait(look, at);
  if (c === "=") return at + (text[at + 1] === ">" || text[at + 1] === "=" ? 2 : 1);
  if (c === ":") {
    let next = at + 1;
    while (next - at < 3 && (text[next] === ":" || text[next] === "=")) next += 1;
    return next;
  }
  if (
    (c === "-" || c === "?" || c === "|" || c === "." || c === "+") &&
    (text[at + 1] === ">" || text[at + 1] === "=")
  )
    return at + 2;
  if (c === "|" && text[at + 1] === "|" && text[at + 2] === "=") return at + 3;
  if (c === "," && before.isQuoted) return at + 1;
  if (c === "|" && before.isSpaced) return at + 1;
  if (c === ">" && !before.isSpaced) return at + 1;
  if (!before.isSpaced) return -2;
  if (c === '"' || c === "'" || c === "`") return at;
  const word = text.slice(at, at + 3).toLowerCase();
  if (word === "is " || word === "as " || word === "to ") return at + 3;
  if (word === "was" && text[at + 3] === " ") return at + 4;
  // A flag of a command line: `--password value`.
  const isFlag = isFlagName(text, before.start);
  return isFlag && c !== "-" ? at : -2;
}

function isFlagName(text: string, start: number): boolean {
  let i = start;
  while (i > 0 && start - i < MAX_TAIL && (isTail(text.charCodeAt(i - 1)) || text[i - 1] === "-")) i -= 1;
  return text[i] === "-" && (i === 0 || text[i - 1] === " " || text[i - 1] === '"' || text[i - 1] === "\n");
}

const SCHEMES = ["bearer ", "basic ", "token ", "bot ", "apikey ", "key ", "api-token "];

/** Passes over the scheme of an Authorization header, and the letter before a string of Python. */
function skipScheme(look: Look, at: number): number {
  const { text } = look;
  const head = text.slice(at, at + 10).toLowerCase();
  for (const scheme of SCHEMES) {
    if (head.startsWith(scheme)) return at + scheme.length;
    if (!look.isFinal && head.length < scheme.length && scheme.startsWith(head)) return wait(look, at);
  }
  const isPrefix = /^[urbf]["']/.test(head);
  return isPrefix ? at + 2 : at;
}
