// Reads an escape as the programs would that a text goes through, one after the other: of JSON, of addresses, of HTML and
// of Markdown, each also where another one wrote its characters.
import { foldPair, OTHER, PAIR, SKIP } from "./fold.ts";
import { isAlphanumeric } from "./look.ts";
import { toPlainTable } from "./plain-table.ts";

/** What escapes begin with. */
export const BACKSLASH = 0x5c;
export const PERCENT = 0x25;
export const AMPERSAND = 0x26;
/** What was read stands in so many low bits; `SKIP` is what stands for nothing. */
export const UNIT_BITS = 16;

/** An escape of an escape of an escape is read. */
const LAYERS = 3;
/** No escape is longer, with all that its characters are written with. */
const MOST_RAW = 512;
/** Longer than any name of a character that is known, or any number with some zeros before it. */
const MOST_NAME = 10;
const NONE = -1;
const SEMICOLON = 0x3b;
const LOWER_X = 0x78;
const LOWER_U = 0x75;
const NUMBER_SIGN = 0x23;
const OPENING = 0x7b;
const CLOSING = 0x7d;
/** Digits of a character's number within braces. */
const MOST_BRACED = 6;
/** What a backslash makes of the character behind it. */
const BEHIND: ReadonlyMap<number, number> = new Map([
  ...toUnits("nrt", "\n\r\t"),
  ...toUnits("bfv", "   "),
  ...toUnits("\"'`/_*.-[](){}#+!~@&$%=:|<>,;?^ "),
]);
const NAMED: ReadonlyMap<string, number> = new Map(
  Object.entries({
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    nbsp: " ",
    commat: "@",
    period: ".",
    comma: ",",
    colon: ":",
    semi: ";",
    equals: "=",
    hyphen: "-",
    dash: "-",
    lowbar: "_",
    sol: "/",
    bsol: "\\",
    plus: "+",
    percnt: "%",
    num: "#",
    dollar: "$",
    excl: "!",
    ast: "*",
    Tab: "\t",
    NewLine: "\n",
    shy: "\u00ad",
    zwj: "\u200d",
    zwnj: "\u200c",
    lrm: "\u200e",
    rlm: "\u200f",
  }).map(([name, character]) => [name, character.charCodeAt(0)]),
);

/** Reads the escapes of one text. */
export class Escapes {
  #text = "";
  /** Behind this nothing is looked at. */
  #stop = 0;
  /** Whether more of the text may come there, and whether that would have been looked at. */
  #isOpen = false;
  #isShort = false;
  /** Whether `#stop` was met at all. */
  #isStopped = false;
  /** Whether what is looked at holds more that escapes begin with. */
  #isMixed = false;
  /** The character that was read, the number that digits were, and where the backslashes ended that were passed over. */
  #unit = 0;
  #value = 0;
  #runEnd = 0;
  /** By layer: where it was seen last that no escape stands. The next call often asks again. */
  readonly #noneAt = [NONE, NONE, NONE];

