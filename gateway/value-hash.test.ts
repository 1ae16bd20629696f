import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { VALUE_FORMS, type ValueForm } from "./value-form.ts";
import { createValueHashes } from "./value-hash.ts";

const open = createValueHashes(randomBytes(32));

function hash(text: string, form: ValueForm, tenant = "default"): string {
  const one = open(tenant, form);
  one.push(text);
  return one.end();
}

test("names a number the same with separators and without, in capitals or not", () => {
  const card = ["4111", "1111", "1111", "1111"];
  expect(hash(card.join(" "), "number")).toBe(hash(card.join(""), "number"));
  expect(hash(card.join("-"), "number")).toBe(hash(card.join(""), "number"));
  expect(hash("de89 3704", "number")).toBe(hash("DE893704", "number"));
});

test("names an address the same in capitals or not, and another one otherwise", () => {
  const ada = hash("ada@example.com", "address");
  expect(hash("ada@Example.COM", "address")).toBe(ada);
  expect(hash("Ada@example.com", "address")).toBe(ada);
  expect(hash("a.da@example.com", "address")).not.toBe(ada);
});

test("names all else as it is, but for escapes", () => {
  expect(hash("12.3.4.5", "exact")).not.toBe(hash("1.23.4.5", "exact"));
  expect(hash("ada\\u0040example.com", "exact")).toBe(hash("ada@example.com", "exact"));
  expect(hash("ada%40example.com", "exact")).toBe(hash("ada@example.com", "exact"));
});

test("depends on the tenant, the form and the key", () => {
  expect(hash("ada@example.com", "exact", "other")).not.toBe(hash("ada@example.com", "exact"));
  expect(hash("ada@example.com", "address")).not.toBe(hash("ada@example.com", "exact"));
  const other = createValueHashes(randomBytes(32))("default", "exact");
  other.push("ada@example.com");
  expect(other.end()).not.toBe(hash("ada@example.com", "exact"));
});

test("is the same in any pieces", () => {
  const texts = fc.stringMatching(/^[-a-zA-Z0-9 ().@\\u%&;#\n]{0,60}$/);
  fc.assert(
    fc.property(texts, fc.constantFrom(...VALUE_FORMS), fc.array(fc.nat(60)), (text, form, cuts) => {
      const one = open("default", form);
      let at = 0;
      for (const cut of cuts.sort((a, b) => a - b)) {
        one.push(text.slice(at, Math.max(at, cut)));
        at = Math.max(at, cut);
      }
      one.push(text.slice(at));
      expect(one.end()).toBe(hash(text, form));
    }),
  );
});
