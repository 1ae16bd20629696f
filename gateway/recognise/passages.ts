// Cuts a text into passages that a recogniser can be asked about one by one: the same ones however the text comes.

/** A stretch of a text; offsets are UTF-16 units. One that begins before the last one's end was cut where nothing ends. */
export type Passage = { readonly start: number; readonly end: number; readonly text: string };

/** Cuts a text that comes in pieces. */
export type PassageReader = {
  /** Gives the passages that are whole. */
  push(piece: string): readonly Passage[];
  /** Gives the last one, and begins anew behind it. */
  end(): readonly Passage[];
  /** Where the next passage begins. */
  readonly from: number;
  /** What is kept for it: what `end` would give. */
  readonly rest: string;
};

/** A passage that no sentence ends is cut here at the latest. */
const MOST_CHARS = 600;
/** It is cut at a blank where one stands behind this. */
const LEAST_CHARS = 400;
/** So much of it begins the next one again: what stands across the cut is seen whole in one of them. */
const OVERLAP = 150;
/** A dot behind a shorter word may belong to a name: `Dr. J. Doe`. */
const LEAST_WORD = 4;

const NONE: readonly Passage[] = [];
/** What ends a sentence, or may; a paragraph's end. */
const STOP = /[.!?…。！？\n]/g;

/** Opens the reader of one text. */
export function createPassageReader(): PassageReader {
  let text = "";
  let base = 0;
  /** Before this, within what is kept, no sentence ends. */
  let looked = 0;
  /** So much of what is kept was in the passage before. */
  let known = 0;

  function leave(count: number, overlap: number): void {
    text = text.slice(count - overlap);
    base += count - overlap;
    known = overlap;
    looked = overlap;
  }

  function cut(): readonly Passage[] {
    const passages: Passage[] = [];
    for (;;) {
      const ends = findEnd(text, looked);
      if (ends.at !== null && ends.at <= MOST_CHARS) {
        passages.push({ start: base, end: base + ends.at, text: text.slice(0, ends.at) });
        leave(ends.at, 0);
      } else if (text.length > MOST_CHARS) {
        const end = findBlank(text, MOST_CHARS, LEAST_CHARS);
        const next = findBlank(text, end - OVERLAP, end - 2 * OVERLAP);
        passages.push({ start: base, end: base + end, text: text.slice(0, end) });
        leave(end, end - next);
      } else {
        looked = ends.looked;
        return passages;
      }
    }
  }

  return {
    get from() {
      return base;
    },
    get rest() {
      return text.length > known ? text : "";
    },
    push(piece) {
      text += piece;
      return cut();
    },
    end() {
      const last = { start: base, end: base + text.length, text };
      const isNew = text.length > known;
      leave(text.length, 0);
      return isNew ? [last] : NONE;
    },
  };
}

/** Gives all passages of a whole text. */
export function listPassages(text: string): readonly Passage[] {
  const reader = createPassageReader();
  return [...reader.push(text), ...reader.end()];
}

/** Finds the end of the first sentence behind `from`; where there is none, from where to look once more has come. */
function findEnd(text: string, from: number): { readonly at: number | null; readonly looked: number } {
  STOP.lastIndex = from;
  for (let found = STOP.exec(text); found !== null; found = STOP.exec(text)) {
    const { index } = found;
    // What follows tells whether it is one.
    if (index + 1 >= text.length) return { at: null, looked: index };
    if (isEnd(text, index)) return { at: index + 1 + (isWide(text, index) ? 0 : 1), looked: index };
  }
  return { at: null, looked: text.length };
}

function isEnd(text: string, index: number): boolean {
  if (isWide(text, index)) return true;
  const next = text.charAt(index + 1);
  if (text.charAt(index) === "\n") return next === "\n";
  if (!isBlank(next)) return false;
  return text.charAt(index) !== "." || hasWord(text, index);
}

/** Says whether a word stands before a dot that is long enough to be none of a name's. */
function hasWord(text: string, index: number): boolean {
  if (index < LEAST_WORD) return false;
  for (let at = index - LEAST_WORD; at < index; at += 1)
    if (isBlank(text.charAt(at)) || text.charAt(at) === ".") return false;
  return true;
}

/** Behind these no blank is written. */
function isWide(text: string, index: number): boolean {
  const character = text.charAt(index);
  return character === "。" || character === "！" || character === "？";
}

function isBlank(character: string): boolean {
  return character === " " || character === "\n" || character === "\t" || character === "\r";
}

/** Gives the offset behind the last blank in a stretch; its end where none stands there, between no pair's halves. */
function findBlank(text: string, end: number, least: number): number {
  for (let at = end; at > least; at -= 1) if (isBlank(text.charAt(at - 1))) return at;
  const isWithinPair =
    (text.charCodeAt(end) & 0xfc00) === 0xdc00 && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800;
  return isWithinPair ? end - 1 : end;
}
