// Reads numbers: of cards, banks, states, networks, telephones. Each is tried where its first digit stands.
import { compileFormats, matchBefore, matchFormat, toBeginning, toCompact } from "./number-format.ts";
import type { NumberFormat } from "./number-format.ts";
import { isAlphanumeric, isDigit, isLetter, isWord, toWordStart, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";
import type { NumberRow } from "./table.ts";
import type { Words } from "./words.ts";

/** A number that is read by code of its own, not by a format. */
export type SpecialNumber = {
  readonly kind: Kind;
  /** How strongly a hit speaks for itself, against others in the same place. */
  readonly weight: number;
  /** How many letters stand right before the first digit, and how many digits it begins with at least and at most. */
  readonly letters: number;
  readonly leastRun: number;
  readonly mostRun: number;
  /** Words, by their numbers, one of which must stand before it; null: none. */
  readonly near: readonly number[] | null;
  /** Gives the index after a number that begins at `from`; -1 where more text must come, -2 where there is none. */
  read(look: Look, from: number): number;
  /** Gives where the number begins; absent: with its letters. */
  start?(text: string, from: number, to: number): number;
};

type Formatted = NumberRow & {
  readonly kind: Kind;
  readonly format: NumberFormat;
  readonly near: readonly number[];
};

const NO_FORMATS: readonly Formatted[] = [];
/** Digits in a row beyond this are no number that a person has. */
const MAX_RUN = 40;
/** Letters before the first digit that belong to it. */
const MAX_LETTERS = 12;

/** Makes the reader of all numbers; its trigger is a digit. */
export function createNumberReader(
  rows: readonly NumberRow[],
  specials: readonly SpecialNumber[],
  words: Words,
): Reader {
  const always: Formatted[][] = [];
  const nearWords: Formatted[][] = [];
  for (const row of rows) {
    const kind: Kind = { id: row.id, class: row.class, rank: 0 };
    const near = words.toNumbers(row.words);
    for (const format of row.formats.flatMap((source) => compileFormats(source, row.loose ?? false))) {
      const isNear = row.evidence === "near" || (row.evidence === "written" && !format.isWritten);
      for (const beginning of format.beginnings) {
        const formats = isNear ? nearWords : always;
        (formats[beginning] ??= []).push({ ...row, kind, format, near });
      }
    }
  }
  return (look, start) => {
    const { text } = look;
    if (start > 0 && isDigit(text.charCodeAt(start - 1))) return true;
    let letters = start;
    while (letters > 0 && start - letters < MAX_LETTERS && isLetter(text.charCodeAt(letters - 1)))
      letters -= 1;
    if (letters > 0 && isAlphanumeric(text.charCodeAt(letters - 1))) return true;
    if (isInside(text, start)) return true;
    let run = 1;
    while (run < MAX_RUN && start + run < text.length && isDigit(text.charCodeAt(start + run))) run += 1;
    if (run === MAX_RUN) return true;
    if (start + run >= text.length && !look.isFinal) return waitFrom(look, toWordStart(text, letters));

    let best: Kind | null = null;
    let bestFrom = 0;
    let bestTo = -1;
    let bestWeight = 0;
    for (const special of specials) {
      if (special.letters !== start - letters || run < special.leastRun || run > special.mostRun) continue;
      if (special.near !== null && !look.hasWord(special.near, letters)) continue;
      const to = special.read(look, letters);
      if (to === -1) return waitFrom(look, toWordStart(text, letters));
      if (to < 0 || special.weight <= bestWeight) continue;
      best = special.kind;
      bestFrom = special.start?.(text, letters, to) ?? letters;
      bestTo = to;
      bestWeight = special.weight;
    }
    const next = start + run < text.length ? text.charCodeAt(start + run) : 0;
    // In the middle of groups that blanks part no number in groups begins.
    if (next === BLANK && isBehindGroup(text, letters)) {
      if (best !== null) look.add(best, bestFrom, bestTo);
      return true;
    }
    const beginning = toBeginning(run, next, letters < start);
    const hasAnyWord = look.hasAnyWord(letters);
    // A number that is all there is of a text needs no word: a field of a form, an argument of a call.
    const isFirst = look.isStart(letters);
    for (const isNear of hasAnyWord || isFirst ? [true, false] : [false]) {
      for (const { kind, format, near, isValid } of (isNear ? nearWords : always)[beginning] ?? NO_FORMATS) {
        const hasWord = hasAnyWord && look.hasWord(near, letters);
        if (isNear && !hasWord && !isFirst) continue;
        const from = matchBefore(format, text, start);
        if (from < 0 || (from > 0 && isAlphanumeric(text.charCodeAt(from - 1)))) continue;
        const to = matchFormat(format, text, start, look.isFinal);
        if (to === -1) return waitFrom(look, toWordStart(text, letters));
        if (to < 0) continue;
        const end = readGroupEnd(text, from, to, look.isFinal);
        if (end === -1) return waitFrom(look, toWordStart(text, letters));
        if (end < 0 || (isNear && !hasWord && !(look.isFinal && to === text.length))) continue;
        if (!isValid(toCompact(text, from, to)) || (!hasWord && isLikeHash(text, from, to))) continue;
        const weight = (hasWord ? 5 : 2) + (to - from) / 100;
        if (weight <= bestWeight) continue;
        best = kind;
        bestFrom = from;
        bestTo = to;
        bestWeight = weight;
      }
    }
    if (best !== null) look.add(best, bestFrom, bestTo);
    return true;
  };
}

/**
 * Says whether a number may end at `to`: no word goes on there, nor a decimal or a longer number.
 *
 * @returns `to`, -1 where more text must come, -2 where it may not end there.
 */
export function readEnd(text: string, to: number, isFinal: boolean): number {
  if (to >= text.length) return isFinal ? to : -1;
  const c = text.charCodeAt(to);
  if (isWord(c)) return -2;
  if (c !== 0x2e && c !== 0x2d && c !== 0x2c) return to;
  if (to + 1 >= text.length) return isFinal ? to : -1;
  // A comma parts the fields of a table more often than the thousands of a number this long.
  if (c === 0x2c) return to;
  return isDigit(text.charCodeAt(to + 1)) ? -2 : to;
}

/** As `readEnd`; of a number in groups with blanks, no further group may stand before or after it. */
function readGroupEnd(text: string, from: number, to: number, isFinal: boolean): number {
  const end = readEnd(text, to, isFinal);
  if (end < 0 || text.slice(from, to).indexOf(" ") === -1) return end;
  if (isBehindGroup(text, from)) return -2;
  if (to >= text.length || text.charCodeAt(to) !== BLANK) return end;
  if (to + 1 >= text.length) return isFinal ? end : -1;
  return isDigit(text.charCodeAt(to + 1)) ? -2 : end;
}

const BLANK = 0x20;

function isBehindGroup(text: string, from: number): boolean {
  return from > 1 && text.charCodeAt(from - 1) === BLANK && isDigit(text.charCodeAt(from - 2));
}

/** Within a decimal, a version, or a longer number of several groups, no number begins. */
function isInside(text: string, start: number): boolean {
  if (start < 2) return false;
  const before = text.charCodeAt(start - 1);
  if (before !== 0x2e && before !== 0x2d) return false;
  return isDigit(text.charCodeAt(start - 2));
}

/** Small letters and digits of a hexadecimal number, and nothing else: a piece of a hash more often than a number. */
function isLikeHash(text: string, from: number, to: number): boolean {
  let hasLetter = false;
  for (let i = from; i < to; i += 1) {
    const c = text.charCodeAt(i);
    if (c >= 0x61 && c <= 0x66) hasLetter = true;
    else if (!isDigit(c)) return false;
  }
  return hasLetter;
}
