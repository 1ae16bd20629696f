// Words before a number that tell what it is: triggers like any other, which only leave a note of where they stood.
import { waitFrom } from "./look.ts";
import type { Look, Reader } from "./look.ts";

/** The words of all rows; those that say the same are a group under one number. */
export type Words = {
  /** Gives the number of the group that words are. */
  toGroup(words: readonly string[]): number;
  /** Each word with the reader that notes its groups. */
  readonly readers: ReadonlyMap<string, Reader>;
  /** How many groups there are. */
  readonly groups: number;
};

/** Begins to collect words. */
export function createWords(): Words {
  const readers = new Map<string, Reader>();
  const groupsOf = new Map<string, number[]>();
  const numbers = new Map<string, number>();

  function toGroupsOf(word: string): number[] {
    let groups = groupsOf.get(word);
    if (groups === undefined) {
      groups = [];
      groupsOf.set(word, groups);
      readers.set(word, createWordReader(word, groups));
    }
    return groups;
  }

  return {
    readers,
    toGroup(written) {
      const words = [...new Set(written.map((word) => word.trim().toLowerCase()))].sort();
      const key = JSON.stringify(words);
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const number = numbers.size;
      numbers.set(key, number);
      for (const word of words) toGroupsOf(word).push(number);
      return number;
    },
    get groups() {
      return numbers.size;
    },
  };
}

/** So short a word stands by itself: `sin` in `since` is none. */
const SHORT = 4;

/** A word counts at the beginning of a word: `dl` in `handle` is none. What follows a longer one is free: `passports`. */
function createWordReader(word: string, groups: readonly number[]): Reader {
  const needsStart = isLatin(word.charCodeAt(0));
  const needsEnd = word.length <= SHORT && isLatin(word.charCodeAt(word.length - 1));
  return (look: Look, start: number, end: number): boolean => {
    if (needsEnd && end >= look.text.length && !look.isFinal) return waitFrom(look, end);
    if (needsEnd && isLatin(look.text.charCodeAt(end))) return true;
    if (!needsStart || start === 0 || !isLatin(look.text.charCodeAt(start - 1))) look.addWord(groups, end);
    return true;
  };
}

function isLatin(c: number): boolean {
  const lower = c | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0xc0 && c <= 0x24f);
}
