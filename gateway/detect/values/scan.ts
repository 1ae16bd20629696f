// The scan: one pass of the automaton over plain text, carried across pieces; what it meets is read where it stands.
import { findStandInStart, readStandIn } from "../../stand-ins.ts";
import { CLASS_OTHER } from "../automaton.ts";
import type { Automaton } from "../automaton.ts";
import {
  isDigit,
  LEFT,
  NEARBY,
  toWordStart,
  type Kind,
  type Look,
  type Reader,
  type Swallow,
} from "./look.ts";
import { PlainText } from "./plain.ts";
import type { ValueClass } from "./table.ts";

/** A value that was found. Offsets are UTF-16 units of the text as it came. */
export type ValueFinding = {
  readonly id: string;
  readonly class: ValueClass;
  readonly start: number;
  readonly end: number;
  /** Whether this is more of the value that the finding before it began. */
  readonly isMore: boolean;
};

/** The automaton of all triggers, and who reads at each. */
export type Triggers = {
  readonly automaton: Automaton;
  readonly literals: readonly string[];
  /** By literal. */
  readonly readers: readonly (readonly Reader[])[];
  /** By row of the automaton: 1 where a digit is all that ends there. */
  readonly digitOnly: Uint8Array;
  /** How many words there are that tell what numbers are. */
  readonly words: number;
};

type Found = { kind: Kind; from: number; to: number };

const EMPTY: readonly ValueFinding[] = [];
/** How many units are looked at in one go. */
const BLOCK = 4096;

const bytes = Buffer.alloc(BLOCK * 2);
const units = new Uint16Array(bytes.buffer, bytes.byteOffset, BLOCK);

/**
 * A scan of one text. The automaton never passes a trigger that is not decided, and each decision depends on a bounded
 * stretch of text alone: so the findings are the same however the text is cut.
 */
export class ValueScan implements Look {
  text = "";
  isFinal = false;
  hold = 0;
  readonly #triggers: Triggers;
  readonly #plain = new PlainText();
  /** Offsets in the whole plain text: how far the automaton has read, and before what all is decided. */
  #at = 0;
  #cut = 0;
  #state = 0;
  /** The reader that waits: by its literal's place in the state's outputs, and its own place there. */
  #waitingOutput = -1;
  #waitingReader = 0;
  #swallowing: { swallow: Swallow; kind: Kind; from: number; least: number; isBegun: boolean } | null = null;
  /** Where the value of any length that was read last ends, in the plain text. */
  #swallowed = 0;
  #found: Found[] = [];
  /** By word: where it ended last, in the plain text. */
  #words: Float64Array | null = null;
  #lastWord = 0;
  /** Characters that were read again, for decisions that had to wait. */
  rework = 0;

  constructor(triggers: Triggers) {
    this.#triggers = triggers;
  }

  /** Takes the next piece of the text, the last one if `isFinal`; gives the findings that became certain. */
  push(piece: string, isFinal: boolean): readonly ValueFinding[] {
    this.#plain.push(piece, isFinal);
    this.text = this.#plain.text;
    this.isFinal = isFinal;
    this.#run();
    return this.#settle();
  }

  /** UTF-16 units at the end of what was pushed that may still be part of a value. */
  get pending(): number {
    return this.isFinal ? 0 : this.#plain.rawTaken - this.#plain.toRawEnd(this.#cut);
  }

