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
    for (const { kind, shapes, entropy, isNone } of named) {
      for (const shape of shapes) {
        const to = matchForward(shape, 0, text, value, look.isFinal);
        if (to === WAIT || (to >= text.length && !look.isFinal)) return waitFrom(look, value);
        if (to < 0 || (to < text.length && goesOn(text, to))) continue;
        const found = text.slice(value, to);
        if (toEntropy(found) < entropy) continue;
        if (told !== to) {
          told = to;
          isTold = isNone(found) && !look.fail(number, value, to);
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
  if (operator < 0) return operator;
  i = skipBlanks(text, operator, true);
  if (i - operator > MAX_SPACE) return -2;
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
