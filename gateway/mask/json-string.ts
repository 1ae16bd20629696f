// Reads one string of JSON character by character, each without its escape and with the place where it stands.

/** Reads the string behind its opening quote. */
export type StringReader = {
  /** Takes a character, which stands at `start` to `end`; says whether it is the closing quote. */
  take(c: number, start: number, end: number): boolean;
  /** Gives the index from `at` on of the next character that is not only itself: a line feed never stands in a string. */
  skip(piece: string, at: number): number;
};

type OnUnit = (c: number, start: number, end: number) => void;

const NO_ESCAPE = -2;
const BEGUN = -1;

/** Opens the reader; `onUnit` is given each UTF-16 unit of the value. */
export function createStringReader(quote: number, onUnit: OnUnit): StringReader {
  let from = 0;
  /** How many digits of `\u` have come. */
  let digits = NO_ESCAPE;
  let unit = 0;

  function take(c: number, start: number, end: number): boolean {
    if (digits === NO_ESCAPE) {
      if (c === quote) return true;
      if (c === BACKSLASH) {
        from = start;
        digits = BEGUN;
      } else onUnit(c, start, end);
      return false;
    }
    if (digits === BEGUN) {
      digits = c === LOWER_U ? 0 : NO_ESCAPE;
      unit = 0;
      if (c !== LOWER_U) onUnit(SHORT.get(c) ?? c, from, end);
      return false;
    }
    const value = toHexDigit(c);
    if (value === -1) {
      // No escape after all: what comes is read as it stands.
      digits = NO_ESCAPE;
      onUnit(REPLACEMENT, from, start);
      return take(c, start, end);
    }
    unit = unit * 16 + value;
    digits += 1;
    if (digits < 4) return false;
    digits = NO_ESCAPE;
    onUnit(unit, from, end);
    return false;
  }
  return {
    take,
    skip(piece, at) {
      if (digits !== NO_ESCAPE) return at;
      let next = at;
      while (next < piece.length) {
        const c = piece.charCodeAt(next);
        if (c === quote || c === BACKSLASH || c === LINE_FEED) break;
        next += 1;
      }
      return next;
    },
  };
}

function toHexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

const LINE_FEED = 0x0a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const REPLACEMENT = 0xfffd;
const SHORT: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);
