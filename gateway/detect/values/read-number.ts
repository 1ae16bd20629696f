// Reads numbers: of cards, banks, states, networks, telephones. Each is tried where its first digit stands.
import {
  compileFormats,
  matchBefore,
  matchFormat,
  outlineText,
  toBeginning,
  toCompact,
} from "./number-format.ts";
import type { NumberFormat, Outline } from "./number-format.ts";
import { isAlphanumeric, isDigit, isLetter, isWord, toWordStart, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";
import type { NumberRow } from "./table.ts";
import { isInUuid } from "./uuid.ts";
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
  /** The group of words one of which must stand before it; null: none. */
  readonly near: number | null;
  /** Gives the index after a number that begins at `from`; -1 where more text must come, -2 where there is none. */
  read(look: Look, from: number): number;
  /** Gives where the number begins; absent: with its letters. */
  start?(text: string, from: number, to: number): number;
};

type Formatted = Pick<NumberRow, "isValid"> &
  Outline & {
    readonly kind: Kind;
    readonly format: NumberFormat;
    readonly near: number;
  };

const NO_FORMATS: readonly Formatted[] = [];
const NO_SPECIALS: readonly SpecialNumber[] = [];
/** How many numbers were tried: what a format remembers of a number is told by it. */
let tries = 0;
/** Of the number that is tried. */
const outline = { sorts: 0, mask: 0 };
/** What speaks most for itself so far in the place that is read: there is one, so that reading allocates nothing. */
const best: { kind: Kind | null; from: number; to: number; weight: number } = {
  kind: null,
  from: 0,
  to: 0,
  weight: 0,
};
/** The ends of what machines count: alone they are nobody's. */
const LIMITS: ReadonlySet<string> = new Set(
  [31, 32, 53].flatMap((bits) => [`${2 ** bits - 1}`, `${2 ** bits}`]),
);
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
  const always = Array.from({ length: toBeginning(MAX_RUN, 0, false) }, (): Formatted[] => []);
  const nearWords = always.map((): Formatted[] => []);
  const knownFormats = new Map<string, readonly NumberFormat[]>();
  for (const row of rows) {
    const kind: Kind = { id: row.id, class: row.class, rank: 0 };
    const near = words.toGroup(row.words);
    for (const source of row.formats) {
      const key = `${row.loose === true ? "~" : "="}${source}`;
      const formats = knownFormats.get(key) ?? compileFormats(source, row.loose ?? false);
      knownFormats.set(key, formats);
      for (const format of formats) {
        const isNear = row.evidence === "near" || (row.evidence === "written" && !format.isWritten);
        const by = isNear ? nearWords : always;
        for (const beginning of format.beginnings)
          by[beginning]?.push({ kind, format, near, isValid: row.isValid, ...format.outline });
      }
    }
  }
  const byRun = toByRun(specials);
  return (look, start) => {
    const { text } = look;
    let letters = start;
    while (letters > 0 && start - letters < MAX_LETTERS && isLetter(text.charCodeAt(letters - 1)))
      letters -= 1;
    if (letters > 0 && isAlphanumeric(text.charCodeAt(letters - 1))) return true;
    if (isInside(text, start)) return true;
    let run = 1;
    while (run < MAX_RUN && start + run < text.length && isDigit(text.charCodeAt(start + run))) run += 1;
    if (run === MAX_RUN) return true;
    if (start + run >= text.length && !look.isFinal) return waitFrom(look, toWordStart(text, letters));

    best.kind = null;
    best.weight = 0;
    const next = start + run < text.length ? text.charCodeAt(start + run) : 0;
    let isDecided = readSpecials(look, byRun[start - letters]?.[run] ?? NO_SPECIALS, letters);
    // In the middle of groups that blanks part no number in groups begins.
    if (isDecided && (next !== BLANK || !isBehindGroup(text, letters))) {
      const beginning = toBeginning(run, next, letters < start);
      // A number that is all there is of a text needs no word: a field of a form, an argument of a call.
      const mayBeNear = look.hasAnyWord(letters) || look.isStart(letters);
      const near = mayBeNear ? (nearWords[beginning] ?? NO_FORMATS) : NO_FORMATS;
      const alone = always[beginning] ?? NO_FORMATS;
      if (near.length > 0 || alone.length > 0) {
        tries += 1;
        outlineText(text, start, run, look.isFinal, outline);
        isDecided = readFormats(look, near, { start, letters, isNear: true });
        isDecided &&= readFormats(look, alone, { start, letters, isNear: false });
      }
    }
    const isId = best.kind === null ? false : isInUuid(text, best.from, look.isFinal);
    if (!isDecided || isId === null) return waitFrom(look, toWordStart(text, letters));
    if (best.kind !== null && !isId) look.add(best.kind, best.from, best.to);
    return true;
  };
}

