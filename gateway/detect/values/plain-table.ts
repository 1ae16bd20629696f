// Which character a look-alike of ASCII stands for, its case kept.
import { createFolding, PAIR, SKIP, SPACE } from "../fold.ts";

/** Builds the table by UTF-16 unit: the plain unit, `SKIP` for what is invisible, `PAIR` for a high surrogate to decode. */
export function createPlainTable(): Uint16Array {
  const { unit } = createFolding();
  const table = new Uint16Array(0x10000);
  for (let c = 0; c < 0x10000; c += 1) table[c] = toPlain(c, unit[c] ?? SKIP);
  return table;
}

function toPlain(c: number, folded: number): number {
  if (c < 0x80 || folded === SKIP || folded === PAIR || folded === SPACE) return c < 0x80 ? c : folded;
  if (c >= 0x2010 && c <= 0x2015) return 0x2d;
  if (c === 0x2212 || c === 0xfe63 || c === 0xff0d) return 0x2d;
  if (isWide(c)) return c - 0xfee0;
  // Digits of other scripts stand ten in a row.
  const digit = toDigit(c);
  return digit === -1 ? c : 0x30 + digit;
}

function isWide(c: number): boolean {
  return c >= 0xff01 && c <= 0xff5e;
}

function toDigit(c: number): number {
  if (!/\p{Nd}/u.test(String.fromCharCode(c))) return -1;
  let first = c;
  while (first > 0 && c - first < 9 && /\p{Nd}/u.test(String.fromCharCode(first - 1))) first -= 1;
  return c - first;
}
