// Counts what is looked at in one go, so that others are served between the slices of long texts.

/** So many characters are searched in one go: milliseconds, whatever they are. */
export const SLICE = 16_384;

/** What a text costs whatever its length, in characters. */
const EACH = 64;

/** Counts the characters that are looked at; gives what to wait for where a slice is spent, so that others go first. */
export type Turns = (length: number) => Promise<void> | null;

/** Begins to count; texts that are short are counted together. */
export function createTurns(): Turns {
  let left = SLICE;
  return (length) => {
    const isSpent = length + EACH > left;
    left = (isSpent ? SLICE : left) - length - EACH;
    return isSpent ? new Promise(setImmediate) : null;
  };
}
