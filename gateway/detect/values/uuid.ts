// Tells whether a number stands in a UUID: of those made at random, one in some 30,000 has the digits of a card.
import { isHex, isWord } from "./look.ts";

const LENGTH = 36;
const DASH = 0x2d;
/** Where its groups begin. */
const GROUPS = [0, 9, 14, 19, 24] as const;

/** Says whether a group of a UUID begins at `from`; null where more text must come. */
export function isInUuid(text: string, from: number, isFinal: boolean): boolean | null {
  let isOpen = false;
  for (const group of GROUPS) {
    const fits = group > from ? false : isUuid(text, from - group, isFinal);
    if (fits === true) return true;
    isOpen ||= fits === null;
  }
  return isOpen ? null : false;
}

function isUuid(text: string, from: number, isFinal: boolean): boolean | null {
  if (from > 0 && isOfWord(text.charCodeAt(from - 1))) return false;
  for (let i = 0; i < LENGTH; i += 1) {
    if (from + i >= text.length) return isFinal ? false : null;
    const c = text.charCodeAt(from + i);
    if (i === 8 || i === 13 || i === 18 || i === 23 ? c !== DASH : !isHex(c)) return false;
  }
  if (from + LENGTH >= text.length) return isFinal ? true : null;
  return !isOfWord(text.charCodeAt(from + LENGTH));
}

function isOfWord(c: number): boolean {
  return isWord(c) || c === DASH;
}
