// An Aho-Corasick automaton over folded literals, as one dense table with classes of characters.
import { PAIR, SKIP, SPACE, type Folding } from "./fold.ts";

/** Classes of characters with a meaning of their own; the others are letters of literals, 0 is every other character. */
export const CLASS_OTHER = 0;
export const CLASS_SKIP = 1;
export const CLASS_SPACE = 2;
export const CLASS_PAIR = 3;
const FIRST_LETTER = 4;

/** More cells than this (four bytes each) is a mistake in the pattern table. */
const MAX_CELLS = 16_000_000;

/** A dense automaton. A state is the offset of its row in `next`. */
export type Automaton = {
  /** Class by UTF-16 unit. */
  readonly classOf: Uint16Array;
  /** Class by folded unit, for pairs. */
  readonly classOfFolded: (folded: number) => number;
  /** The next state, or its complement where the step needs a look: an output, a gap, or a surrogate pair. */
  readonly next: Int32Array;
  readonly width: number;
  /** The literals that end in a state, by row number, longest first. */
  readonly outputs: readonly (readonly number[])[];
  /** The longest state that the text's end is in and that may still grow into a literal, by row number; 0: none. */
  readonly live: Int32Array;
  /** The next shorter state that the text's end is in, by row number. */
  readonly fail: Int32Array;
  /** A state's length in folded units, by row number. */
  readonly depth: Uint16Array;
  /** 1 where every literal that begins with the state needs a boundary before it, by row number. */
  readonly needsBoundary: Uint8Array;
  /** 1 where the state's last unit is a space, by row number. */
  readonly afterSpace: Uint8Array;
};

type Trie = {
  readonly children: Map<number, number>[];
  readonly depth: number[];
  readonly outputs: number[][];
  readonly space: number[];
  readonly needsBoundary: number[];
};

/** A folded literal, and whether it needs a boundary before it. */
export type Literal = { readonly folded: string; readonly needsBoundary: boolean };

/**
 * Builds the automaton of folded literals; literal `i` is output `i`.
 *
 * @param watchSkips - Whether a step over an invisible character needs a look in every state.
 * @returns null when the table would be too large.
 */
export function buildAutomaton(
  literals: readonly Literal[],
  folding: Folding,
  watchSkips: boolean,
): Automaton | null {
  const classes = new Map<number, number>([[SPACE, CLASS_SPACE]]);
  for (const { folded } of literals) {
    for (let i = 0; i < folded.length; i += 1) {
      const unit = folded.charCodeAt(i);
      if (!classes.has(unit)) classes.set(unit, FIRST_LETTER + classes.size - 1);
    }
  }
  const width = FIRST_LETTER + classes.size - 1;
  const trie = buildTrie(literals, classes);
  const count = trie.children.length;
  if (count * width > MAX_CELLS) return null;

  const goto = new Int32Array(count * width);
  const fail = new Int32Array(count);
  const live = new Int32Array(count);
  const order = [0];
  for (let at = 0; at < order.length; at += 1) {
    const state = order[at] ?? 0;
    const link = fail[state] ?? 0;
    if (state !== 0) trie.outputs[state]?.push(...(trie.outputs[link] ?? []));
    const children = trie.children[state] ?? new Map<number, number>();
    live[state] = children.size > 0 ? state : (live[link] ?? 0);
    if (state !== 0) goto.copyWithin(state * width, link * width, (link + 1) * width);
    for (const [cls, child] of children) {
      fail[child] = state === 0 ? 0 : (goto[link * width + cls] ?? 0);
      goto[state * width + cls] = child;
      order.push(child);
    }
    // Space after space and invisible characters leave the state as it is.
    goto[state * width + CLASS_SKIP] = state;
    goto[state * width + CLASS_PAIR] = state;
    if (trie.space[state] === 1) goto[state * width + CLASS_SPACE] = state;
  }

  const next = new Int32Array(count * width);
  for (let state = 0; state < count; state += 1) {
    for (let cls = 0; cls < width; cls += 1) {
      const target = goto[state * width + cls] ?? 0;
      const isGap = cls === CLASS_SKIP || (cls === CLASS_SPACE && trie.space[state] === 1);
      const hasOutput = !isGap && (trie.outputs[target]?.length ?? 0) > 0;
      const needsLook =
        hasOutput || cls === CLASS_PAIR || (isGap && (state !== 0 || (watchSkips && cls === CLASS_SKIP)));
      next[state * width + cls] = needsLook ? ~(target * width) : target * width;
    }
  }

  const classOf = new Uint16Array(0x10000);
  for (let c = 0; c < 0x10000; c += 1) classOf[c] = toClass(folding.unit[c] ?? SKIP, classes);
  return {
    classOf,
    classOfFolded: (folded) => toClass(folded, classes),
    next,
    width,
    outputs: trie.outputs,
    live,
    fail,
    depth: Uint16Array.from(trie.depth),
    needsBoundary: Uint8Array.from(trie.needsBoundary),
    afterSpace: Uint8Array.from(trie.space),
  };
}

function buildTrie(literals: readonly Literal[], classes: ReadonlyMap<number, number>): Trie {
  const trie: Trie = { children: [new Map()], depth: [0], outputs: [[]], space: [0], needsBoundary: [0] };
  for (const [index, { folded, needsBoundary }] of literals.entries()) {
    let state = 0;
    for (let i = 0; i < folded.length; i += 1) {
      const unit = folded.charCodeAt(i);
      const cls = classes.get(unit) ?? CLASS_OTHER;
      let child = trie.children[state]?.get(cls);
      if (child === undefined) {
        child = trie.children.length;
        trie.children[state]?.set(cls, child);
        trie.children.push(new Map());
        trie.depth.push(i + 1);
        trie.outputs.push([]);
        trie.space.push(unit === SPACE ? 1 : 0);
        trie.needsBoundary.push(1);
      }
      if (!needsBoundary) trie.needsBoundary[child] = 0;
      state = child;
    }
    trie.outputs[state]?.push(index);
  }
  return trie;
}

function toClass(folded: number, classes: ReadonlyMap<number, number>): number {
  if (folded === SKIP) return CLASS_SKIP;
  if (folded === PAIR) return CLASS_PAIR;
  return classes.get(folded) ?? CLASS_OTHER;
}