  /**
   * Reads what stands at `at`, where an escape may begin.
   *
   * @returns how many units of the text it takes and, in the lowest `UNIT_BITS`, the plain unit that it stands for: without
   * an escape the one that stands there. 0 where more of the text must come first.
   */
  take(raw: string, at: number, isFinal: boolean): number {
    const most = at + MOST_RAW;
    if (this.#text !== raw) {
      this.#text = raw;
      this.#noneAt.fill(NONE);
    }
    this.#stop = Math.min(raw.length, most);
    this.#isOpen = !isFinal && most > raw.length;
    this.#isShort = false;
    this.#isStopped = false;
    const end = this.#read(LAYERS, at);
    if (this.#isShort) return 0;
    // Of more backslashes than any escape has nobody makes anything.
    if (end === most && this.#unit === BACKSLASH) this.#unit = SKIP;
    return ((end - at) << UNIT_BITS) | this.#unit;
  }

  /** Reads the character at `at` as it is after so many layers of escapes; gives where it ends. A run of backslashes is one. */
  #read(layers: number, at: number): number {
    if (at >= this.#stop) {
      this.#isStopped = true;
      this.#isShort ||= this.#isOpen;
      this.#unit = NONE;
      return at;
    }
    this.#unit = this.#text.charCodeAt(at);
    let end = at + 1;
    if (!isSpecial(this.#unit)) return end;
    this.#isMixed = true;
    if (this.#unit === BACKSLASH) {
      while (end < this.#stop && this.#text.charCodeAt(end) === BACKSLASH) end += 1;
      if (end >= this.#stop) this.#isShort ||= this.#isOpen;
    }
    const own = end;
    for (let under = this.#toKnown(layers, at); under < layers && isSpecial(this.#unit); under += 1) {
      const first = this.#unit;
      this.#isMixed = false;
      const last = this.#decode(under, at, end);
      const isNone = last === own && this.#unit === first;
      // What is no escape as it stands, and has no other in it, is none in any layer.
      if (isNone && under === 0 && !this.#isMixed) break;
      if (isNone && !this.#isStopped) this.#noneAt[under] = at;
      end = last;
    }
    this.#isMixed = true;
    return end;
  }

  /** Gives in how many layers it is known that no escape stands at `at`. */
  #toKnown(layers: number, at: number): number {
    let known = layers;
    while (known > 0 && this.#noneAt[known - 1] !== at) known -= 1;
    return known;
  }

  /** Reads the escape of which `#unit`, at `at` to `end`, is the first character; gives where it ends. Where there is none nothing changes. */
  #decode(layers: number, at: number, end: number): number {
    if (this.#unit === BACKSLASH) return this.#decodeBackslash(layers, at, end);
    const first = this.#unit;
    const last = first === PERCENT ? this.#decodePercent(layers, end) : this.#decodeEntity(layers, end);
    if (last !== NONE) return last;
    this.#unit = first;
    return end;
  }

  #decodeBackslash(layers: number, at: number, end: number): number {
    const letterEnd = this.#passBackslashes(layers, end);
    const last = this.#runEnd;
    const letter = this.#unit;
    if (letter === LOWER_U || letter === LOWER_X) {
      const codeEnd =
        letter === LOWER_U && this.#text.charCodeAt(letterEnd) === OPENING
          ? this.#decodeBraces(layers, letterEnd + 1)
          : this.#decodeCode(layers, letterEnd, letter === LOWER_U ? 4 : 2);
      if (codeEnd !== NONE) return codeEnd;
    } else {
      const character = BEHIND.get(letter) ?? NONE;
      // Of two backslashes before a quotation mark one was written by whoever wrote the mark: that is no escape.
      const others = layers === 0 && isQuotation(character) ? (last - at) & (last - at + 1) : 0;
      this.#unit = others > 0 ? SKIP : character;
      if (character !== NONE) return others > 0 ? at + others : letterEnd;
    }
    this.#unit = BACKSLASH;
    return last;
  }

  /** Passes over the backslashes that stand at `at`, up to `#runEnd`, and reads the character behind them; gives where that ends. */
  #passBackslashes(layers: number, at: number): number {
    let last = at;
    let end = this.#read(layers, at);
    while (this.#unit === BACKSLASH && !this.#isStopped) {
      last = end;
      end = this.#read(layers, last);
    }
    this.#runEnd = last;
    return end;
  }

  /** Reads `40}` of `\\u{40}`. */
  #decodeBraces(layers: number, at: number): number {
    let point = 0;
    let end = this.#read(layers, at);
    for (let digits = 0; digits < MOST_BRACED; digits += 1) {
      const digit = toHexDigit(this.#unit);
      if (digit < 0) break;
      point = point * 16 + digit;
      end = this.#read(layers, end);
    }
    if (this.#unit !== CLOSING || end === at + 1) return NONE;
    this.#setUnit(point);
    return end;
  }

  #decodeCode(layers: number, at: number, digits: number): number {
    const end = this.#readHex(layers, at, digits);
    if (end === NONE) return NONE;
    const high = this.#value;
    if (digits < 4 || (high & 0xfc00) !== 0xd800) {
      this.#setUnit(high);
      return end;
    }
    // The other half of a pair is an escape of its own.
    const letterEnd = this.#passBackslashes(layers, end);
    const hasLetter = this.#runEnd > end && this.#unit === LOWER_U;
    const lowEnd = hasLetter ? this.#readHex(layers, letterEnd, 4) : NONE;
    const isPair = lowEnd !== NONE && (this.#value & 0xfc00) === 0xdc00;
    this.#unit = isPair ? foldPair(high, this.#value) : OTHER;
    return isPair ? lowEnd : end;
  }

  /** Of a character that is none of ASCII each byte is an escape, or what is no UTF-8 is a character of Latin-1. */
  #decodePercent(layers: number, at: number): number {
    const end = this.#readHex(layers, at, 2);
    if (end === NONE) return NONE;
    const byte = this.#value;
    const last = byte < 0xc0 ? NONE : this.#decodeUtf8(layers, end, byte);
    if (last !== NONE) return last;
    this.#setUnit(byte);
    return end;
  }

  /** Reads the bytes that belong to a first one. */
  #decodeUtf8(layers: number, at: number, first: number): number {
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    let point = first & (0x3f >> more);
    let end = at;
    for (let i = 0; i < more; i += 1) {
      end = this.#read(layers, end);
      if (this.#unit !== PERCENT) return NONE;
      end = this.#readHex(layers, end, 2);
      if (end === NONE || (this.#value & 0xc0) !== 0x80) return NONE;
      point = point * 64 + (this.#value & 0x3f);
    }
    this.#setUnit(point);
    return end;
  }

  #decodeEntity(layers: number, at: number): number {
    let name = "";
    let end = this.#read(layers, at);
    if (this.#unit === NUMBER_SIGN) return this.#decodeNumber(layers, end);
    while (isAlphanumeric(this.#unit)) {
      if (name.length === MOST_NAME) return NONE;
      name += String.fromCharCode(this.#unit);
      end = this.#read(layers, end);
    }
    if (this.#unit !== SEMICOLON) return NONE;
    const point = NAMED.get(name) ?? NONE;
    if (point === NONE) return NONE;
    this.#setUnit(point);
    return end;
  }

  /** Reads `64;` or `x40;`, whose semicolon may be missing. */
  #decodeNumber(layers: number, at: number): number {
    let last = at;
    let end = this.#read(layers, at);
    const isHex = (this.#unit | 0x20) === LOWER_X;
    if (isHex) {
      last = end;
      end = this.#read(layers, end);
    }
    const from = last;
    let point = 0;
    for (let digits = 0; digits < MOST_NAME; digits += 1) {
      const digit = toHexDigit(this.#unit);
      if (digit < 0 || (digit > 9 && !isHex)) break;
      point = point * (isHex ? 16 : 10) + digit;
      last = end;
      end = this.#read(layers, end);
    }
    if (last === from) return NONE;
    const isClosed = this.#unit === SEMICOLON;
    this.#setUnit(point);
    return isClosed ? end : last;
  }

  /** Reads so many hexadecimal digits into `#value`; gives where they end, `NONE` where there are others. */
  #readHex(layers: number, at: number, digits: number): number {
    let end = at;
    let sum = 0;
    for (let i = 0; i < digits; i += 1) {
      end = this.#read(layers, end);
      const digit = toHexDigit(this.#unit);
      if (digit < 0) return NONE;
      sum = sum * 16 + digit;
    }
    this.#value = sum;
    return end;
  }

  #setUnit(point: number): void {
    if (point < 0x80) this.#unit = point;
    else if (point > 0xffff) this.#unit = point > 0x10ffff ? OTHER : foldPair(toHigh(point), toLow(point));
    else {
      const plain = toPlainTable()[point] ?? SKIP;
      this.#unit = plain === PAIR ? OTHER : plain;
    }
  }
}

function toHigh(point: number): number {
  return 0xd7c0 + (point >> 10);
}

function toLow(point: number): number {
  return 0xdc00 + (point & 0x3ff);
}

function isSpecial(c: number): boolean {
  return c === BACKSLASH || c === PERCENT || c === AMPERSAND;
}

function isQuotation(c: number): boolean {
  return c === 0x22 || c === 0x27 || c === 0x60;
}

function toHexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function toUnits(from: string, to = from): [number, number][] {
  return Array.from(from, (character, i) => [character.charCodeAt(0), to.charCodeAt(i)]);
}