  addWord(word: number, end: number): void {
    this.#lastWord = this.#plain.base + end;
    (this.#words ??= new Float64Array(this.#triggers.words)).fill(this.#lastWord, word, word + 1);
  }

  hasWord(words: readonly number[], at: number): boolean {
    const least = this.#plain.base + at - NEARBY;
    if (this.#words === null) return false;
    for (const word of words)
      if ((this.#words[word] ?? 0) >= least && (this.#words[word] ?? 0) > 0) return true;
    return false;
  }

  isStart(at: number): boolean {
    return at === 0 && this.#plain.base === 0;
  }

  hasAnyWord(at: number): boolean {
    return this.#words !== null && this.#lastWord >= this.#plain.base + at - NEARBY;
  }

  add(kind: Kind, from: number, to: number): void {
    const { base } = this.#plain;
    // What was taken as part of another value, of any length, is given out already.
    const least = Math.max(base + from, this.#swallowed);
    if (base + to > least) this.#found.push({ kind, from: least, to: base + to });
  }

  swallow(kind: Kind, from: number, to: number, swallow: Swallow): void {
    const { base } = this.#plain;
    this.#swallowing = { swallow, kind, from: base + from, least: base + to, isBegun: false };
    this.#at = base + to;
    // Values of the same class that it stands in go on with it.
    const isAround = (one: Found): boolean => one.kind.class === kind.class && one.to > base + from;
    for (const around of this.#found.filter(isAround)) {
      this.#swallowing.from = Math.min(around.from, this.#swallowing.from);
      this.#swallowing.least = Math.max(around.to, this.#swallowing.least);
    }
    this.#found = this.#found.filter((one) => !isAround(one));
  }

  #run(): void {
    const { base } = this.#plain;
    while (this.#at - base < this.text.length || this.#waitingOutput !== -1) {
      if (this.#swallowing !== null) {
        this.#swallow();
        if (this.#swallowing !== null) return;
        continue;
      }
      if (this.#waitingOutput !== -1) {
        this.rework += this.text.length - (this.#at - base);
        if (!this.#read(this.#waitingOutput, this.#waitingReader)) return;
        continue;
      }
      this.#step();
    }
  }

  /** Runs the automaton up to the next trigger, or to the end of a block. */
  #step(): void {
    const { next, classOf, outputs, width } = this.#triggers.automaton;
    const { digitOnly } = this.#triggers;
    const from = this.#at - this.#plain.base;
    const length = Math.min(this.text.length - from, BLOCK);
    load(this.text, from, length);
    let state = this.#state;
    let i = 0;
    while (i < length) {
      const step = next[state + (classOf[units[i] ?? 0] ?? CLASS_OTHER)] ?? 0;
      i += 1;
      if (step >= 0) {
        state = step;
        continue;
      }
      state = ~step;
      const row = state / width;
      if ((outputs[row]?.length ?? 0) === 0) continue;
      // Of the digits of a number only the first is a trigger.
      if (digitOnly[row] === 1 && i > 1 && isDigit(units[i - 2] ?? 0)) continue;
      this.#state = state;
      this.#at = this.#plain.base + from + i;
      if (!this.#read(0, 0) || this.#swallowing !== null) return;
    }
    this.#state = state;
    this.#at = this.#plain.base + from + i;
  }

  /** Reads at the automaton's place, from one of its readers on; false where one must wait. */
  #read(firstOutput: number, firstReader: number): boolean {
    const { automaton, literals, readers } = this.#triggers;
    const outputs = automaton.outputs[this.#state / automaton.width] ?? [];
    const end = this.#at - this.#plain.base;
    let reader = firstReader;
    this.#waitingOutput = -1;
    for (let output = firstOutput; output < outputs.length; output += 1) {
      const index = outputs[output] ?? 0;
      const start = end - (literals[index]?.length ?? 0);
      const own = readers[index] ?? [];
      const standIn = findStandInStart(this.text, start);
      const after = standIn === -1 ? -2 : readStandIn(this.text, standIn, this.isFinal);
      if (after === -1) {
        this.hold = standIn;
        this.#waitingOutput = output;
        this.#waitingReader = reader;
        return false;
      }
      // What the gateway wrote itself says nothing.
      if (after > start) {
        reader = 0;
        continue;
      }
      for (; reader < own.length; reader += 1) {
        if (own[reader]?.(this, start, end) === false) {
          this.#waitingOutput = output;
          this.#waitingReader = reader;
          return false;
        }
        if (this.#swallowing !== null) return true;
      }
      reader = 0;
    }
    return true;
  }

  #swallow(): void {
    const current = this.#swallowing;
    if (current === null) return;
    const { base } = this.#plain;
    this.#at = base + current.swallow.take(this.text, this.#at - base);
    if (!current.swallow.isOver && !this.isFinal) return;
    const to = Math.max(this.#at, current.least);
    if (!current.isBegun) this.#found.push({ kind: current.kind, from: current.from, to });
    else if (to > current.from) this.#more = { kind: current.kind, from: current.from, to };
    this.#swallowing = null;
    this.#swallowed = this.#at;
    this.#state = 0;
  }

  /** Where the part that was given out last ends, in the text as it came. */
  #partEnd = 0;
  /** The end of a value of which a part was given out already. */
  #more: Found | null = null;

  #settle(): readonly ValueFinding[] {
    const plain = this.#plain;
    const end = plain.base + this.text.length;
    let cut = this.isFinal ? end : this.#toCut(end);
    let settled = EMPTY;
    const current = this.#swallowing;
    if (this.#found.length > 0 || current !== null || this.#more !== null) {
      const merged = merge(this.#found);
      for (let i = merged.length - 1; i >= 0; i -= 1) {
        const found = merged[i];
        if (found !== undefined && found.to > cut) cut = Math.min(cut, found.from);
      }
      this.#found = merged.filter(({ to }) => to > cut);
      settled = this.#give(merged, cut);
    }
    this.#cut = Math.max(cut, this.#cut);
    plain.release(Math.min(this.#cut, this.#at) - LEFT);
    return settled;
  }

  /** Gives out what lies before the cut, and the part so far of a value that goes on. */
  #give(merged: readonly Found[], cut: number): readonly ValueFinding[] {
    const settled: ValueFinding[] = [];
    if (this.#more !== null) settled.push(this.#toFinding(this.#more, true));
    this.#more = null;
    for (const found of merged) if (found.to <= cut) settled.push(this.#toFinding(found, false));
    const current = this.#swallowing;
    if (current !== null && cut > current.from) {
      settled.push(this.#toFinding({ kind: current.kind, from: current.from, to: cut }, current.isBegun));
      current.from = cut;
      current.isBegun = true;
    }
    return settled;
  }

  #toFinding({ kind, from, to }: Found, isMore: boolean): ValueFinding {
    const plain = this.#plain;
    // A part begins where the one before it ended: what is invisible between them belongs to the value.
    const start = isMore ? this.#partEnd : plain.toRaw(from);
    const end = plain.toRawEnd(to);
    this.#partEnd = end;
    return { id: kind.id, class: kind.class, start, end, isMore };
  }

  /** The offset before which nothing can become part of a value any more. */
  #toCut(end: number): number {
    const { base } = this.#plain;
    if (this.#swallowing !== null) return this.#at;
    // What comes after a trigger that waits was not looked at yet.
    const read = this.#waitingOutput === -1 ? end : this.#at;
    let cut = read;
    if (this.#waitingOutput !== -1) cut = Math.min(cut, base + this.hold);
    const { live, depth, width } = this.#triggers.automaton;
    cut = Math.min(cut, read - (depth[live[this.#state / width] ?? 0] ?? 0));
    return Math.min(cut, base + toWordStart(this.text, read - base));
  }
}

function load(text: string, from: number, length: number): void {
  if (length < 96) for (let i = 0; i < length; i += 1) units[i] = text.charCodeAt(from + i);
  else bytes.write(text.length === length ? text : text.slice(from, from + length), "utf16le");
}

/** Sorts by start; findings of one class that overlap become one, named by the lowest rank. */
function merge(found: Found[]): Found[] {
  if (found.length < 2) return found;
  found.sort((a, b) => a.from - b.from || b.to - a.to || a.kind.rank - b.kind.rank);
  const last = new Map<ValueClass, Found>();
  const merged: Found[] = [];
  for (const one of found) {
    const before = last.get(one.kind.class);
    if (before !== undefined && one.from < before.to) {
      before.to = Math.max(before.to, one.to);
      if (one.kind.rank < before.kind.rank) before.kind = one.kind;
      continue;
    }
    last.set(one.kind.class, one);
    merged.push(one);
  }
  return merged;
}
