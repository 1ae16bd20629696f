// Knows the marks before a card's number that would make other characters of its first digits, were they escapes: `%41…`,
// `\u4111…`, `&#41…`, and `%B`, with which the first track of a card's magnetic stripe begins (ISO/IEC 7813).
import { cardBrand } from "./cards.ts";
import { isDigit, isWord } from "./look.ts";

const MARK = /(?:%[Bb]?|&#|\\{1,8}[ux])(?=\d)/y;
const LEAST = 12;
const MOST = 19;

/**
 * Reads a mark at `at` behind which a card's number stands.
 *
 * @returns how many units it has, 0 where there is none, -1 where more of the text must come first.
 */
export function readCardMark(raw: string, at: number, isFinal: boolean): number {
  MARK.lastIndex = at;
  if (!MARK.test(raw)) return 0;
  const from = MARK.lastIndex;
  let digits = "";
  for (let i = from; digits.length <= MOST; i += 1) {
    if (i >= raw.length && !isFinal) return -1;
    const c = i < raw.length ? raw.charCodeAt(i) : 0;
    if (isDigit(c)) {
      digits += raw.charAt(i);
      continue;
    }
    if (digits.length >= LEAST && !isWord(c) && cardBrand(digits) !== null) return from - at;
    if (c !== 0x20 && c !== 0x2d) return 0;
    if (i + 1 >= raw.length) return isFinal ? 0 : -1;
    if (!isDigit(raw.charCodeAt(i + 1))) return 0;
  }
  return 0;
}
