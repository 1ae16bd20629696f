// That a sample keeps what is rare, and is the same each time.
import { expect, test } from "vitest";
import type { CorpusRow } from "../../db/queries/corpus-rows.ts";
import { addToFrequencies, createFrequencies, createSampler } from "./sample.ts";
import type { Sampling } from "./sample.ts";

/** Of so many one in a hundred ends with a code, three are of a rare operation, and five of a caller of its own. */
const rows: readonly CorpusRow[] = Array.from({ length: 20_000 }, (_, index) => ({
  id: `01a202c6-0000-7000-8000-${index.toString(16).padStart(12, "0")}`,
  at: new Date(index),
  subject: index % 4001 === 7 ? "rare" : `agent-${index % 5}`,
  operation: index % 7001 === 11 ? "models.list" : "responses.create",
  revision: "r1",
  codes: new Set(index % 100 === 0 ? ["sql_destructive"] : []),
}));

const frequencies = createFrequencies();
for (const row of rows) addToFrequencies(frequencies, row);

function choose(sampling: Sampling): readonly CorpusRow[] {
  const sampler = createSampler(sampling, frequencies);
  return rows.filter((row) => sampler.isChosen(row));
}

const count = (chosen: readonly CorpusRow[], is: (row: CorpusRow) => boolean): number =>
  chosen.filter(is).length;

test("keeps a part, all of what is rare, and some of what is less so", () => {
  const chosen = choose({ part: 0.01 });
  expect(count(chosen, ({ operation }) => operation === "models.list")).toBe(3);
  expect(count(chosen, ({ subject }) => subject === "rare")).toBe(5);
  // One in a hundred of 200 would be two.
  expect(count(chosen, ({ codes }) => codes.has("sql_destructive"))).toBeGreaterThan(10);
  expect(chosen.length).toBeGreaterThan(150);
  expect(chosen.length).toBeLessThan(300);
});

test("keeps about so many as are asked for, and everything where there are no more", () => {
  const { length } = choose({ count: 1000 });
  expect(length).toBeGreaterThan(900);
  expect(length).toBeLessThan(1100);
  expect(choose({ count: 20_000 })).toHaveLength(20_000);
  expect(choose({ part: 1 })).toHaveLength(20_000);
  // Of everything one at least, or nearly.
  expect(choose({ count: 1 }).length).toBeLessThan(20);
});

test("takes the same ones each time, from all of the time", () => {
  const chosen = choose({ part: 0.05 });
  expect(choose({ part: 0.05 })).toEqual(chosen);
  const firstHalf = count(chosen, ({ at }) => at.getTime() < 10_000);
  expect(firstHalf).toBeGreaterThan(chosen.length * 0.4);
  expect(firstHalf).toBeLessThan(chosen.length * 0.6);
});
