// Words before a number that tell what it is: triggers like any other, which only leave a note of where they stood.
import { waitFrom } from "./look.ts";
import type { Look, Reader } from "./look.ts";

/** The words of all rows, each under a number. */
export type Words = {
  /** Gives the words' numbers. */
  toNumbers(words: readonly string[]): readonly number[];
  /** Each word with the reader that notes it. */
  readonly readers: ReadonlyMap<string, Reader>;
};

/** Begins to collect words. */
export function createWords(): Words {
  const readers = new Map<string, Reader>();
  const numbers = new Map<string, number>();
  return {
    readers,
    toNumbers: (words) =>
      words.map((written) => {
        const word = written.trim().toLowerCase();
        let number = numbers.get(word);
        if (number === undefined) {
          number = numbers.size;
          numbers.set(word, number);
          readers.set(word, createWordReader(word, number));
        }
        return number;
      }),
  };
}

/** So short a word stands by itself: `sin` in `since` is none. */
const SHORT = 4;

/** A word counts at the beginning of a word: `dl` in `handle` is none. What follows a longer one is free: `passports`. */
function createWordReader(word: string, number: number): Reader {
  const needsStart = isLatin(word.charCodeAt(0));
  const needsEnd = word.length <= SHORT && isLatin(word.charCodeAt(word.length - 1));
  return (look: Look, start: number, end: number): boolean => {
    if (needsEnd && end >= look.text.length && !look.isFinal) return waitFrom(look, end);
    if (needsEnd && isLatin(look.text.charCodeAt(end))) return true;
    if (!needsStart || start === 0 || !isLatin(look.text.charCodeAt(start - 1))) look.addWord(number, end);
    return true;
  };
}

function isLatin(c: number): boolean {
  const lower = c | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0xc0 && c <= 0x24f);
}
