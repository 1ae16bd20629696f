// What a reader of values is given: the text round a trigger, and where to put what it found.

/** Names a kind of value. Of two findings of one class in one place the lower rank names it. */
export type Kind = {
  readonly id: string;
  readonly class: string;
  readonly rank: number;
  /** Of a pattern: its findings become one with each other only, not with others of the class. */
  readonly pattern?: string;
};

/** What the readers of patterns remember of a text. Offsets are in the whole plain text. */
export type Memo = {
  /** By slot: hits that end here or before lie in a run that was read (run), or begin before the last match's end (regex). */
  readonly covered: Float64Array;
  /** By slot: where the last literal began that a regex was tried at. */
  readonly tried: Float64Array;
  /** The run that waits: its slot (-1: none), where its prefix ends, and how far it was read. */
  slot: number;
  prefixEnd: number;
  runEnd: number;
  /** Characters that regexes have looked at, and that all readers of patterns have. */
  regexWork: number;
  work: number;
};

/** Takes what goes on after a value that was decided at its least length, however long it is. */
export type Swallow = {
  /** Reads on from `from`; gives the index at which the value ends, or the text's length where it may go on. */
  take(text: string, from: number): number;
  /** Whether the value has ended. */
  readonly isOver: boolean;
};

/** The text round a trigger. Indices are those of `text`, of which at least `LEFT` characters before a trigger are kept. */
export type Look = {
  readonly text: string;
  /** Whether nothing follows the text. */
  readonly isFinal: boolean;
  /** The offset of the text's first character in the whole plain text. */
  readonly base: number;
  /** What the text is used for, as a bit of `toUse`; patterns look at some uses only. */
  readonly use: number;
  readonly memo: Memo;
  /** Set by a reader that must wait: from here on the text may be part of a value. */
  hold: number;
  /** Notes that a word of some groups, which tells what numbers are, ends at `end`. */
  addWord(groups: readonly number[], end: number): void;
  /** Says whether a word of a group ended at most `NEARBY` characters before `at`. */
  hasWord(group: number, at: number): boolean;
  /** Says whether any such word did. */
  hasAnyWord(at: number): boolean;
  /** Says whether an index is where the whole text begins. */
  isStart(at: number): boolean;
  /** Gives how many units of the text as it came a character is written with: an escaped one has more than one. */
  widthAt(at: number): number;
  /** Notes a value. */
  add(kind: Kind, from: number, to: number): void;
  /** Notes what a pattern found; it may lie within a value of any length. */
  addPattern(kind: Kind, from: number, to: number): void;
  /** Says whether a reader, by its number, found a value that reaches beyond `at`: what it would find within is a part. */
  isCovered(reader: number, at: number): boolean;
  /** Notes that a reader found a value. */
  cover(reader: number, to: number): void;
  /**
   * Notes that what a reader saw from `from` to `to` is none; says whether it failed too often on this stretch. It is a value
   * then, as nothing that is written for a purpose looks so: else a text could ask for work without bound.
   */
  fail(reader: number, from: number, to: number): boolean;
  /** Notes a value that goes on for as long as `swallow` takes it. What it takes is not searched. */
  swallow(kind: Kind, from: number, to: number, swallow: Swallow): void;
};

/**
 * Reads at a trigger that begins at `start` and ends at `end`.
 *
 * @returns false where it must be asked again when more text has come; `look.hold` is set then.
 */
export type Reader = (look: Look, start: number, end: number) => boolean;

/** So many characters before a trigger are kept. */
export const LEFT = 192;
/** Words that tell what a number is stand at most so many characters before it. */
export const NEARBY = 64;

/** Asks to be called again: the text from `from` on must wait. */
export function waitFrom(look: Look, from: number): false {
  look.hold = Math.max(from, 0);
  return false;
}

/** Says whether a character is an ASCII letter, a digit, or `_`. */
export function isWord(c: number): boolean {
  return isAlphanumeric(c) || c === 0x5f;
}

/** Says whether a character is an ASCII letter or a digit. */
export function isAlphanumeric(c: number): boolean {
  return isLetter(c) || isDigit(c);
}

/** Says whether a character is an ASCII digit. */
export function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

/** Says whether a character is an ASCII letter. */
export function isLetter(c: number): boolean {
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Says whether a character is a hexadecimal digit. */
export function isHex(c: number): boolean {
  const lower = c | 0x20;
  return isDigit(c) || (lower >= 0x61 && lower <= 0x66);
}

/**
 * Gives where the last word before `end` begins, for what is read from its end on or from its middle: an address from its
 * `@`, a number from its first digit. One or two groups of capitals before it, as in `CHE 123.456.789`, belong to it.
 */
export function toWordStart(text: string, end: number): number {
  const least = Math.max(0, end - MAX_WORD);
  let word = end;
  while (word > least && isOfWord(text.charCodeAt(word - 1))) word -= 1;
  for (let group = 0; group < 2 && text.charCodeAt(word - 1) === 0x20; group += 1) {
    let i = word - 1;
    while (i > 0 && word - i <= MAX_GROUP && isCapital(text.charCodeAt(i - 1))) i -= 1;
    if (i === word - 1 || (i > 0 && isAlphanumeric(text.charCodeAt(i - 1)))) break;
    word = i;
  }
  return word;
}

/** No reader looks back for more of a value than this. */
const MAX_WORD = 96;
const MAX_GROUP = 6;

function isCapital(c: number): boolean {
  return c >= 0x41 && c <= 0x5a;
}

/** What may stand before an `@`, in a token before its fixed part, or before a number's first digit. */
function isOfWord(c: number): boolean {
  if (isAlphanumeric(c)) return true;
  // % & ' ( * + - . / : @ _ ~ and letters of other scripts
  return (
    (c >= 0x25 && c <= 0x28) ||
    (c >= 0x2a && c <= 0x2f && c !== 0x2c) ||
    c === 0x3a ||
    c === 0x40 ||
    c === 0x5f ||
    c === 0x7e ||
    (c >= 0xc0 && c < 0x530)
  );
}
