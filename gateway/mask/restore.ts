// Puts the caller's values back where placeholders of its session stand in an answer, in texts whole or in pieces.
import { SEGMENT_KINDS, type SegmentKind } from "../exchange.ts";
import { TAG_LENGTH } from "../stand-ins.ts";
import { applyEdits, type Stretch } from "./edits.ts";
import { createJsonWalk } from "./json-walk.ts";
import type { Masks } from "./masks.ts";
import type { Placeholders } from "./placeholders.ts";

/** Finds placeholders in a text that comes in pieces. The edits are those of the whole text, however it is cut. */
export type RestoreStream = {
  /** Takes the next piece; gives the edits that became certain, by offsets in the whole text. */
  push(piece: string): readonly Stretch[];
  /** UTF-16 units at the end of what was pushed that may still become a placeholder. */
  readonly pending: number;
};

/** Restores what policy lets come back. */
export type Restorer = {
  /** Whether anything may be restored at all. */
  readonly isActive: boolean;
  stream(kind: SegmentKind): RestoreStream;
  /** Gives the edits of a whole text. */
  edits(text: string, kind: SegmentKind): readonly Stretch[];
};

const NO_EDITS: readonly Stretch[] = [];
const NOTHING: RestoreStream = { push: () => NO_EDITS, pending: 0 };
const TAG = /^[A-Z2-7]*$/;
const BRACKET = "[";

/** Makes what restores in one answer, by what its request's policy said: later masks take nothing back, and give nothing. */
export function createRestorer(masks: Masks, placeholders: Placeholders): Restorer {
  const heads = new Map<SegmentKind, readonly string[]>();
  for (const kind of SEGMENT_KINDS) {
    const classes = masks.restored(kind);
    if (classes.length > 0) heads.set(kind, classes.map(toHead));
  }
  const restorer: Restorer = {
    isActive: heads.size > 0,
    stream(kind) {
      const own = heads.get(kind);
      return own === undefined ? NOTHING : createStream(own, placeholders);
    },
    edits: (text, kind) => (text.includes(BRACKET) ? restorer.stream(kind).push(text) : NO_EDITS),
  };
  return restorer;
}

/** Gives a whole text with its values restored. */
export function restoreText(restorer: Restorer, text: string, kind: SegmentKind): string {
  const edits = restorer.isActive ? restorer.edits(text, kind) : NO_EDITS;
  return edits.length === 0 ? text : applyEdits(text, edits);
}

/** Gives how the placeholders of a class begin: `[EMAIL_`. */
function toHead(ofClass: string): string {
  return `[${ofClass.toUpperCase()}_`;
}

function createStream(heads: readonly string[], placeholders: Placeholders): RestoreStream {
  /** What is not decided yet, and where it begins in the whole text. */
  let tail = "";
  let base = 0;
  const walk = createJsonWalk();

  const stream: RestoreStream & { pending: number } = {
    pending: 0,
    push(piece) {
      const text = tail + piece;
      let edits: Stretch[] | null = null;
      let decided = text.length;
      for (let at = text.indexOf(BRACKET); at !== -1; at = text.indexOf(BRACKET, at + 1)) {
        const found = readAt(text, at, heads, placeholders);
        if (found === null) continue;
        if (found === "begun") {
          decided = at;
          break;
        }
        const start = base + at;
        walk.to(text, base, start);
        edits ??= [];
        edits.push({
          start,
          end: start + found.length,
          text: walk.isInString ? JSON.stringify(found.value).slice(1, -1) : found.value,
        });
        at += found.length - 1;
      }
      walk.to(text, base, base + decided);
      tail = text.slice(decided);
      base += decided;
      stream.pending = tail.length;
      return edits ?? NO_EDITS;
    },
  };
  return stream;
}

type Match = { readonly length: number; readonly value: string };

/** Reads the placeholder that begins at a bracket; `begun` where the text ends before it does. */
function readAt(
  text: string,
  at: number,
  heads: readonly string[],
  placeholders: Placeholders,
): Match | "begun" | null {
  for (const head of heads) {
    const length = head.length + TAG_LENGTH + 1;
    const there = text.slice(at, at + length);
    if (there.length < length) {
      if (there.length <= head.length ? head.startsWith(there) : isBegun(there, head)) return "begun";
      continue;
    }
    const value = there.startsWith(head) ? placeholders.find(there) : undefined;
    if (value !== undefined) return { length, value };
  }
  return null;
}

function isBegun(there: string, head: string): boolean {
  return there.startsWith(head) && TAG.test(there.slice(head.length));
}
