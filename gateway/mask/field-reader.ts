// Reads a JSON text in pieces, however it is cut, and finds the values of masked fields in it; JSON in its strings too.
import type { FieldValue, Finding } from "../exchange.ts";
import { toStricter, type FieldMask, type Fields, type Step } from "./fields.ts";
import { FieldValues } from "./field-values.ts";
import { createStringReader, type StringReader } from "./json-string.ts";

/** Finds values of fields in a text that comes in pieces. The findings are those of the whole, however it is cut. */
export type FieldReader = {
  /** Takes the next piece; gives the findings that became certain, in order. */
  push(piece: string): readonly Finding[];
  /** Ends the text: what is open counts to its end. */
  end(): readonly Finding[];
  /** UTF-16 units at the end of what was pushed that may still become the value of a field. */
  readonly pending: number;
};

/** JSON in a string of JSON in a string of JSON is read; what lies deeper is text. */
const MOST_LEVELS = 2;
/** What is nested deeper than this counts as a whole. */
const MOST_DEPTH = 128;

/** What the levels of one text share. */
type Shared = {
  readonly fields: Fields;
  /** A whole object counts; else its members, one by one. */
  readonly isWholeObject: boolean;
  readonly values: FieldValues;
  readonly path: Step[];
  readonly roots: number[];
};

type Frame = {
  readonly isList: boolean;
  /** The mask of an object whose members all count. */
  readonly mask: FieldMask | null;
  isAtValue: boolean;
  index: number;
};

/**
 * Opens the reader of one text. Where it begins like no JSON, or goes on after it, an object or a list that begins in it is
 * read as a JSON text of its own. With `isWholeObject` an object counts as one value, else each of its members does.
 */
export function createFieldReader(fields: Fields, isWholeObject: boolean): FieldReader {
  const values = new FieldValues();
  const shared: Shared = { fields, isWholeObject, values, path: [], roots: [0] };
  const level = new Level(shared, 0);
  let at = 0;
  return {
    get pending() {
      return values.openFrom === -1 ? 0 : at - values.openFrom;
    },
    push(piece) {
      for (let i = 0; i < piece.length; i += 1) {
        i = level.skip(piece, i);
        if (i < piece.length) level.take(piece.charCodeAt(i), at + i, at + i + 1);
      }
      at += piece.length;
      return values.give(at);
    },
    end() {
      level.finish(at);
      return values.give(at);
    },
  };
}

/** Reads the JSON in one text; a string has a level of its own, whose characters may be written with escapes. */
class Level {
  /** What comes is no JSON until a bracket opens. */
  isIdle = false;
  /** The JSON that is read stands within other text. */
  #isWithin: boolean;
  readonly #shared: Shared;
  readonly #depth: number;
  readonly #root: number;
  readonly #frames: Frame[] = [];
  /** The first character within the outermost brackets has not come. */
  #isFirst = false;
  #hasRoot = false;
  /** The string, the bare word or the whole container that is being read. */
  #string: StringReader | null = null;
  #word: string | null = null;
  #covered: Cover | null = null;
  /** What is read is the name of a member. */
  #isName = false;
  #name = "";
  #inner: Level | null = null;
  #isInnerText = false;
  #isInnerBegun = false;

  constructor(shared: Shared, depth: number, isWithin = false) {
    this.#shared = shared;
    this.#depth = depth;
    this.#isWithin = isWithin;
    this.#root = shared.path.length;
  }

