import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createValueHashes } from "./value-hash.ts";

const open = createValueHashes(randomBytes(32));

function hash(text: string, tenant = "default"): string {
  const one = open(tenant);
  one.push(text);
  return one.end();
}

test("names a value the same however it is written, and another one otherwise", () => {
  const card = ["4111", "1111", "1111", "1111"];
  expect(hash(card.join(" "))).toBe(hash(card.join("")));
  expect(hash(card.join("-"))).toBe(hash(card.join("")));
  expect(hash("Ada@Example.com")).toBe(hash("ada@example.com"));
  expect(hash("ada\\u0040example.com")).toBe(hash("ada@example.com"));
  expect(hash("ada%40example.com")).toBe(hash("ada@example.com"));
  expect(hash("bob@example.com")).not.toBe(hash("ada@example.com"));
});

test("depends on the tenant and the key", () => {
  expect(hash("ada@example.com", "other")).not.toBe(hash("ada@example.com"));
  const other = createValueHashes(randomBytes(32))("default");
  other.push("ada@example.com");
  expect(other.end()).not.toBe(hash("ada@example.com"));
});

test("is the same in any pieces", () => {
  const texts = fc.stringMatching(/^[-a-zA-Z0-9 ().@\\u%&;#\n]{0,60}$/);
  fc.assert(
    fc.property(texts, fc.array(fc.nat(60)), (text, cuts) => {
      const one = open("default");
      let at = 0;
      for (const cut of cuts.sort((a, b) => a - b)) {
        one.push(text.slice(at, Math.max(at, cut)));
        at = Math.max(at, cut);
      }
      one.push(text.slice(at));
      expect(one.end()).toBe(hash(text));
    }),
  );
});
