import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exampleCaller } from "./example-rows.ts";
import { digestHistory } from "./history.ts";
import type { HistoryItem } from "./history.ts";

test("each earlier request of a history is among its digests, at any number of turns", () => {
  const turn = fc.record({
    asked: fc.array(fc.stringMatching(/^[0-9a-f]{4,8}$/), { minLength: 1, maxLength: 3 }),
    answered: fc.array(fc.stringMatching(/^[0-9a-f]{4,8}$/), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(turn, { minLength: 2, maxLength: 6 }), (turns) => {
      const items: HistoryItem[] = [];
      const wholes: (string | null)[] = [];
      for (const { asked, answered } of turns) {
        for (const hash of asked) items.push({ hash, fromModel: false });
        wholes.push(digestHistory(exampleCaller, items).whole);
        for (const hash of answered) items.push({ hash, fromModel: true });
      }
      const { earlier } = digestHistory(exampleCaller, items);
      expect(Array.from({ length: earlier.count }, (_, index) => earlier.at(index))).toEqual(wholes);
    }),
  );
});

test("no two of many similar histories share a digest", () => {
  const seen = new Set<string | null>();
  const alphabet = "0123456789abcdef";
  let count = 0;
  for (const subject of ["a", "b"]) {
    for (const first of alphabet) {
      for (const second of alphabet) {
        for (const hashes of [
          [first.repeat(32), second.repeat(32)],
          [second + first.repeat(31)],
          [first.repeat(31) + second, first],
        ]) {
          const items = hashes.map((hash) => ({ hash, fromModel: false }));
          seen.add(digestHistory({ ...exampleCaller, subject }, items).whole);
          count += 1;
        }
      }
    }
  }
  // `second + first…` and `first… + second` with an item more are never the same list of items.
  expect(seen.size).toBe(count);
});

test("gives nothing for a request without items", () => {
  const { whole, earlier } = digestHistory(exampleCaller, []);
  expect([whole, earlier.count]).toEqual([null, 0]);
});
