import { expect, test } from "vitest";

import { isLuhn, isMod11And10, isRepeated, isVerhoeff, mod97 } from "./checksums.ts";

test("Luhn's formula takes the published example and no other last digit", () => {
  expect(Array.from({ length: 10 }, (_, digit) => isLuhn(`7992739871${digit}`)).indexOf(true)).toBe(3);
});

test("Verhoeff's formula takes the published example, and refuses two digits that are swapped", () => {
  expect(isVerhoeff("2363")).toBe(true);
  expect(isVerhoeff("2633")).toBe(false);
});

test("a number longer than a double holds keeps its remainder by 97", () => {
  expect(mod97("3214282912345698765432161182")).toBe(1);
  expect(mod97("WEST12345698765432GB82")).toBe(1);
});

test("MOD 11,10 takes the standard's example", () => {
  expect(isMod11And10("07945")).toBe(true);
  expect(isMod11And10("07946")).toBe(false);
});

test("a number of one digit alone is repeated", () => {
  expect(isRepeated("0000000")).toBe(true);
  expect(isRepeated("0000001")).toBe(false);
});
