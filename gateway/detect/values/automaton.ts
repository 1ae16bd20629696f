// An Aho-Corasick automaton over folded literals: a dense table for ASCII, and one that states share for all else.
import { SPACE } from "./fold.ts";

/** Classes of characters: 0 is every character that no literal holds, 1 is white space; ASCII comes before all else. */
const CLASS_OTHER = 0;
export const CLASS_SPACE = 1;

/** More cells than this (four bytes each) is a mistake in the pattern table. */
const MAX_CELLS = 16_000_000;

/** An automaton. A state is the offset of its row in `next`. */
export type Automaton = {
  /** Class by UTF-16 unit. */
  readonly classOf: Uint16Array;
  /** The next state, or its complement where the step needs a look: an output, or more white space. */
  readonly next: Int32Array;
  /** How many classes `next` knows; the others stand in `wide`, in the row that `wideRow` names by row number. */
  readonly width: number;
  readonly wide: Int32Array;
  readonly wideWidth: number;
  readonly wideRow: Int32Array;
  /** The literals that end in a state, by row number, longest first; null where none does. */
  readonly outputs: readonly (readonly number[] | null)[];
  /** A state's length in folded units, by row number. */
  readonly depth: Uint16Array;
  /** 1 where the state's last unit is a space, and where any unit of it is, by row number. */
  readonly afterSpace: Uint8Array;
  readonly hasSpace: Uint8Array;
  /** Gives the longest state that may still grow into a literal with one of these marks, by row number; 0: none. */
  toLive(marks: number): Int32Array;
};

/** A folded literal, and marks by which `toLive` picks. */
export type Literal = { readonly folded: string; readonly marks: number };

type Trie = {
  readonly count: number;
  /** By row number: the first child, the next child of the same parent, and the class that leads to a state. */
  readonly child: Int32Array;
  readonly sibling: Int32Array;
  readonly cls: Uint16Array;
  readonly depth: Uint16Array;
  readonly afterSpace: Uint8Array;
  readonly hasSpace: Uint8Array;
  readonly outputs: (number[] | null)[];
  /** The marks of the literals that a state may still grow into. */
  readonly below: Int32Array;
};

/**
 * Builds the automaton of folded literals; literal `i` is output `i`. `unit` folds characters.
 *
 * @returns null when the table would be too large.
 */
export function buildAutomaton(literals: readonly Literal[], unit: Uint16Array): Automaton | null {
  const classes = toClasses(literals);
  const narrow = classes.width;
  const wideWidth = classes.wideWidth;
  const trie = buildTrie(literals, classes.of);
  const { count, child, sibling, cls: classBy } = trie;
  let wideRows = 1;
  for (let state = 0; state < count; state += 1) if (hasWideChild(trie, state, narrow)) wideRows += 1;
  if (count * narrow + wideRows * wideWidth > MAX_CELLS) return null;

  // Row numbers first, in breadth: a state's row is that of its longest proper end, with its own children laid over it.
  const next = new Int32Array(count * narrow);
  const wide = new Int32Array(wideRows * wideWidth);
  const wideRow = new Int32Array(count);
  const fail = new Int32Array(count);
  const order = new Int32Array(count);
  let known = 1;
  let wideKnown = 1;
  for (let at = 0; at < known; at += 1) {
    const state = order[at] ?? 0;
    const link = fail[state] ?? 0;
    const row = state * narrow;
    if (state !== 0) {
      next.copyWithin(row, link * narrow, (link + 1) * narrow);
      const own = trie.outputs[state];
      const inherited = trie.outputs[link];
      if (inherited !== null && inherited !== undefined) {
        if (own === null || own === undefined) trie.outputs[state] = inherited;
        else own.push(...inherited);
      }
    }
    let wideOffset = (wideRow[link] ?? 0) * wideWidth;
    if (state !== 0) wideRow[state] = wideRow[link] ?? 0;
    if (state !== 0 && hasWideChild(trie, state, narrow)) {
      wide.copyWithin(wideKnown * wideWidth, wideOffset, wideOffset + wideWidth);
      wideRow[state] = wideKnown;
      wideOffset = wideKnown * wideWidth;
      wideKnown += 1;
    }
    for (let to = child[state] ?? 0; to !== 0; to = sibling[to] ?? 0) {
      const by = classBy[to] ?? 0;
      const isWide = by >= narrow;
      const cell = isWide ? wideOffset + by - narrow : row + by;
      const table = isWide ? wide : next;
      fail[to] = state === 0 ? 0 : (table[cell] ?? 0);
      table[cell] = to;
      order[known] = to;
      known += 1;
    }
    // White space after white space leaves the state as it is.
    if (trie.afterSpace[state] === 1) next[row + CLASS_SPACE] = state;
  }
  mark(next, narrow, trie, narrow, true);
  mark(wide, wideWidth, trie, narrow, false);
  return {
    classOf: toClassOf(classes.of, unit),
    next,
    width: narrow,
    wide,
    wideWidth,
    wideRow,
    outputs: trie.outputs,
    depth: trie.depth,
    afterSpace: trie.afterSpace,
    hasSpace: trie.hasSpace,
    toLive(marks) {
      const live = new Int32Array(count);
      for (const state of order)
        live[state] = ((trie.below[state] ?? 0) & marks) === 0 ? (live[fail[state] ?? 0] ?? 0) : state;
      return live;
    },
  };
}

