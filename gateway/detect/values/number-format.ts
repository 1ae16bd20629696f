// How numbers are written: formats of digits and letters, matched from the first digit on, and backwards before it.
import { GatewayError } from "../../errors.ts";
import { isDigit, isLetter } from "./look.ts";

const DIGIT = 1;
const LETTER = 2;
const EITHER = 3;
const SEPARATOR = 4;
const EXACT = 5;

type Step = { readonly kind: number; readonly character: number };

/** A compiled format: what stands before its first digit, and from there on. */
export type NumberFormat = {
  readonly before: readonly Step[];
  readonly after: readonly Step[];
  /** Whether it holds a separator that must stand. */
  readonly isWritten: boolean;
  /** How it may begin: `toBeginning` of its first digits in a row, what follows them and what stands before. */
  readonly beginnings: ReadonlySet<number>;
  readonly outline: Outline;
  /** What `read-number.ts` found when it tried a number at last. */
  readonly match: { tried: number; from: number; to: number };
};

/**
 * Compiles a format of `NumberRow`: `9`, `A`, `*`, and everything else as it is; with `loose`, what parts the groups
 * may be another separator or be missing. Where the first digit may stand in several places, there is one for each.
 */
export function compileFormats(source: string, loose: boolean): NumberFormat[] {
  const steps = Array.from(source, (character) => toStep(character, loose));
  const formats: NumberFormat[] = [];
  for (const [first, step] of steps.entries()) {
    if (step.kind === LETTER || step.kind === SEPARATOR || (step.kind === EXACT && !isDigit(step.character)))
      continue;
    // All before the first digit are letters then.
    const before = steps.slice(0, first).map((one) => (one.kind === EITHER ? { ...one, kind: LETTER } : one));
    const beginning = source.slice(0, first);
    if (!/^(?:[A-Z*]{1,6} ){0,2}[A-Z*.-]{0,12}$/.test(beginning)) break;
    const rest = steps.slice(first + 1);
    const after = [{ ...step, kind: step.kind === EITHER ? DIGIT : step.kind }, ...rest];
    const isWritten = !loose && steps.some(({ kind, character }) => kind === EXACT && isSeparator(character));
    const match = { tried: -1, from: -1, to: -2 };
    const beginnings = toBeginnings(before, after);
    formats.push({ before, after, isWritten, beginnings, outline: toOutline(after), match });
    if (step.kind !== EITHER) return formats;
  }
  if (formats.length === 0) throw new GatewayError("detector_failed", `The format ${source} has no digit.`);
  return formats;
}

function toStep(character: string, loose: boolean): Step {
  const code = character.charCodeAt(0);
  if (character === "9") return { kind: DIGIT, character: code };
  if (character === "A") return { kind: LETTER, character: code };
  if (character === "*") return { kind: EITHER, character: code };
  if (loose && isSeparator(code)) return { kind: SEPARATOR, character: code };
  return { kind: EXACT, character: code };
}

const OTHER = 5;
const LETTERS = 4;
const SEPARATORS = [0x20, 0x2e, 0x2d, 0x2f];
const FOLLOWS = Uint8Array.from({ length: 128 }, (_, c) => {
  const separator = SEPARATORS.indexOf(c);
  return separator !== -1 ? separator : isLetter(c) ? LETTERS : OTHER;
});

/** Tells apart how numbers begin: so many digits in a row, what follows them, and whether a letter stands before. */
export function toBeginning(run: number, next: number, hasLetter: boolean): number {
  const follows = FOLLOWS[next < 128 ? next : 0] ?? OTHER;
  return (run * 6 + follows) * 2 + (hasLetter ? 1 : 0);
}

/** Where a letter or a separator may stand or be missing, several beginnings are possible. */
function toBeginnings(before: readonly Step[], after: readonly Step[]): Set<number> {
  const last = before.at(-1);
  const hasLetter = last !== undefined && (last.kind === LETTER || isLetter(last.character));
  const beginnings = new Set<number>();
  const add = (run: number, next: number): void => {
    beginnings.add(toBeginning(run, next, hasLetter));
  };
  let run = 0;
  for (const { kind, character } of after) {
    if (kind === DIGIT || (kind === EXACT && isDigit(character))) run += 1;
    else if (kind === EITHER) {
      add(run, 0x61);
      run += 1;
    } else if (kind === SEPARATOR) {
      for (const separator of SEPARATORS) add(run, separator);
    } else {
      add(run, kind === LETTER ? 0x61 : character);
      return beginnings;
    }
  }
  for (const next of [0, ...SEPARATORS]) add(run, next);
  return beginnings;
}

/** An outline has the sort of so many characters from the first digit on, two bits each. */
const OUTLINED = 15;
const NEITHER = 2;

