// The arithmetic of check digits, each scheme once.

/** Reads the digit at a place; it is the caller's to know that one stands there. */
export function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 48;
}

/** Counts a digit as itself and the letters A to Z as 10 to 35. */
export function valueAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 58 ? code - 48 : code - 55;
}

/** Adds up the digits, each times its weight; those behind the last weight do not count. */
export function weigh(text: string, weights: readonly number[]): number {
  let sum = 0;
  for (const [at, weight] of weights.entries()) sum += weight * digitAt(text, at);
  return sum;
}

/** Says whether all characters are the same, as in numbers that were only made up. */
export function isRepeated(text: string): boolean {
  for (let at = 1; at < text.length; at++) if (text.charCodeAt(at) !== text.charCodeAt(0)) return false;
  return true;
}

/** Checks ISO/IEC 7812-1, annex B: the formula of Hans Peter Luhn. */
export function isLuhn(digits: string): boolean {
  let sum = 0;
  let double = false;
  for (let at = digits.length - 1; at >= 0; at--) {
    const digit = digitAt(digits, at);
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    double = !double;
  }
  return sum % 10 === 0;
}

/** Gives the remainder by 97 of a number of any length whose letters count as 10 to 35 (ISO/IEC 7064, MOD 97-10). */
export function mod97(text: string): number {
  let rest = 0;
  for (let at = 0; at < text.length; at++) {
    const value = valueAt(text, at);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

/** Checks ISO/IEC 7064, MOD 11,10, as in the German tax number and the Croatian OIB. */
export function isMod11And10(digits: string): boolean {
  let product = 10;
  for (let at = 0; at < digits.length - 1; at++) {
    const sum = (digitAt(digits, at) + product) % 10;
    product = ((sum === 0 ? 10 : sum) * 2) % 11;
  }
  return (11 - product) % 10 === digitAt(digits, digits.length - 1);
}

// The dihedral group D5 is computed, not tabled: rotations are 0 to 4, reflections 5 to 9.
function combine(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5);
  return b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5;
}

const verhoeffStep = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/** Checks the formula of Jacobus Verhoeff, as in the Indian Aadhaar number. */
export function isVerhoeff(digits: string): boolean {
  let check = 0;
  for (let at = digits.length - 1, place = 0; at >= 0; at--, place++) {
    let digit = digitAt(digits, at);
    for (let turn = place % 8; turn > 0; turn--) digit = verhoeffStep[digit] ?? 0;
    check = combine(check, digit);
  }
  return check === 0;
}
