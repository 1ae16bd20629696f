import fc from "fast-check";
import { expect, test } from "vitest";
import { createKeyText, hashKey, isKeyText, toHint } from "./key-format.ts";

test("keys are well-formed, and no two are alike", () => {
  const keys = Array.from({ length: 1000 }, createKeyText);
  expect(keys.every(isKeyText)).toBe(true);
  expect(new Set(keys).size).toBe(1000);
  expect(keys.every((key) => /^tg_[0-9A-Za-z]{39}$/.test(key))).toBe(true);
});

test("keys use the whole alphabet evenly", () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 2000; i += 1) {
    for (const character of createKeyText().slice(3, 36))
      counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  // 66,000 characters over 62: 1065 each, with a standard deviation of 32.
  expect(counts.size).toBe(62);
  expect(Math.max(...counts.values())).toBeLessThan(1065 + 200);
  expect(Math.min(...counts.values())).toBeGreaterThan(1065 - 200);
});

test("a changed character is told from the checksum", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 41 }),
      fc.constantFrom("0", "5", "9", "A", "K", "Z", "a", "k", "z"),
      (at, character) => {
        const key = createKeyText();
        const changed = key.slice(0, at) + character + key.slice(at + 1);
        return changed === key || !isKeyText(changed);
      },
    ),
  );
});

test("other texts are no keys", () => {
  fc.assert(fc.property(fc.string(), (text) => !isKeyText(text)));
  for (const text of [
    "",
    "tg_",
    "tg_at_0123",
    `${createKeyText()}x`,
    ` ${createKeyText()}`,
    `${createKeyText()}\n`,
  ]) {
    expect(isKeyText(text)).toBe(false);
  }
});

test("what is kept of a key doesn't give it back", () => {
  const key = createKeyText();
  expect(hashKey(key)).toHaveLength(32);
  expect(toHint(key)).toBe(`tg_…${key.slice(-4)}`);
});