const OTHER_SORT = 3;

/** 0: a digit, 1: a letter, 2: what parts groups, 3: anything else. */
function toSort(c: number): number {
  return isDigit(c) ? 0 : isLetter(c) ? 1 : isSeparator(c) ? NEITHER : OTHER_SORT;
}

const SORTS = Uint8Array.from({ length: 128 }, (_, c) => toSort(c));

/** What an outline must be where a format stands: `sorts` in the bits of `mask`. */
export type Outline = { readonly sorts: number; readonly mask: number };

function toOutline(after: readonly Step[]): Outline {
  let sorts = 0;
  let mask = 0;
  for (const [at, { kind, character }] of after.entries()) {
    // What may be missing moves all that comes after it.
    if (kind === SEPARATOR || at === OUTLINED) break;
    mask |= (kind === EITHER ? NEITHER : 3) << (2 * at);
    sorts |= (kind === LETTER ? 1 : kind === EXACT ? toSort(character) : 0) << (2 * at);
  }
  return { sorts, mask };
}

/**
 * Gives the outline of a text from `at` on, where so many digits stand in a row, and in `mask` the bits of what has come: a
 * format that does not fit can't stand there.
 */
export function outlineText(
  text: string,
  at: number,
  run: number,
  isFinal: boolean,
  outline: { sorts: number; mask: number },
): void {
  const end = isFinal ? OUTLINED : Math.min(OUTLINED, text.length - at);
  let sorts = 0;
  for (let i = run; i < end; i += 1) {
    const c = at + i < text.length ? text.charCodeAt(at + i) : 0;
    sorts |= (c < 128 ? (SORTS[c] ?? 0) : OTHER_SORT) << (2 * i);
  }
  outline.sorts = sorts;
  outline.mask = 2 ** (2 * end) - 1;
}

/**
 * Matches a format whose first digit stands at `at`.
 *
 * @returns the index after it; -1 where more text must come, -2 where it does not stand there.
 */
export function matchFormat(format: NumberFormat, text: string, at: number, isFinal: boolean): number {
  let i = at;
  const { after } = format;
  for (let k = 0; k < after.length; k += 1) {
    const step = after[k];
    if (step === undefined) return -2;
    if (i >= text.length) return isFinal ? -2 : -1;
    const c = text.charCodeAt(i);
    if (step.kind === SEPARATOR) {
      if (isSeparator(c)) i += 1;
    } else if (fits(step.kind, step.character, c)) i += 1;
    else return -2;
  }
  return i;
}

/**
 * Matches what stands before the first digit, backwards; gives the index at which the number begins, or -2. Letters
 * that a blank parts from it are capitals, so that ordinary words need not be kept back.
 */
export function matchBefore(format: NumberFormat, text: string, at: number): number {
  let i = at;
  let isPastBlank = false;
  for (let k = format.before.length - 1; k >= 0; k -= 1) {
    const step = format.before[k];
    if (step === undefined) return -2;
    const c = i > 0 ? text.charCodeAt(i - 1) : 0;
    if (step.kind === SEPARATOR) {
      if (isJoint(c) && !isLetter(c)) i -= 1;
    } else if (i > 0 && fits(step.kind, step.character, c) && !(isPastBlank && isSmall(c))) {
      i -= 1;
      if (c === 0x20) isPastBlank = true;
    } else return -2;
  }
  return i;
}

/** Says whether a character parts groups of a number: a blank, a dot, a dash or a slash. */
export function isSeparator(c: number): boolean {
  return c === 0x20 || c === 0x2e || c === 0x2d || c === 0x2f;
}

function isSmall(c: number): boolean {
  return c >= 0x61 && c <= 0x7a;
}

/** Says whether a character may stand before a number's first digit, in one word with it. */
function isJoint(c: number): boolean {
  return isLetter(c) || c === 0x2e || c === 0x2d;
}

/** Puts digits and letters together, in upper case. */
export function toCompact(text: string, from: number, to: number): string {
  let compact = "";
  let first = from;
  let hasSmall = false;
  for (let i = from; i < to; i += 1) {
    const c = text.charCodeAt(i);
    if (isSmall(c)) hasSmall = true;
    if (isDigit(c) || isLetter(c)) continue;
    compact += text.slice(first, i);
    first = i + 1;
  }
  compact += text.slice(first, to);
  return hasSmall ? compact.toUpperCase() : compact;
}

function fits(kind: number, character: number, c: number): boolean {
  if (kind === DIGIT) return isDigit(c);
  if (kind === LETTER) return isLetter(c);
  if (kind === EITHER) return isDigit(c) || isLetter(c);
  return c === character || (isLetter(c) && isLetter(character) && (c | 0x20) === (character | 0x20));
}
