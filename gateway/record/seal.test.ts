import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { createBox } from "./seal.ts";

const old = { id: "old", key: randomBytes(32) };
const current = { id: "current", key: randomBytes(32) };
const digestKey = randomBytes(32);

test("opens what it sealed, also with a key that is no longer the first", () => {
  const before = createBox({ keys: [old], digestKey });
  const after = createBox({ keys: [current, old], digestKey });
  const sealed = before.seal("Grüße \u{1F511}", "place");
  expect(sealed.keyId).toBe("old");
  expect(after.open(sealed, "place")).toBe("Grüße \u{1F511}");
  expect(after.seal("x", "place").keyId).toBe("current");
});

test("refuses a text that was changed, cut, moved, or sealed with a key that it lacks", () => {
  const box = createBox({ keys: [current], digestKey });
  const { sealed, keyId } = box.seal("a text", "place");
  expect(() => box.open({ sealed, keyId }, "elsewhere")).toThrow();
  expect(() => box.open({ sealed: sealed.subarray(0, -1), keyId }, "place")).toThrow();
  expect(() => box.open({ sealed: sealed.subarray(0, 20), keyId }, "place")).toThrow();
  expect(() => box.open({ sealed, keyId: "old" }, "place")).toThrow(/old/);
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => box.open({ sealed: changed, keyId }, "place")).toThrow();
  }
});

test("never seals a text twice alike, and names it alike for one tenant only", () => {
  const box = createBox({ keys: [current], digestKey });
  expect(box.seal("a", "p").sealed).not.toEqual(box.seal("a", "p").sealed);
  expect(box.digest("t", "a")).toBe(box.digest("t", "a"));
  expect(box.digest("t", "a")).not.toBe(box.digest("u", "a"));
  const other = createBox({ keys: [current], digestKey: randomBytes(32) });
  expect(box.digest("t", "a")).not.toBe(other.digest("t", "a"));
});

test("takes keys of 32 bytes only", () => {
  expect(() => createBox({ keys: [{ id: "k", key: randomBytes(16) }], digestKey })).toThrow(RangeError);
});
