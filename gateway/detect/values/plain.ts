// Reads a text as a person or a program would: escapes decoded, look-alike characters made plain, invisible ones gone;
// and remembers where each character came from.
import { readCardMark } from "./card-mark.ts";
import { AMPERSAND, BACKSLASH, Escapes, PERCENT, UNIT_BITS } from "./escapes.ts";
import { foldPair, PAIR, SKIP, OTHER } from "./fold.ts";
import type { InvisibleRuns } from "./invisible.ts";
import { toPlainTable } from "./plain-table.ts";

/** A text that comes in pieces, as plain text. Offsets are in the whole plain text, raw ones in the text as it came. */
export class PlainText {
  /** What is kept of the plain text. */
  text = "";
  /** The offset of its first character. */
  base = 0;
  /** Raw units that became plain. */
  rawRead = 0;
  readonly #invisible: InvisibleRuns | null;
  readonly #table = toPlainTable();
  #held = "";
  #escapes: Escapes | null = null;
  // Where plain and raw stop running side by side: a plain offset, its raw offset, and how many raw units it takes.
  #at: number[] = [0];
  #raw: number[] = [0];
  #width: number[] = [1];

  /** What is invisible is noted in `invisible`. */
  constructor(invisible: InvisibleRuns | null = null) {
    this.#invisible = invisible;
  }

  /** Takes the next piece; an escape that may go on waits for the next one. */
  push(piece: string, isFinal: boolean): void {
    if (this.#held === "" && piece.length <= SHORT && isOrdinary(piece)) {
      this.text += piece;
      this.rawRead += piece.length;
      return;
    }
    const raw = this.#held === "" ? piece : this.#held + piece;
    const taken = this.#append(raw, isFinal);
    this.rawRead += taken;
    this.#held = taken === raw.length ? "" : raw.slice(taken);
  }

  /** The raw offset at which the plain character at `offset` begins. */
  toRaw(offset: number): number {
    const i = this.#find(offset);
    return (this.#raw[i] ?? 0) + (offset - (this.#at[i] ?? 0));
  }

  /** The raw offset at which the plain character before `offset` ends. */
  toRawEnd(offset: number): number {
    if (offset <= 0) return this.toRaw(offset);
    const i = this.#find(offset - 1);
    const isFirst = this.#at[i] === offset - 1;
    return (this.#raw[i] ?? 0) + (offset - 1 - (this.#at[i] ?? 0)) + (isFirst ? (this.#width[i] ?? 1) : 1);
  }

  /** Raw units that were taken, those included that wait. */
  get rawTaken(): number {
    return this.rawRead + this.#held.length;
  }

  /** Lets go of the text before a plain offset. */
  release(offset: number): void {
    if (offset - this.base < SLACK) return;
    this.text = this.text.slice(offset - this.base);
    this.base = offset;
    const first = this.#find(offset);
    if (first > 64) {
      this.#at.splice(0, first);
      this.#raw.splice(0, first);
      this.#width.splice(0, first);
    }
  }

  #find(offset: number): number {
    let low = 0;
    let high = this.#at.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#at[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Appends what stands in a piece; gives how many units of it were taken: what is left is the beginning of something. */
  #append(raw: string, isFinal: boolean): number {
    let i = 0;
    while (i < raw.length) {
      SPECIAL.lastIndex = i;
      const next = SPECIAL.test(raw) ? SPECIAL.lastIndex - 1 : raw.length;
      if (next > i) this.text += i === 0 && next === raw.length ? raw : raw.slice(i, next);
      i = next;
      // Where one character is special, its neighbours often are: they are looked at one by one for a while.
      for (let plainRun = 0; i < raw.length && plainRun < NEAR;) {
        const size = this.#take(raw, i, isFinal);
        if (size === 0) return i;
        plainRun = size === 1 ? plainRun + 1 : 0;
        i += size;
      }
    }
    return i;
  }

  /** Takes one character, or an escape; gives how many raw units it has, 0 where more must come first. */
  #take(raw: string, i: number, isFinal: boolean): number {
    const c = raw.charCodeAt(i);
    if (c === BACKSLASH || c === PERCENT || c === AMPERSAND) {
      const mark = readCardMark(raw, i, isFinal);
      if (mark !== 0) return mark < 0 ? 0 : this.#put(OTHER, i, mark);
      this.#escapes ??= new Escapes();
      const read = this.#escapes.take(raw, i, isFinal);
      const size = read >> UNIT_BITS;
      if (size === 0) return 0;
      const plain = read & 0xffff;
      if (plain === ESCAPE) return this.#control(raw, i, size, isFinal);
      return plain === SKIP ? this.#skip(i, size) : this.#put(plain, i, size);
    }
    if (c < 0x80) {
      if (c === 0) return this.#skip(i, 1);
      if (c === ESCAPE) return this.#control(raw, i, 1, isFinal);
      this.text += raw.charAt(i);
      return 1;
    }
    let plain = this.#table[c] ?? SKIP;
    let size = 1;
    let point = c;
    if ((c & 0xfc00) === 0xd800 && i + 1 === raw.length && !isFinal) return 0;
    if (plain === PAIR) {
      const low = i + 1 < raw.length ? raw.charCodeAt(i + 1) : 0;
      plain = foldPair(c, low);
      if ((low & 0xfc00) === 0xdc00) {
        size = 2;
        point = ((c - 0xd800) << 10) + (low - 0xdc00) + 0x10000;
      }
    }
    if (this.#invisible !== null) this.#invisible.note(point, this.rawRead + i, this.rawRead + i + size);
    if (plain === SKIP) return this.#skip(i, size);
    if (plain === c && size === 1) {
      this.text += raw.charAt(i);
      return 1;
    }
    return this.#put(plain === 0 ? OTHER : plain, i, size);
  }

  /** Takes what colours a terminal's text (ECMA-48 §5.4), which shows nothing; another control character stays. */
  #control(raw: string, i: number, size: number, isFinal: boolean): number {
    SEQUENCE.lastIndex = i + size;
    if (SEQUENCE.test(raw)) return this.#skip(i, SEQUENCE.lastIndex - i);
    BEGUN.lastIndex = i + size;
    return !isFinal && BEGUN.test(raw) ? 0 : this.#put(ESCAPE, i, size);
  }

