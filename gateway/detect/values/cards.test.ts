import { expect, test } from "vitest";

import { cardBrand } from "./cards.ts";

// Numbers that the schemes and payment services publish for tests.
const published = {
  visa: ["4111111111111111", "4012888888881881", "4222222222222", "4242424242424242"],
  mastercard: ["5555555555554444", "5105105105105100", "2223003122003222", "2720990000000007"],
  amex: ["378282246310005", "371449635398431", "341111111111111"],
  discover: ["6011111111111117", "6011000990139424", "6445644564456445", "6500000000000002"],
  diners: ["30569309025904", "38520000023237", "36227206271667"],
  jcb: ["3530111333300000", "3566002020360505"],
  unionpay: ["6200000000000005", "6205500000000000004", "8171999927660000"],
  maestro: ["6759649826438453", "5018000000000009", "6304000000000000"],
  mir: ["2201382000000013"],
} as const;

function withCheckDigit(digits: string): string {
  for (let digit = 0; digit < 10; digit++) {
    const number = digits + String(digit);
    if (cardBrand(number) !== null) return number;
  }
  return "";
}

test.each(Object.entries(published))("numbers that are published for tests are %s", (brand, numbers) => {
  for (const number of numbers) expect(cardBrand(number), number).toBe(brand);
});

test.each([
  ["discover", "622126000000000"],
  ["discover", "622925000000000"],
  ["unionpay", "622926000000000"],
  ["mastercard", "222100000000000"],
  ["mastercard", "272099000000000"],
  ["diners", "3095000000000"],
  ["diners", "3000000000000"],
  ["visa", "400000000000000001"],
  ["elo", "636368000000000"],
  ["elo", "509000000000000"],
  ["rupay", "508500000000000"],
  ["hipercard", "606282000000000"],
  ["verve", "506099000000000"],
  ["dankort", "501900000000000"],
  ["troy", "979200000000000"],
  ["instapayment", "638000000000000"],
  ["uatp", "10000000000000"],
  ["napas", "970400000000000"],
  ["humo", "986000000000000"],
  ["uzcard", "860000000000000"],
])("the range of %s holds %s", (brand, digits) => {
  expect(cardBrand(withCheckDigit(digits))).toBe(brand);
});

test("a changed digit makes it none", () => {
  for (const number of Object.values(published).flat()) {
    for (let at = 0; at < number.length; at++) {
      const digit = String((Number(number[at]) + 1) % 10);
      expect(cardBrand(number.slice(0, at) + digit + number.slice(at + 1))).toBeNull();
    }
  }
});

test("a length that the scheme doesn't give out is none", () => {
  expect(cardBrand("411111111111116")).toBeNull();
  expect(cardBrand("55555555555544445")).toBeNull();
  expect(cardBrand("3782822463100050")).toBeNull();
  expect(cardBrand("4")).toBeNull();
  expect(cardBrand("")).toBeNull();
});

test("zeros are no card", () => {
  expect(cardBrand("0000000000000000")).toBeNull();
  expect(cardBrand("5000000000000000")).toBeNull();
});

test("UnionPay counts without its check digit where it is named, and the others don't", () => {
  expect(cardBrand("6200000000000006")).toBeNull();
  expect(cardBrand("6200000000000006", true)).toBe("unionpay");
  expect(cardBrand("4111111111111112", true)).toBeNull();
});
