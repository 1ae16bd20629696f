// Reads a text as a person or a program would: escapes decoded, look-alike characters made plain, invisible ones gone;
// and remembers where each character came from.
import { foldPair, PAIR, SKIP, OTHER } from "./fold.ts";
import type { InvisibleRuns } from "./invisible.ts";
import { toPlainTable } from "./plain-table.ts";

/** A text that comes in pieces, as plain text. Offsets are in the whole plain text, raw ones in the text as it came. */
export class PlainText {
  /** What is kept of the plain text. */
  text = "";
  /** The offset of its first character. */
  base = 0;
  /** Raw units that became plain. */
  rawRead = 0;
  readonly #invisible: InvisibleRuns | null;
  readonly #table = toPlainTable();
  #held = "";
  // Where plain and raw stop running side by side: a plain offset, its raw offset, and how many raw units it takes.
  #at: number[] = [0];
  #raw: number[] = [0];
  #width: number[] = [1];

  /** What is invisible is noted in `invisible`. */
  constructor(invisible: InvisibleRuns | null = null) {
    this.#invisible = invisible;
  }

  /** Takes the next piece; an escape that may go on waits for the next one. */
  push(piece: string, isFinal: boolean): void {
    if (this.#held === "" && piece.length <= SHORT && isOrdinary(piece)) {
      this.text += piece;
      this.rawRead += piece.length;
      return;
    }
    const raw = this.#held === "" ? piece : this.#held + piece;
    const stop = isFinal ? raw.length : raw.length - heldLength(raw);
    this.#held = stop === raw.length ? "" : raw.slice(stop);
    if (stop > 0) this.#append(stop === raw.length ? raw : raw.slice(0, stop));
  }

  /** The raw offset at which the plain character at `offset` begins. */
  toRaw(offset: number): number {
    const i = this.#find(offset);
    return (this.#raw[i] ?? 0) + (offset - (this.#at[i] ?? 0));
  }

  /** The raw offset at which the plain character before `offset` ends. */
  toRawEnd(offset: number): number {
    if (offset <= 0) return this.toRaw(offset);
    const i = this.#find(offset - 1);
    const isFirst = this.#at[i] === offset - 1;
    return (this.#raw[i] ?? 0) + (offset - 1 - (this.#at[i] ?? 0)) + (isFirst ? (this.#width[i] ?? 1) : 1);
  }

  /** Raw units that were taken, those included that wait. */
  get rawTaken(): number {
    return this.rawRead + this.#held.length;
  }

  /** Lets go of the text before a plain offset. */
  release(offset: number): void {
    if (offset - this.base < SLACK) return;
    this.text = this.text.slice(offset - this.base);
    this.base = offset;
    const first = this.#find(offset);
    if (first > 64) {
      this.#at.splice(0, first);
      this.#raw.splice(0, first);
      this.#width.splice(0, first);
    }
  }

  #find(offset: number): number {
    let low = 0;
    let high = this.#at.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#at[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #append(raw: string): void {
    let i = 0;
    while (i < raw.length) {
      SPECIAL.lastIndex = i;
      const next = SPECIAL.test(raw) ? SPECIAL.lastIndex - 1 : raw.length;
      if (next > i) this.text += i === 0 && next === raw.length ? raw : raw.slice(i, next);
      i = next;
      // Where one character is special, its neighbours often are: they are looked at one by one for a while.
      for (let plainRun = 0; i < raw.length && plainRun < NEAR;) {
        const size = this.#take(raw, i);
        plainRun = size === 1 ? plainRun + 1 : 0;
        i += size;
      }
    }
    this.rawRead += raw.length;
  }

  /** Takes one character, or an escape; gives how many raw units it has. */
  #take(raw: string, i: number): number {
    const c = raw.charCodeAt(i);
    if (c === BACKSLASH || c === PERCENT || c === AMPERSAND) {
      const size = readEscape(raw, i);
      if (size > 0) return decoded === GONE ? this.#skip(i, size) : this.#put(decoded, i, size);
      // A run of backslashes that is too long for an escape: the first is itself.
      this.text += raw.charAt(i);
      return 1;
    }
    if (c < 0x80) {
      if (c === 0) return this.#skip(i, 1);
      this.text += raw.charAt(i);
      return 1;
    }
    let plain = this.#table[c] ?? SKIP;
    let size = 1;
    let point = c;
    if (plain === PAIR) {
      const low = i + 1 < raw.length ? raw.charCodeAt(i + 1) : 0;
      plain = foldPair(c, low);
      if ((low & 0xfc00) === 0xdc00) {
        size = 2;
        point = ((c - 0xd800) << 10) + (low - 0xdc00) + 0x10000;
      }
    }
    if (this.#invisible !== null) this.#invisible.note(point, this.rawRead + i, this.rawRead + i + size);
    if (plain === SKIP) return this.#skip(i, size);
    if (plain === c && size === 1) {
      this.text += raw.charAt(i);
      return 1;
    }
    return this.#put(plain === 0 ? OTHER : plain, i, size);
  }

  #put(plain: number, i: number, size: number): number {
    this.text += String.fromCharCode(plain);
    if (size === 1) return 1;
    const end = this.base + this.text.length;
    this.#mark(end - 1, this.rawRead + i, size);
    this.#mark(end, this.rawRead + i + size, 1);
    return size;
  }