  /** Takes a character, which stands at `start` to `end` of the text as it came. */
  take(c: number, start: number, end: number): void {
    if (this.isIdle) {
      if (isOpening(c)) this.#restart(c, start);
      return;
    }
    if (this.#isEndedBy(c)) return this.finish(start);
    if (this.#string !== null) {
      if (this.#string.take(c, start, end)) this.#endString(start, end);
      return;
    }
    if (this.#covered !== null) {
      if (this.#covered.take(c)) {
        this.#covered = null;
        this.#shared.values.close(end);
      }
      return;
    }
    if (this.#word !== null) {
      if (!isBlank(c) && !isSign(c)) {
        this.#addToWord(String.fromCharCode(c));
        return;
      }
      this.#endWord(start);
    }
    if (isBlank(c)) return;
    this.#begin(c, start);
    if (this.isIdle && isOpening(c)) this.#restart(c, start);
  }

  #restart(c: number, start: number): void {
    this.isIdle = false;
    this.#begin(c, start);
  }

  /**
   * Says whether a character ends what only looks like JSON, so that it hides nothing that follows: a line that ends in a
   * string that is no field's value, and within other text a fence.
   */
  #isEndedBy(c: number): boolean {
    if (c === LINE_FEED)
      return (
        this.#string !== null &&
        this.#shared.values.openFrom === -1 &&
        (this.#isWithin || this.#frames.length === 0)
      );
    return c === BACKTICK && this.#isWithin && this.#string === null;
  }

  /** Takes what stands for itself, in one go: gives the index from `at` on of the next character that may not. */
  skip(piece: string, at: number): number {
    if (this.isIdle) return toOpening(piece, at, piece.length);
    if (this.#string !== null) {
      const isIdle = this.#isInnerText || (this.#isInnerBegun && this.#inner?.isIdle !== false);
      if (!this.#isName && !isIdle) return at;
      const next = this.#string.skip(piece, at);
      if (this.#isName && next > at) this.#addToName(piece.slice(at, next));
      return this.#isName || this.#isInnerText ? next : toOpening(piece, at, next);
    }
    if (this.#covered !== null || this.#isFirst) return at;
    let next = at;
    if (this.#word === null) {
      while (next < piece.length && isBlank(piece.charCodeAt(next))) next += 1;
    } else {
      while (next < piece.length && !isBlank(piece.charCodeAt(next)) && !isSign(piece.charCodeAt(next)))
        next += 1;
      if (next > at) this.#addToWord(piece.slice(at, next));
    }
    return next;
  }

  /** Ends the text at a place of the text as it came. */
  finish(at: number): void {
    if (this.#inner !== null) this.#endInner(at);
    if (this.#word !== null) this.#endWord(at);
    if (this.#shared.values.openFrom !== -1) this.#shared.values.close(at);
    this.#die();
  }

  #die(): void {
    this.isIdle = true;
    this.#isWithin = true;
    this.#isFirst = false;
    this.#frames.length = 0;
    this.#string = null;
    this.#covered = null;
    this.#shared.path.length = this.#root;
  }

  #begin(c: number, start: number): void {
    const frame = this.#frames.at(-1);
    if (this.#isFirst) {
      this.#isFirst = false;
      if (!mayBeFirst(c, frame?.isList === true)) return this.#die();
    }
    if (frame === undefined) return this.#beginRoot(c, start);
    if (c === COLON) this.#endName(frame);
    else if (c === COMMA) this.#next(frame);
    else if (c === END_OBJECT || c === END_LIST) this.#pop();
    else if (c === QUOTE || c === SINGLE) this.#beginString(c, start, frame);
    else if (c === OBJECT || c === LIST) this.#open(c === LIST, start, frame);
    else this.#beginWord(c, start, frame);
  }

  #beginRoot(c: number, start: number): void {
    if (c === OBJECT || c === LIST) {
      this.#isFirst = true;
      this.#open(c === LIST, start, null);
    } else if (c === QUOTE && !this.#hasRoot) this.#beginString(c, start, null);
    else this.#die();
    this.#hasRoot = true;
  }

  /** The name of a member is over. */
  #endName(frame: Frame): void {
    if (frame.isList || frame.isAtValue) return;
    frame.isAtValue = true;
    const step = this.#shared.path.at(-1);
    if (step !== undefined) step.key = this.#name;
    this.#name = "";
  }

  #next(frame: Frame): void {
    frame.isAtValue = frame.isList;
    frame.index += 1;
    const step = this.#shared.path.at(-1);
    if (step !== undefined) step.key = frame.isList ? String(frame.index) : "";
  }

  #pop(): void {
    this.#frames.pop();
    this.#shared.path.pop();
  }

  /** Gives the mask of the value that begins; null where it is none of a field. */
  #match(frame: Frame | null): FieldMask | null {
    if (frame === null) return null;
    const { fields, path, roots } = this.#shared;
    const own = fields.match(path, roots);
    return own === null || frame.mask === null ? (own ?? frame.mask) : toStricter(frame.mask, own);
  }

  #open(isList: boolean, start: number, frame: Frame | null): void {
    const { values, path, fields, isWholeObject } = this.#shared;
    const mask = this.#match(frame);
    const isTooDeep = path.length >= MOST_DEPTH;
    if (isTooDeep || (mask !== null && (isList || isWholeObject))) {
      values.open(start, isList ? "list" : "object", this.#depth, mask ?? fields.strictest);
      this.#covered = new Cover();
      return;
    }
    this.#frames.push({ isList, mask, isAtValue: isList, index: 0 });
    path.push({ key: isList ? "0" : "", isItem: isList });
  }

  #beginString(quote: number, start: number, frame: Frame | null): void {
    this.#isName = frame !== null && !frame.isAtValue;
    this.#name = this.#isName ? "" : this.#name;
    const mask = this.#isName ? null : this.#match(frame);
    if (mask !== null) this.#shared.values.open(start, "string", this.#depth, mask);
    this.#isInnerText = mask !== null || this.#depth === MOST_LEVELS;
    this.#isInnerBegun = false;
    this.#string = createStringReader(quote, (c, from, to) => {
      if (this.#isName) this.#addToName(String.fromCharCode(c));
      else if (!this.#isInnerText) this.#takeInner(c, from, to);
    });
  }

