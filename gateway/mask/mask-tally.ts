// Counts what was masked in an exchange, by class.
import type { ParameterChange } from "../exchange.ts";

/** Values that were masked. */
export type MaskTally = {
  add(ofClass: string): void;
  /** By class, both directions together. */
  counts(): Readonly<Record<string, number>>;
};

/** Starts at nothing. */
export function createMaskTally(): MaskTally {
  const counts = new Map<string, number>();
  return {
    add(ofClass) {
      counts.set(ofClass, (counts.get(ofClass) ?? 0) + 1);
    },
    counts: () => Object.fromEntries(counts),
  };
}

/**
 * Gives the header that tells the program that something was changed, never what: classes of masked values, names of
 * parameters. None where nothing was.
 */
export function toEffectsHeader(
  tally: MaskTally,
  changes: readonly ParameterChange[],
): Readonly<Record<string, string>> {
  const counts = Object.entries(tally.counts()).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = [...new Set(changes.map(({ parameter }) => parameter))].sort();
  const told = [
    ...(counts.length === 0 ? [] : [["masked", ...counts.map(([ofClass, count]) => `${ofClass}=${count}`)]]),
    ...(names.length === 0 ? [] : [["set", ...names]]),
  ];
  if (told.length === 0) return {};
  return { "x-tollgate-effects": told.map((words) => words.join(";")).join(", ") };
}
