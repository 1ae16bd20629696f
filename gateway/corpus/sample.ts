// Chooses exchanges for a corpus: a part of all, and of what is rare more, so that no operation, code or caller is missing.
import { hash } from "node:crypto";
import type { CorpusRow } from "../../db/queries/corpus-rows.ts";

/** What is asked for: a part of all exchanges, or about so many. */
export type Sampling = { readonly part: number } | { readonly count: number };

/** How often each operation, code and caller comes. */
export type Frequencies = { readonly counts: Map<string, number>; exchanges: number };

/** How exchanges are chosen. */
export type Sampler = {
  readonly part: number;
  readonly atLeast: number;
  isChosen(row: CorpusRow): boolean;
};

/** Of everything rare at least so many. */
const AT_LEAST = 20;
/** More names than these are not counted, and are then as common ones. */
const MOST_NAMES = 100_000;

/** Begins to count. */
export function createFrequencies(): Frequencies {
  return { counts: new Map(), exchanges: 0 };
}

/** Counts one exchange. */
export function addToFrequencies(frequencies: Frequencies, row: CorpusRow): void {
  const { counts } = frequencies;
  frequencies.exchanges += 1;
  for (const name of toNames(row)) {
    const known = counts.get(name);
    if (known !== undefined || counts.size < MOST_NAMES) counts.set(name, (known ?? 0) + 1);
  }
}

/**
 * Makes the sampler. An exchange's chance is the part that is asked for, or what keeps about `AT_LEAST` of the rarest of
 * its operation, codes and caller, where that is more: what comes no oftener than that is kept whole. Whether it is
 * chosen follows from its id, so that the same record gives the same sample, spread over all of its time.
 */
export function createSampler(sampling: Sampling, { counts, exchanges }: Frequencies): Sampler {
  const atLeast =
    "part" in sampling
      ? AT_LEAST
      : Math.max(1, Math.min(AT_LEAST, Math.floor(sampling.count / (2 * Math.max(1, counts.size)))));
  const part = "part" in sampling ? sampling.part : toPart(sampling.count, atLeast, counts, exchanges);
  return {
    part,
    atLeast,
    isChosen(row) {
      let chance = part;
      for (const name of toNames(row)) chance = Math.max(chance, atLeast / (counts.get(name) ?? Infinity));
      return toFraction(row.id) < chance;
    },
  };
}

/** What is left of the asked number once the rare ones have what they get besides. */
function toPart(
  asked: number,
  atLeast: number,
  counts: ReadonlyMap<string, number>,
  exchanges: number,
): number {
  if (asked >= exchanges) return 1;
  const even = asked / exchanges;
  let besides = 0;
  for (const count of counts.values()) besides += Math.max(0, Math.min(atLeast, count) - even * count);
  return Math.max(0, asked - besides) / exchanges;
}

function* toNames({ operation, subject, codes }: CorpusRow): Generator<string> {
  yield `operation ${operation}`;
  yield `caller ${subject ?? ""}`;
  for (const code of codes) yield `code ${code}`;
}

/** Spreads ids evenly over 0 to 1. */
function toFraction(id: string): number {
  return hash("sha256", id, "buffer").readUIntBE(0, 6) / 2 ** 48;
}
