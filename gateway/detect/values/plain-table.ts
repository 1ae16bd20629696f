// Which character a look-alike of ASCII stands for, its case kept.
import { PAIR, SKIP, SPACE, toFolding } from "./fold.ts";

let table: Uint16Array | null = null;

/**
 * Gives the table by UTF-16 unit: the plain unit, `SKIP` for what is invisible, `PAIR` for a high surrogate to decode. It
 * is built when it is first asked for.
 */
export function toPlainTable(): Uint16Array {
  table ??= createPlainTable();
  return table;
}

function createPlainTable(): Uint16Array {
  const { unit } = toFolding();
  const made = new Uint16Array(0x10000);
  for (let c = 0; c < 0x10000; c += 1) made[c] = toPlain(c, unit[c] ?? SKIP);
  // Digits of other scripts stand ten in a row.
  for (const [from, to] of DIGITS) {
    for (let c = from; c <= to; c += 1) {
      if (!/\p{Nd}/u.test(String.fromCharCode(c)) || isWide(c)) continue;
      for (let digit = 0; digit < 10; digit += 1) made[c + digit] = 0x30 + digit;
      c += 9;
    }
  }
  return made;
}

/** Where scripts have digits of their own. */
const DIGITS: readonly (readonly [number, number])[] = [
  [0x0660, 0x1c59],
  [0xa620, 0xabf9],
];

function toPlain(c: number, folded: number): number {
  if (c < 0x80 || folded === SKIP || folded === PAIR || folded === SPACE) return c < 0x80 ? c : folded;
  if (c >= 0x2010 && c <= 0x2015) return 0x2d;
  if (c === 0x2212 || c === 0xfe63 || c === 0xff0d) return 0x2d;
  if (isWide(c)) return c - 0xfee0;
  return c;
}

function isWide(c: number): boolean {
  return c >= 0xff01 && c <= 0xff5e;
}
