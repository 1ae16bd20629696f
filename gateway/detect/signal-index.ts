// What the signals' scan looks for, by the last three characters of each: tables and the sentences of several words.
import { SKIP, SPACE, toFolding } from "./values/fold.ts";
import type { PhraseRow } from "./signal-phrases.ts";

/** So much of a text is kept to look back on. */
export const LEFT = 256;
/** The three last characters as a number; what came before has left it. */
export const toKey = (key: number, unit: number): number => ((key << 5) ^ unit) & 0x7fff;

/** The characters before a place, folded. */
export type Before = {
  readonly units: Uint16Array;
  /** The index of the first that may be looked at, and whether the text begins there. */
  readonly floor: number;
  readonly isStart: boolean;
};

/** Reads what stands before `start`; true where it is what is looked for. */
export type LookBack = (before: Before, start: number) => boolean;

/** Something to look for: where its literal ends, `look` reads back, and then `id` was found. */
export type Entry = { readonly literal: string; readonly look: LookBack; readonly id: string };

const MOST_GAP = 6;
const MOST_WORD = 24;
const MOST_WORDS = 7;

/** Gives the table of folding: case, accents and look-alikes; 0 for what is passed over. */
export function createSignalFolding(): Uint16Array {
  const unit = Uint16Array.from(toFolding().unit);
  for (let c = 0xd800; c < 0xe000; c += 1) unit[c] = c;
  return unit;
}

/** Folds a literal as the scan folds a text. */
export function foldLiteral(text: string, unit: Uint16Array): string {
  let folded = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = unit[text.charCodeAt(i)] ?? SKIP;
    if (c !== SKIP && !(c === SPACE && folded.endsWith(" "))) folded += String.fromCharCode(c);
  }
  return folded;
}

/** A literal that is no part of a longer word. */
export function lookForStart(before: Before, start: number): boolean {
  return !isWord(before.units[start]) || start === 0 || !isWord(before.units[start - 1]);
}

/** Looks for a phrase, from its last word back. */
export function createPhrase(row: PhraseRow, fold: (text: string) => string): LookBack {
  const first = new Set(row.first.map(fold));
  const between = new Set(row.between.map(fold));
  const marks = new Set(row.marks?.map(fold));
  return (before, start) => {
    if (!lookForStart(before, start)) return false;
    let at = start;
    let isMarked = row.marks === null;
    for (let count = 0; count < MOST_WORDS; count += 1) {
      const end = skipGap(before, at);
      at = toWordStart(before, end);
      if (at === end) return false;
      const word = String.fromCharCode(...before.units.subarray(at, end));
      if (isMarked && first.has(word)) return true;
      if (marks.has(word)) isMarked = true;
      else if (!between.has(word)) return false;
    }
    return false;
  };
}

/** Looks for one of each of the parts in a row, the last of which was found. */
export function createUnspaced(parts: readonly (readonly string[])[]): LookBack {
  return ({ units, floor }, start) => {
    let at = start;
    for (let i = parts.length - 1; i >= 0; i -= 1) {
      const found = parts[i]?.find((part) => endsWith(units, floor, at, part));
      if (found === undefined) return false;
      at -= found.length;
    }
    return true;
  };
}

/** Says whether a stretch that ends at `end` ends in a literal. */
export function endsWith(units: Uint16Array, floor: number, end: number, literal: string): boolean {
  if (end - literal.length < floor) return false;
  for (let i = 1; i <= literal.length; i += 1)
    if (units[end - i] !== literal.charCodeAt(literal.length - i)) return false;
  return true;
}

/** Gives what base64 shows of a text wherever it stands in what is encoded: three stretches. */
export function toBase64Forms(text: string): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
    const encoded = bytes.toString("base64").replace(/=+$/, "");
    // What shares its bits with a neighbour differs from case to case.
    const head = Math.ceil((offset * 8) / 6);
    return encoded.slice(head, Math.floor((bytes.length * 8) / 6));
  });
}

/** Says whether a folded unit is part of a word. */
function isWord(c: number | undefined): boolean {
  if (c === undefined) return false;
  if (c < 0x80) return (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
  return c >= 0xc0 && c < 0x2000;
}

function skipGap({ units, floor }: Before, from: number): number {
  let at = from;
  while (at > floor && from - at < MOST_GAP && !isWord(units[at - 1]) && !isStop(units[at - 1])) at -= 1;
  return at === from ? floor : at;
}

function toWordStart({ units, floor, isStart }: Before, end: number): number {
  let at = end;
  while (at > floor && end - at < MOST_WORD && isWord(units[at - 1])) at -= 1;
  // A word of which the beginning is not seen is none.
  return at === floor && !isStart ? end : at;
}

function isStop(c: number | undefined): boolean {
  return c === 0x2e || c === 0x21 || c === 0x3f || c === 0x3b;
}
