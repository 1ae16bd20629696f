// Counts what was masked in an exchange, by direction and class.
import type { Direction } from "./masks.ts";

/** Values that were masked. */
export type MaskTally = {
  add(direction: Direction, ofClass: string): void;
  /** By class. */
  counts(direction: Direction): Readonly<Record<string, number>>;
};

/** Starts at nothing. */
export function createMaskTally(): MaskTally {
  const counts = { request: new Map<string, number>(), answer: new Map<string, number>() };
  return {
    add(direction, ofClass) {
      counts[direction].set(ofClass, (counts[direction].get(ofClass) ?? 0) + 1);
    },
    counts: (direction) => Object.fromEntries(counts[direction]),
  };
}
