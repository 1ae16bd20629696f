// Looks at the text round a position: its start when read backwards, and whether a word goes on there.
import { foldPair, MAX_GAP, OTHER, PAIR, SKIP, SPACE, type Folding } from "./fold.ts";

/** A piece of a longer text. `base` is the offset of its first unit; `isFinal` says that nothing follows. */
export type Piece = { text: string; base: number; isFinal: boolean };

/** Gives the offset at which the `depth` folded units that end at `end` begin. */
export function walkBack(piece: Piece, folding: Folding, end: number, depth: number): number {
  const { text, base } = piece;
  let i = end - base;
  let remaining = depth;
  let start = i;
  let isAfterSpace = false;
  while (remaining > 0 && i > 0) {
    let size = 1;
    let folded = folding.unit[text.charCodeAt(i - 1)] ?? SKIP;
    if (i > 1 && isLow(text.charCodeAt(i - 1)) && folding.unit[text.charCodeAt(i - 2)] === PAIR) {
      folded = foldPair(text.charCodeAt(i - 2), text.charCodeAt(i - 1));
      size = 2;
    }
    i -= size;
    if (folded === SKIP || (folded === SPACE && isAfterSpace)) continue;
    isAfterSpace = folded === SPACE;
    remaining -= 1;
    start = i;
  }
  return base + start;
}

/** Says whether a letter, digit or underscore stands before `position`; an escape (`\n`, `\u0020`, `%20`) is none. */
export function hasWordBefore(piece: Piece, folding: Folding, position: number): boolean {
  const { text, base } = piece;
  let i = position - base - 1;
  for (let skipped = 0; i >= 0 && skipped <= MAX_GAP; skipped += 1) {
    const c = text.charCodeAt(i);
    let folded = folding.unit[c] ?? SKIP;
    let size = 1;
    if (i > 0 && isLow(c) && folding.unit[text.charCodeAt(i - 1)] === PAIR) {
      folded = foldPair(text.charCodeAt(i - 1), c);
      size = 2;
    }
    if (folded !== SKIP) return folding.word[folded] === 1 && !endsEscape(text, i);
    i -= size;
  }
  return false;
}

/** Says whether a word goes on at `position`: 1 or 0, or -1 where the text must first go on. */
export function hasWordAfter(piece: Piece, folding: Folding, position: number): -1 | 0 | 1 {
  const { text, base, isFinal } = piece;
  let i = position - base;
  for (let skipped = 0; skipped <= MAX_GAP; skipped += 1) {
    if (i >= text.length) return isFinal ? 0 : -1;
    const c = text.charCodeAt(i);
    let folded = folding.unit[c] ?? SKIP;
    let size = 1;
    if (folded === PAIR) {
      if (i + 1 >= text.length && !isFinal) return -1;
      folded = i + 1 < text.length ? foldPair(c, text.charCodeAt(i + 1)) : OTHER;
      size = 2;
    }
    if (folded !== SKIP) return folding.word[folded] === 1 ? 1 : 0;
    i += size;
  }
  return 0;
}

function isLow(c: number): boolean {
  return (c & 0xfc00) === 0xdc00;
}

function endsEscape(text: string, i: number): boolean {
  const before = (n: number): string => (i - n >= 0 ? text.charAt(i - n) : "");
  if (before(1) === "\\" && "nrtbfv0".includes(text.charAt(i))) return true;
  if (!isHex(text.charAt(i)) || !isHex(before(1))) return false;
  if (before(2) === "%" || (before(2) === "x" && before(3) === "\\")) return true;
  return isHex(before(2)) && isHex(before(3)) && before(4) === "u" && before(5) === "\\";
}

function isHex(c: string): boolean {
  return c.length === 1 && "0123456789abcdefABCDEF".includes(c);
}