  #skip(i: number, size: number): number {
    this.#mark(this.base + this.text.length, this.rawRead + i + size, 1);
    return size;
  }

  #mark(at: number, raw: number, width: number): void {
    const last = this.#at.length - 1;
    if (this.#at[last] === at) {
      this.#raw[last] = raw;
      this.#width[last] = width;
      return;
    }
    this.#at.push(at);
    this.#raw.push(raw);
    this.#width.push(width);
  }
}

/** Reads a whole text. */
export function toPlain(text: string): string {
  const plain = new PlainText();
  plain.push(text, true);
  return plain.text;
}

/** Less than this is not worth a copy. */
const SLACK = 512;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const SEMICOLON = 0x3b;
/** After so many ordinary characters the search for the next special one goes on. */
const NEAR = 8;
/** All but printable ASCII and white space, and what may begin an escape. */
const SPECIAL = /[^\t\n\r\x20-\x24\x27-\x5b\x5d-\x7e]/g;
/** Pieces up to this length are looked at one character at a time. */
const SHORT = 64;

/** Says whether a text holds nothing that `SPECIAL` is. */
function isOrdinary(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c >= 0x7f || c === BACKSLASH || c === PERCENT || c === AMPERSAND) return false;
    if (c < 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return false;
  }
  return true;
}

/** At most so many backslashes before an escape belong to it: JSON within JSON, four times. */
const MAX_BACKSLASHES = 8;
const SIMPLE: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 32, f: 32, v: 32 };
const QUOTED = "\"'`/_*.-[](){}#+!~@&$%=:|<>,;?^ ";
const NAMED: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  commat: "@",
  period: ".",
  colon: ":",
  equals: "=",
  hyphen: "-",
  dash: "-",
  lowbar: "_",
  sol: "/",
  plus: "+",
  shy: "\u00ad",
  zwj: "\u200d",
  zwnj: "\u200c",
  lrm: "\u200e",
  rlm: "\u200f",
};

/** What `readEscape` has read: module state, so that a call gives two numbers and allocates nothing. */
let decoded = 0;

/** Reads an escape at `i`: gives its length and leaves its character in `decoded`; 0 where there is none. */
function readEscape(raw: string, i: number): number {
  const c = raw.charCodeAt(i);
  if (c === PERCENT) {
    const value = readHex(raw, i + 1, 2);
    if (value < 0x20 || value > 0x7e) return 0;
    decoded = value;
    return 3;
  }
  if (c === AMPERSAND) return readEntity(raw, i);
  let next = i + 1;
  while (raw.charCodeAt(next) === BACKSLASH && next - i <= MAX_BACKSLASHES) next += 1;
  if (next - i > MAX_BACKSLASHES) return 0;
  const letter = raw.charAt(next);
  if (letter === "u" || letter === "x") {
    const digits = letter === "u" ? 4 : 2;
    const value = readHex(raw, next + 1, digits);
    if (value < 0) return 0;
    const size = next - i + 1 + digits;
    if (digits === 4 && (value & 0xfc00) === 0xd800)
      return size + readLowEscape(raw, i + size, next - i, value);
    setDecoded(value);
    return size;
  }
  const simple = SIMPLE[letter];
  if (simple !== undefined) decoded = simple;
  else if (letter !== "" && QUOTED.includes(letter)) decoded = letter.charCodeAt(0);
  else return 0;
  return next - i + 1;
}