/** Turns row numbers into offsets, and marks the steps that need a look. */
function mark(table: Int32Array, width: number, trie: Trie, narrow: number, hasGaps: boolean): void {
  const { outputs, afterSpace } = trie;
  for (let row = 0, state = 0; row < table.length; row += width, state += 1) {
    for (let cell = row; cell < row + width; cell += 1) {
      const target = table[cell] ?? 0;
      if (target === 0) continue;
      const isGap = hasGaps && target === state && cell === row + CLASS_SPACE && afterSpace[state] === 1;
      table[cell] = isGap || outputs[target] !== null ? ~(target * narrow) : target * narrow;
    }
  }
}

function hasWideChild({ child, sibling, cls }: Trie, state: number, narrow: number): boolean {
  for (let to = child[state] ?? 0; to !== 0; to = sibling[to] ?? 0) if ((cls[to] ?? 0) >= narrow) return true;
  return false;
}

type Classes = { readonly of: Uint16Array; readonly width: number; readonly wideWidth: number };

/** Gives each folded unit of the literals a class, those of ASCII first. */
function toClasses(literals: readonly Literal[]): Classes {
  const of = new Uint16Array(0x10000);
  of[SPACE] = CLASS_SPACE;
  let known = CLASS_SPACE;
  let width = 0;
  for (const isAscii of [true, false]) {
    for (const { folded } of literals) {
      for (let i = 0; i < folded.length; i += 1) {
        const c = folded.charCodeAt(i);
        if (c < 0x80 !== isAscii || of[c] !== 0) continue;
        known += 1;
        of[c] = known;
      }
    }
    if (isAscii) width = known + 1;
  }
  return { of, width, wideWidth: Math.max(1, known + 1 - width) };
}

function toClassOf(of: Uint16Array, unit: Uint16Array): Uint16Array {
  const classOf = new Uint16Array(0x10000);
  for (let c = 0; c < 0x10000; c += 1) classOf[c] = of[unit[c] ?? 0] ?? CLASS_OTHER;
  return classOf;
}

function buildTrie(literals: readonly Literal[], classes: Uint16Array): Trie {
  const most = literals.reduce((sum, { folded }) => sum + folded.length, 1);
  const child = new Int32Array(most);
  const sibling = new Int32Array(most);
  const cls = new Uint16Array(most);
  const depth = new Uint16Array(most);
  const afterSpace = new Uint8Array(most);
  const hasSpace = new Uint8Array(most);
  const below = new Int32Array(most);
  const outputs: (number[] | null)[] = [null];
  let count = 1;
  for (const [index, { folded, marks }] of literals.entries()) {
    let state = 0;
    for (let i = 0; i < folded.length; i += 1) {
      const by = classes[folded.charCodeAt(i)] ?? CLASS_OTHER;
      below[state] = (below[state] ?? 0) | marks;
      let to = child[state] ?? 0;
      while (to !== 0 && cls[to] !== by) to = sibling[to] ?? 0;
      if (to === 0) {
        to = count;
        count += 1;
        cls[to] = by;
        sibling[to] = child[state] ?? 0;
        child[state] = to;
        depth[to] = i + 1;
        afterSpace[to] = by === CLASS_SPACE ? 1 : 0;
        hasSpace[to] = by === CLASS_SPACE ? 1 : (hasSpace[state] ?? 0);
        outputs.push(null);
      }
      state = to;
    }
    const own = outputs[state] ?? null;
    if (own === null) outputs[state] = [index];
    else own.push(index);
  }
  return { count, child, sibling, cls, depth, afterSpace, hasSpace, outputs, below };
}