  #put(plain: number, i: number, size: number): number {
    this.text += String.fromCharCode(plain);
    if (size === 1) return 1;
    const end = this.base + this.text.length;
    this.#mark(end - 1, this.rawRead + i, size);
    this.#mark(end, this.rawRead + i + size, 1);
    return size;
  }

  #skip(i: number, size: number): number {
    this.#mark(this.base + this.text.length, this.rawRead + i + size, 1);
    return size;
  }

  #mark(at: number, raw: number, width: number): void {
    const last = this.#at.length - 1;
    if (this.#at[last] === at) {
      this.#raw[last] = raw;
      this.#width[last] = width;
      return;
    }
    this.#at.push(at);
    this.#raw.push(raw);
    this.#width.push(width);
  }
}

/** Reads a whole text. */
export function toPlain(text: string): string {
  const plain = new PlainText();
  plain.push(text, true);
  return plain.text;
}

/** Begins a control sequence, of which this is the rest, and its beginning where the text ends in it. */
const ESCAPE = 0x1b;
const SEQUENCE = /\[[0-?]{0,32}[ -/]{0,4}[@-~]/y;
const BEGUN = /(?:\[[0-?]{0,32}[ -/]{0,4})?$/y;
/** Less than this is not worth a copy. */
const SLACK = 512;
/** After so many ordinary characters the search for the next special one goes on. */
const NEAR = 8;
/** All but printable ASCII and white space, and what may begin an escape. */
const SPECIAL = /[^\t\n\r\x20-\x24\x27-\x5b\x5d-\x7e]/g;
/** Pieces up to this length are looked at one character at a time. */
const SHORT = 64;

/** Says whether a text holds nothing that `SPECIAL` is. */
function isOrdinary(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c >= 0x7f || c === BACKSLASH || c === PERCENT || c === AMPERSAND) return false;
    if (c < 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return false;
  }
  return true;
}
