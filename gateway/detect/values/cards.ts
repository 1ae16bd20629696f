// Which card scheme a number belongs to: issuer ranges, lengths and the check digit (ISO/IEC 7812).

import { isLuhn } from "./checksums.ts";

const from16to19: readonly number[] = [16, 17, 18, 19];
const only16: readonly number[] = [16];

/** Scheme, first and last of its first six digits, lengths: the narrow ranges stand before those that hold them. */
type Range = readonly [brand: string, first: number, last: number, lengths: readonly number[]];

// https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN) and the schemes' own pages
const ranges: readonly Range[] = [
  ["elo", 401178, 401179, only16],
  ["elo", 431274, 431274, only16],
  ["elo", 438935, 438935, only16],
  ["elo", 451416, 451416, only16],
  ["elo", 457393, 457393, only16],
  ["elo", 457631, 457632, only16],
  ["elo", 504175, 504175, only16],
  ["elo", 506699, 506778, only16],
  ["elo", 509000, 509999, only16],
  ["elo", 627780, 627780, only16],
  ["elo", 636297, 636297, only16],
  ["elo", 636368, 636369, only16],
  ["elo", 650031, 650033, only16],
  ["elo", 650035, 650051, only16],
  ["elo", 650405, 650439, only16],
  ["elo", 650485, 650538, only16],
  ["elo", 650541, 650598, only16],
  ["elo", 650700, 650718, only16],
  ["elo", 650720, 650727, only16],
  ["elo", 650901, 650920, only16],
  ["elo", 651652, 651679, only16],
  ["elo", 655000, 655019, only16],
  ["elo", 655021, 655058, only16],
  ["verve", 506099, 506198, [16, 18, 19]],
  ["verve", 507865, 507964, [16, 18, 19]],
  ["verve", 650002, 650027, [16, 18, 19]],
  ["hipercard", 384100, 384100, [13, 16, 19]],
  ["hipercard", 384140, 384140, [13, 16, 19]],
  ["hipercard", 384160, 384160, [13, 16, 19]],
  ["hipercard", 606282, 606282, [13, 16, 19]],
  ["hipercard", 637095, 637095, [13, 16, 19]],
  ["hipercard", 637568, 637568, [13, 16, 19]],
  ["hipercard", 637599, 637599, [13, 16, 19]],
  ["hipercard", 637609, 637609, [13, 16, 19]],
  ["hipercard", 637612, 637612, [13, 16, 19]],
  ["dankort", 501900, 501999, only16],
  ["dankort", 457100, 457199, only16],
  ["visa", 400000, 499999, [13, 16, 19]],
  ["mastercard", 510000, 559999, only16],
  ["mastercard", 222100, 272099, only16],
  ["mir", 220000, 220499, from16to19],
  ["paypak", 220500, 220599, from16to19],
  ["amex", 340000, 349999, [15]],
  ["amex", 370000, 379999, [15]],
  ["diners", 300000, 305999, [14, 16, 17, 18, 19]],
  ["diners", 309500, 309599, [14, 16, 17, 18, 19]],
  ["diners", 360000, 369999, [14, 15, 16, 17, 18, 19]],
  ["diners", 380000, 399999, [14, 16, 17, 18, 19]],
  ["jcb", 352800, 358999, from16to19],
  ["discover", 601100, 601199, from16to19],
  ["discover", 622126, 622925, from16to19],
  ["discover", 644000, 649999, from16to19],
  ["discover", 650000, 659999, from16to19],
  ["unionpay", 620000, 629999, from16to19],
  ["unionpay", 810000, 817199, from16to19],
  ["rupay", 508000, 508999, only16],
  ["rupay", 817200, 829999, only16],
  ["troy", 979200, 979289, only16],
  ["uzcard", 860000, 860099, only16],
  ["humo", 986000, 986099, only16],
  ["napas", 970400, 970499, [16, 19]],
  ["belkart", 911200, 911299, only16],
  ["mada", 968200, 968299, only16],
  ["instapayment", 637000, 639999, only16],
  ["interpayment", 636000, 636999, from16to19],
  ["maestro", 501800, 501899, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 502000, 502099, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 503800, 503899, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 561200, 561299, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 589300, 589399, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 630400, 630499, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 639000, 639099, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 670000, 670999, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 675900, 676399, [12, 13, 14, 15, 16, 17, 18, 19]],
  ["maestro", 676700, 676799, [12, 13, 14, 15, 16, 17, 18, 19]],
  // The rest of what the scheme may give out: at the usual lengths only, for one in ten of any digits passes Luhn.
  ["maestro", 500000, 509999, [16, 18, 19]],
  ["maestro", 560000, 589999, [16, 18, 19]],
  ["rupay", 600000, 609999, only16],
  ["maestro", 600000, 699999, [16, 18, 19]],
  ["uatp", 100000, 199999, [15]],
];

/**
 * Names the scheme that a number of 12 to 19 digits belongs to, or null.
 *
 * Where a word beside the number says that it is a card, a UnionPay number counts without its check digit too: some of
 * its issuers do without.
 */
export function cardBrand(digits: string, isNamed = false): string | null {
  const { length } = digits;
  if (length < 12 || length > 19) return null;
  return brandOf(Number(digits.slice(0, 6)), length, isLuhn(digits), isNamed);
}

/** As `cardBrand`, of a number's first six digits, its length, and whether it has its check digit. */
export function brandOf(
  head: number,
  length: number,
  hasCheckDigit: boolean,
  isNamed: boolean,
): string | null {
  if (!hasCheckDigit && !isNamed) return null;
  for (const [brand, first, last, lengths] of toRanges(head)) {
    if (head < first || head > last || !lengths.includes(length)) continue;
    if (hasCheckDigit || brand === "unionpay" || (first === 622126 && isNamed)) return brand;
  }
  return null;
}

let rangesByHead: readonly (readonly Range[])[] | null = null;

/** Gives the ranges that a number may be in by its first two digits. */
function toRanges(head: number): readonly Range[] {
  rangesByHead ??= Array.from({ length: 100 }, (_, two) =>
    ranges.filter(([, first, last]) => Math.floor(first / 1e4) <= two && two <= Math.floor(last / 1e4)),
  );
  return rangesByHead[Math.floor(head / 1e4)] ?? ranges;
}
