import * as fc from "fast-check";
import { expect, test } from "vitest";
import { exampleCaller } from "../../test/fixtures/example-rows.ts";
import { continueHistory, digestHistory } from "./history.ts";
import type { History, HistoryItem, Token } from "./history.ts";

/** Digests a history whose items stand for themselves. */
function digest(items: readonly HistoryItem[], caller = exampleCaller): History {
  return digestHistory(caller, items, (index) => toToken(items[index]?.hash ?? ""));
}

function toToken(hash: string, isCall = false): Token {
  return { isCall, digest: `token ${hash}` };
}

test("each earlier request of a history is among its digests with its answer, at any number of turns", () => {
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
        const { whole } = digest(items);
        wholes.push(
          whole === null
            ? null
            : continueHistory(
                whole,
                answered.map((hash) => toToken(hash)),
              ),
        );
        for (const hash of answered) items.push({ hash, fromModel: true });
      }
      const { earlier } = digest(items);
      expect(Array.from({ length: earlier.count }, (_, index) => earlier.at(index))).toEqual(wholes);
    }),
  );
});

test("what is kept of a beginning changes no digest, whatever follows it", () => {
  const item = fc.record({ hash: fc.stringMatching(/^[0-9a-f]{1,2}$/), fromModel: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 8 }),
      fc.array(fc.array(item, { maxLength: 6 }), { minLength: 1, maxLength: 5 }),
      (beginning, endings) => {
        const start = { count: beginning.length, derived: new Map<string, unknown>() };
        for (const ending of endings) {
          const items = [...beginning, ...ending];
          // Calls tell more than texts do, so that what follows may change what stands for an answer.
          const tokenOf = (index: number): Token => {
            const hash = items[index]?.hash ?? "";
            return hash === "0" ? null : toToken(hash, hash > "8");
          };
          const [kept, fresh] = [start, null].map((one) => digestHistory(exampleCaller, items, tokenOf, one));
          expect(kept?.whole).toBe(fresh?.whole);
          expect(listEarlier(kept)).toEqual(listEarlier(fresh));
        }
      },
    ),
    { numRuns: 500 },
  );
});

function listEarlier(history: History | undefined): (string | null)[] {
  const { earlier } = history ?? { earlier: { count: 0, at: () => null } };
  return Array.from({ length: earlier.count }, (_, index) => earlier.at(index));
}

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
          seen.add(digest(items, { ...exampleCaller, subject }).whole);
          count += 1;
        }
      }
    }
  }
  // `second + first…` and `first… + second` with an item more are never the same list of items.
  expect(seen.size).toBe(count);
});

test("gives nothing for a request without items", () => {
  const { whole, earlier } = digest([]);
  expect([whole, earlier.count]).toEqual([null, 0]);
});

test("an answer is known by its first call, else by its first text, else not at all", () => {
  const whole = digest([{ hash: "u", fromModel: false }]).whole ?? "";
  const [text, call] = [toToken("t"), toToken("c", true)];
  const byText = continueHistory(whole, [null, text, toToken("other")]);
  const byCall = continueHistory(whole, [call]);
  expect(continueHistory(whole, [text, null, call, toToken("d", true)])).toBe(byCall);
  expect(byText).toBe(continueHistory(whole, [text]));
  expect(byText).not.toBe(byCall);
  expect(continueHistory(whole, [null])).toBeNull();
  const resent = digestHistory(
    exampleCaller,
    ["u", "r", "c", "o", "v"].map((hash) => ({ hash, fromModel: hash === "r" || hash === "c" })),
    (index) => (index === 2 ? call : null),
  );
  expect(resent.earlier.at(0)).toBe(byCall);
});
