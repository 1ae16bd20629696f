import fc from "fast-check";
import { expect, test } from "vitest";
import { createRoster } from "./roster.ts";

test("holds what a set would hold, whatever is added and taken out", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20)), { maxLength: 60 }), (steps) => {
      const roster = createRoster<number>();
      const expected = new Set<number>();
      const removals: { readonly value: number; readonly remove: () => void }[] = [];
      for (const [value, step] of steps.entries()) {
        const removal = step === null ? undefined : removals[step];
        if (removal === undefined) {
          removals.push({ value, remove: roster.add(value) });
          expected.add(value);
        } else {
          // Some are taken out more than once.
          removal.remove();
          expected.delete(removal.value);
        }
        const held: number[] = [];
        roster.visit((one) => held.push(one));
        expect(held.toSorted((a, b) => a - b)).toEqual([...expected]);
      }
    }),
  );
});

test("does not visit what is taken out on the way, nor what comes in", () => {
  const roster = createRoster<string>();
  const visited: string[] = [];
  roster.add("first");
  const remove = roster.add("second");
  roster.add("third");
  roster.visit((value) => {
    visited.push(value);
    remove();
    roster.add("late");
  });
  expect(visited).toEqual(["first", "third"]);
});