  /** Of what is longer than any name that is looked for the beginning is enough. */
  #addToName(more: string): void {
    const { longest } = this.#shared.fields;
    if (this.#name.length <= longest) this.#name += more.slice(0, longest + 1);
  }

  #addToWord(more: string): void {
    const { longest } = this.#shared.fields;
    const word = this.#word ?? "";
    if (word.length <= longest + NULL.length) this.#word = word + more.slice(0, longest + NULL.length + 1);
  }

  #takeInner(c: number, start: number, end: number): void {
    if (this.#inner === null) {
      if (isBlank(c)) return;
      const isWithin = this.#isInnerBegun;
      this.#isInnerBegun = true;
      if (!isOpening(c) && (c !== QUOTE || isWithin)) return;
      this.#inner = new Level(this.#shared, this.#depth + 1, isWithin);
      this.#shared.roots.push(this.#shared.path.length);
    }
    this.#inner.take(c, start, end);
  }

  #endInner(at: number): void {
    this.#inner?.finish(at);
    this.#inner = null;
    this.#shared.roots.pop();
  }

  #endString(start: number, end: number): void {
    this.#string = null;
    if (this.#inner !== null) this.#endInner(start);
    else if (!this.#isName && this.#shared.values.openFrom !== -1) this.#shared.values.close(end);
  }

  #beginWord(c: number, start: number, frame: Frame): void {
    this.#word = String.fromCharCode(c);
    this.#isName = !frame.isAtValue;
    const mask = this.#isName ? null : this.#match(frame);
    if (mask !== null) this.#shared.values.open(start, toWordType(c), this.#depth, mask);
  }

  #endWord(at: number): void {
    const word = this.#word ?? "";
    this.#word = null;
    if (this.#isName) this.#name = word;
    else if (word === NULL) this.#shared.values.leave();
    else if (this.#shared.values.openFrom !== -1) this.#shared.values.close(at);
  }
}

/** Follows a list or an object that counts as a whole to its end. */
class Cover {
  #open = 1;
  #quote = 0;
  #isEscaped = false;
  #isInWord = false;

  /** Takes a character; says whether it is the last one. */
  take(c: number): boolean {
    if (this.#quote !== 0) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (c === BACKSLASH) this.#isEscaped = true;
      else if (c === this.#quote) this.#quote = 0;
      return false;
    }
    if (c === QUOTE || (c === SINGLE && !this.#isInWord)) this.#quote = c;
    else if (c === OBJECT || c === LIST) this.#open += 1;
    else if (c === END_OBJECT || c === END_LIST) this.#open -= 1;
    this.#isInWord = !isBlank(c) && !isSign(c);
    return this.#open === 0;
  }
}

/** Gives the index from `at` on of the next bracket that JSON may begin with, or `end`. */
function toOpening(piece: string, at: number, end: number): number {
  let i = at;
  while (i < end && !isOpening(piece.charCodeAt(i))) i += 1;
  return i;
}

function isOpening(c: number): boolean {
  return c === OBJECT || c === LIST;
}

function toWordType(c: number): FieldValue["type"] {
  return c === LOWER_T || c === LOWER_F ? "boolean" : "number";
}

/** Says whether a character can come first within brackets of JSON: `[note]` and `{name}` are none. */
function mayBeFirst(c: number, isList: boolean): boolean {
  if (c === QUOTE || c === SINGLE) return true;
  if (!isList) return c === END_OBJECT;
  const isNumber = (c >= 0x30 && c <= 0x39) || c === MINUS;
  return isNumber || FIRST_OF_LIST.has(c);
}

function isBlank(c: number): boolean {
  return c === 0x20 || (c >= 0x09 && c <= 0x0d) || c === 0xfeff || c === 0xa0;
}

/** Says whether a character ends a word. */
function isSign(c: number): boolean {
  return (
    c === COMMA ||
    c === COLON ||
    c === OBJECT ||
    c === END_OBJECT ||
    c === LIST ||
    c === END_LIST ||
    c === QUOTE
  );
}

const LINE_FEED = 0x0a;
const BACKTICK = 0x60;
const QUOTE = 0x22;
/** Some programs print what they hold with these. */
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OBJECT = 0x7b;
const END_OBJECT = 0x7d;
const LIST = 0x5b;
const END_LIST = 0x5d;
const LOWER_T = 0x74;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const NULL = "null";
const FIRST_OF_LIST: ReadonlySet<number> = new Set([OBJECT, LIST, END_LIST, LOWER_T, LOWER_F, LOWER_N]);
