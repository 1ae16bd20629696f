import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createNonceSource, makeId, readId } from "./ids.ts";

test("an id tells its place, and a changed one is none", () => {
  const nonce = createNonceSource(null)();
  const id = makeId("fc_", nonce, 3, true);
  expect(readId(id)).toEqual({ prefix: "fc_", nonce, index: 3, afterReasoning: true });
  fc.assert(
    fc.property(fc.nat(id.length - 1), fc.constantFrom("0", "a", "f", "z", "_"), (at, digit) => {
      const changed = id.slice(0, at) + digit + id.slice(at + 1);
      expect(changed === id || readId(changed) === null).toBe(true);
    }),
  );
});

test("a seed makes ids repeatable; without one they are not", () => {
  expect(createNonceSource("seed")()).toBe(createNonceSource("seed")());
  expect(createNonceSource(null)()).not.toBe(createNonceSource(null)());
});