/** Tries what is read by code of its own; false where more text must come. */
function readSpecials(look: Look, specials: readonly SpecialNumber[], letters: number): boolean {
  for (let i = 0; i < specials.length; i += 1) {
    const special = specials[i];
    if (special === undefined || (special.near !== null && !look.hasWord(special.near, letters))) continue;
    const to = special.read(look, letters);
    if (to === -1) return false;
    if (to < 0 || special.weight <= best.weight) continue;
    best.kind = special.kind;
    best.from = special.start?.(look.text, letters, to) ?? letters;
    best.to = to;
    best.weight = special.weight;
  }
  return true;
}

type Place = { readonly start: number; readonly letters: number; readonly isNear: boolean };

/** Tries formats round the first digit at `start`; false where more text must come. */
function readFormats(look: Look, formats: readonly Formatted[], { start, letters, isNear }: Place): boolean {
  const { text, isFinal } = look;
  const { sorts, mask } = outline;
  const hasAnyWord = look.hasAnyWord(letters);
  const isFirst = look.isStart(letters);
  let compact = "";
  let compactFrom = -1;
  let compactTo = -1;
  for (let i = 0; i < formats.length; i += 1) {
    const one = formats[i];
    if (one === undefined || ((sorts ^ one.sorts) & one.mask & mask) !== 0) continue;
    const { kind, format, near, isValid } = one;
    const hasWord = hasAnyWord && look.hasWord(near, letters);
    if (isNear && !hasWord && !isFirst) continue;
    // Many rows are written alike: each way is matched once.
    const { match } = format;
    if (match.tried !== tries) matchNumber(format, text, start, isFinal);
    const { from, to } = match;
    if (to === -1) return false;
    if (to < 0 || (isNear && !hasWord && !(isFinal && to === text.length))) continue;
    const weight = (hasWord ? 5 : 2) + (to - from) / 100;
    if (weight <= best.weight || (!hasWord && isLikeHash(text, from, to))) continue;
    if (from !== compactFrom || to !== compactTo) compact = toCompact(text, from, to);
    compactFrom = from;
    compactTo = to;
    if (!isValid(compact) || (!hasWord && LIMITS.has(compact))) continue;
    best.kind = kind;
    best.from = from;
    best.to = to;
    best.weight = weight;
  }
  return true;
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
  if (end < 0 || !hasBlank(text, from, to)) return end;
  if (isBehindGroup(text, from)) return -2;
  if (to >= text.length || text.charCodeAt(to) !== BLANK) return end;
  if (to + 1 >= text.length) return isFinal ? end : -1;
  return isDigit(text.charCodeAt(to + 1)) ? -2 : end;
}

/**
 * Matches a format round its first digit at `start`, and leaves in it where the number begins and ends: an end of -1 where
 * more text must come, -2 where it does not stand there.
 */
function matchNumber(format: NumberFormat, text: string, start: number, isFinal: boolean): void {
  const { match } = format;
  match.tried = tries;
  match.to = -2;
  match.from = matchBefore(format, text, start);
  if (match.from < 0 || (match.from > 0 && isAlphanumeric(text.charCodeAt(match.from - 1)))) return;
  match.to = matchFormat(format, text, start, isFinal);
  if (match.to >= 0) match.to = readGroupEnd(text, match.from, match.to, isFinal);
}

/** Sorts by how many letters and how many digits stand there. */
function toByRun(specials: readonly SpecialNumber[]): (readonly SpecialNumber[])[][] {
  const byRun: SpecialNumber[][][] = [];
  for (const special of specials) {
    const runs = (byRun[special.letters] ??= []);
    for (let run = special.leastRun; run <= special.mostRun; run += 1) (runs[run] ??= []).push(special);
  }
  return byRun;
}

const BLANK = 0x20;

function hasBlank(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) if (text.charCodeAt(i) === BLANK) return true;
  return false;
}

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