/** Stands for an escaped character that is invisible. */
const GONE = -1;

/** Reads the second half of an escaped pair, which has as many backslashes; gives its length, 0 where there is none. */
function readLowEscape(raw: string, i: number, backslashes: number, high: number): number {
  const letter = i + backslashes;
  decoded = OTHER;
  for (let at = i; at < letter; at += 1) if (raw.charCodeAt(at) !== BACKSLASH) return 0;
  const low = raw.charAt(letter) === "u" ? readHex(raw, letter + 1, 4) : -1;
  if ((low & 0xfc00) !== 0xdc00 || low < 0) return 0;
  const plain = foldPair(high, low);
  decoded = plain === SKIP ? GONE : plain === 0 ? OTHER : plain;
  return backslashes + 5;
}

function setDecoded(value: number): void {
  const plain = value === 0 ? SKIP : (toPlainTable()[value] ?? SKIP);
  decoded =
    value < 0x80 && value > 0 ? value : plain === SKIP ? GONE : plain === PAIR || plain === 0 ? OTHER : plain;
}

function readEntity(raw: string, i: number): number {
  let end = i + 1;
  while (raw.charCodeAt(end) !== SEMICOLON) {
    if (end >= raw.length || end - i >= MAX_ENTITY) return 0;
    end += 1;
  }
  const name = raw.slice(i + 1, end);
  if (name.startsWith("#")) {
    const isHex = name.charAt(1) === "x" || name.charAt(1) === "X";
    const digits = name.slice(isHex ? 2 : 1);
    const value = isHex ? readHex(digits, 0, digits.length) : readDecimal(digits);
    if (value < 0x20 || value > 0xffff) return 0;
    setDecoded(value);
    return end - i + 1;
  }
  const character = NAMED[name];
  if (character === undefined) return 0;
  setDecoded(character.charCodeAt(0));
  return end - i + 1;
}

const MAX_ENTITY = 9;

function readHex(text: string, from: number, digits: number): number {
  if (digits === 0 || digits > 6 || from + digits > text.length) return -1;
  let value = 0;
  for (let i = from; i < from + digits; i += 1) {
    const digit = toHexDigit(text.charCodeAt(i));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function readDecimal(text: string): number {
  if (text === "" || text.length > 6) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function toHexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** What may be the beginning of an escape or of a surrogate pair, at a piece's end. */
const UNFINISHED =
  /(?:(?:\\+u[dD][89abAB][0-9a-fA-F]{2})?\\+(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?|\\+u[dD][89abAB][0-9a-fA-F]{2}|%[0-9a-fA-F]?|&[#a-zA-Z0-9]{0,8}|[\ud800-\udbff])$/;

/** A pair of escapes with all their backslashes, and one of those more. */
const MOST_HELD = 32;

function heldLength(raw: string): number {
  const tail = raw.length > MOST_HELD ? raw.slice(-MOST_HELD) : raw;
  const last = raw.charCodeAt(raw.length - 1);
  // Most pieces end in a letter or a blank after a plain word: no regex for those without an escape's first character.
  if (last < 0xd800 && !tail.includes("\\") && !tail.includes("%") && !tail.includes("&")) return 0;
  const match = UNFINISHED.exec(tail);
  if (match === null) return 0;
  const found = match[0];
  // `\%` is an escape of its own.
  if ((found.startsWith("%") || found.startsWith("&")) && tail.charCodeAt(match.index - 1) === BACKSLASH)
    return 0;
  if (!found.startsWith("\\")) return found.length;
  const backslashes = found.length - found.replace(/^\\+/, "").length;
  return found.length - Math.max(0, backslashes - MAX_BACKSLASHES);
}
