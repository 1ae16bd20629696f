// The table of secrets that a name tells: its form, and that its values are none of those that count as no secret.
import { expect, test } from "vitest";
import { createRandom, parseShape, sampleShape } from "../../../test/made/shape-sample.ts";
import { NAMED_SECRETS } from "./named-secrets.ts";
import { isPlaceholder } from "./no-secret.ts";
import { TOKENS } from "./tokens.ts";

const SAMPLES = 60;

test("no two rows have one id, those of tokens included", () => {
  const ids = [...TOKENS, ...NAMED_SECRETS].map((row) => row.id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(ids.filter((id) => !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/.test(id))).toEqual([]);
});

test("at least 100 providers have a named secret", () => {
  const own = NAMED_SECRETS.filter((row) => !row.id.startsWith("generic_"));
  expect(new Set(own.map((row) => row.id.split("_")[0])).size).toBeGreaterThanOrEqual(100);
});

test("a name is in small letters and has three characters, or two where a character is a word", () => {
  const names = NAMED_SECRETS.flatMap((row) => row.names);
  expect(names.filter((name) => name !== name.toLowerCase() || /\s/.test(name))).toEqual([]);
  expect(names.filter((name) => name.length < (!/[\u3000-\uffff]/.test(name) ? 3 : 2))).toEqual([]);
  for (const row of NAMED_SECRETS) expect([...new Set(row.names)]).toEqual(row.names);
});

test("each row says where its facts come from", () => {
  expect(NAMED_SECRETS.filter((row) => !/^https:\/\/\S+$/.test(row.source) || row.title === "")).toEqual([]);
});

test("no name has the same shape in two rows", () => {
  const seen = NAMED_SECRETS.flatMap((row) =>
    row.names.flatMap((name) => row.shapes.map((shape) => `${name} ${shape}`)),
  );
  expect(seen.filter((each, index) => seen.indexOf(each) !== index)).toEqual([]);
});

test("a shape can be read forward without going back", () => {
  const back = NAMED_SECRETS.flatMap((row) => row.shapes).filter((shape) => {
    const parts = parseShape(shape);
    return parts.some((part, index) => {
      const next = parts[index + 1];
      if (part.min === part.max || next === undefined) return false;
      return next.characters.some((character) => part.characters.includes(character));
    });
  });
  expect(back).toEqual([]);
});

test("a provider's values pass their floor of entropy and are no placeholders", () => {
  const random = createRandom(5);
  const lost: string[] = [];
  let made = 0;
  for (const row of NAMED_SECRETS) {
    if (row.id.startsWith("generic_")) continue;
    for (const shape of row.shapes) {
      for (let k = 0; k < SAMPLES; k += 1) {
        const sample = sampleShape(shape, random);
        made += 1;
        if (toEntropy(sample) < (row.entropy ?? 0) || isPlaceholder(sample)) lost.push(`${row.id} ${shape}`);
      }
    }
  }
  expect(lost.length).toBeLessThan(made * 0.01);
  const worst = [...new Set(lost)].filter(
    (each) => lost.filter((other) => other === each).length > SAMPLES / 12,
  );
  expect(worst).toEqual([]);
});

function toEntropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
