// The scan: one pass of the automaton over plain text, carried across pieces; what it meets is read where it stands.
import { GatewayError } from "../../errors.ts";
import { findStandInStart, readStandIn } from "../../stand-ins.ts";
import { CLASS_SPACE, type Automaton } from "./automaton.ts";
import { EncodedRuns } from "./encoded-runs.ts";
import { MAX_GAP } from "./fold.ts";
import { InvisibleRuns, type InvisiblePattern } from "./invisible.ts";
import { isAlphanumeric, isDigit, LEFT, NEARBY, toWordStart } from "./look.ts";
import type { Kind, Look, Memo, Reader, Swallow } from "./look.ts";
import { PlainText } from "./plain.ts";
import { walkBack } from "./read-pattern.ts";

/** A value that was found. Offsets are UTF-16 units of the text as it came. */
export type ValueFinding = {
  readonly id: string;
  readonly class: string;
  readonly start: number;
  readonly end: number;
  /** Whether this is more of the last value of its class. */
  readonly isMore: boolean;
};

/** The automaton of all triggers, and who reads at each. */
export type Triggers = {
  readonly automaton: Automaton;
  /** By literal: its length, its readers, and how many of these, the first ones, are of patterns. */
  readonly lengths: readonly number[];
  readonly readers: readonly (readonly Reader[])[];
  readonly patterns: readonly number[];
  /** By row of the automaton: 1 where a digit is all that ends there. */
  readonly digitOnly: Uint8Array;
  /** How many groups of words there are that tell what numbers are, and how many patterns remember something. */
  readonly words: number;
  readonly slots: number;
  readonly invisible: readonly InvisiblePattern[];
  /** The uses of text that any pattern looks at. */
  readonly uses: number;
  /** By row: the longest state in which a value that is looked for may have begun. */
  toLive(use: number, hasValues: boolean): Int32Array;
  /** So many characters before its literal a pattern's match may begin. */
  toBefore(use: number): number;
};

type Found = { kind: Kind; start: number; end: number; isMore: boolean };

/** A value of any length that goes on; what was not given out of it begins at `start` and reaches to `least` at least. */
type Swallowing = { swallow: Swallow; kind: Kind; start: number; least: number; isBegun: boolean };

const EMPTY: readonly ValueFinding[] = [];
const NO_OUTPUTS: readonly number[] = [];
const NO_READERS: readonly Reader[] = [];
/** How many units are looked at in one go. */
const BLOCK = 4096;
/** What looks like a value so often on one stretch is taken for one. */
const MAX_TRIES = 16;
const COVERED = Infinity;
/** What is found in the text itself names a finding before what is found in a run of it. */
const RUN_RANK = 9;
/** More findings than this in one text are not counted out. */
const MAX_FINDINGS = 100_000;

let block: { bytes: Buffer; units: Uint16Array } | null = null;

/**
 * A scan of one text. The automaton never passes a trigger that is not decided, and each decision depends on a bounded
 * stretch of text alone: so the findings are the same however the text is cut.
 */
export class ValueScan implements Look {
  text = "";
  base = 0;
  isFinal = false;
  hold = 0;
  readonly use: number;
  readonly #triggers: Triggers;
  readonly #plain: PlainText;
  readonly #invisible: InvisibleRuns | null;
  readonly #runs: EncodedRuns | null;
  /** Whether values are looked for besides patterns, and patterns besides values. */
  readonly #hasValues: boolean;
  readonly #hasPatterns: boolean;
  readonly #live: Int32Array;
  readonly #before: number;
  /** Offsets in the whole plain text: how far the automaton has read, and before what all is decided. */
  #at = 0;
  #cut = 0;
  /** Before this, in the text as it came, all was given out. */
  #free = 0;
  #state = 0;
  /** Where the run of letters and digits ends whose first digit was met last. */
  #digits = -1;
  /** White space in a row where a literal has one: where it ends, and how much of it there is. */
  #gapEnd = -1;
  #gap = 0;
  /** The reader that waits: by its literal's place in the state's outputs, and its own place there. */
  #waitingOutput = -1;
  #waitingReader = 0;
  #swallowing: Swallowing | null = null;
  /** Whether what the gateway writes in a value's place may stand in the text. */
  #hasBracket = false;
  /** Where the value of any length that was read last ends, in the plain text. */
  #swallowed = 0;
  #found: Found[] = [];
  #count = 0;
  /** By group of words: where one of them ended last, in the plain text. */
  #words: Float64Array | null = null;
  #lastWord = 0;
  #memo: Memo | null = null;
  /** By reader: the stretch on which it found a value, or failed so often. */
  #tried: Map<number, { to: number; count: number }> | null = null;

  /** Looks for the patterns of one use of text (0: none), for values, and in so many bytes of what is encoded. */
  constructor(triggers: Triggers, use: number, hasValues: boolean, encodedBytes = 0) {
    this.#triggers = triggers;
    this.use = use;
    this.#hasValues = hasValues;
    this.#hasPatterns = (use & triggers.uses) !== 0;
    this.#live = triggers.toLive(use, hasValues);
    this.#before = this.#hasPatterns ? triggers.toBefore(use) : 0;
    const invisible = this.#hasPatterns ? triggers.invisible.filter(({ uses }) => (use & uses) !== 0) : [];
    this.#invisible =
      invisible.length === 0
        ? null
        : new InvisibleRuns(invisible, (kind, start, end) => this.#push({ kind, start, end, isMore: false }));
    this.#plain = new PlainText(this.#invisible);
    this.#runs = encodedBytes === 0 || !hasValues ? null : this.#toRuns(encodedBytes);
  }

  #toRuns(budget: number): EncodedRuns {
    return new EncodedRuns(
      budget,
      (text) =>
        new Map(
          new ValueScan(this.#triggers, this.use, true).take(text, true).map((one) => [one.class, one.id]),
        ),
      (id, ofClass, from, to) =>
        this.#push({
          kind: { id, class: ofClass, rank: RUN_RANK },
          start: this.#plain.toRaw(from),
          end: this.#plain.toRawEnd(to),
          isMore: false,
        }),
    );
  }

  /** Takes the next piece of the text; gives the findings that became certain. */
  push(piece: string): readonly ValueFinding[] {
    return this.take(piece, false);
  }

  /** Ends the text; gives the remaining findings. */
  end(): readonly ValueFinding[] {
    return this.take("", true);
  }

  /** Takes the next piece, the last one if `isFinal`. */
  take(piece: string, isFinal: boolean): readonly ValueFinding[] {
    const plain = this.#plain;
    plain.push(piece, isFinal);
    this.text = plain.text;
    if (!this.#hasBracket) this.#hasBracket = this.text.includes("[");
    this.base = plain.base;
    this.isFinal = isFinal;
    if (this.#at - this.base < this.text.length || this.#waitingOutput !== -1 || this.#swallowing !== null)
      this.#run();
    this.#runs?.read(this.text, this.base, this.#at, isFinal);
    return this.#settle();
  }

  /** UTF-16 units at the end of what was pushed that may still be part of a value. */
  get pending(): number {
    return this.isFinal ? 0 : this.#plain.rawTaken - this.#free;
  }

  /** Characters that were read, and that patterns looked at in sum. */
  get work(): { readonly read: number; readonly looked: number } {
    return { read: this.#at, looked: this.#at + (this.#memo?.work ?? 0) };
  }

  get memo(): Memo {
    const { slots } = this.#triggers;
    return (this.#memo ??= {
      covered: new Float64Array(slots),
      tried: new Float64Array(slots).fill(-1),
      slot: -1,
      prefixEnd: 0,
      runEnd: 0,
      regexWork: 0,
      work: 0,
    });
  }

  addWord(groups: readonly number[], end: number): void {
    const last = this.base + end;
    const words = (this.#words ??= new Float64Array(this.#triggers.words));
    this.#lastWord = last;
    for (let i = 0; i < groups.length; i += 1) words[groups[i] ?? 0] = last;
  }

  hasWord(group: number, at: number): boolean {
    if (this.#words === null) return false;
    const last = this.#words[group] ?? 0;
    return last > 0 && last >= this.base + at - NEARBY;
  }

  isStart(at: number): boolean {
    return at === 0 && this.base === 0;
  }

  widthAt(at: number): number {
    const offset = this.base + at;
    return this.#plain.toRawEnd(offset + 1) - this.#plain.toRaw(offset);
  }

  hasAnyWord(at: number): boolean {
    return this.#words !== null && this.#lastWord >= this.base + at - NEARBY;
  }

  isCovered(reader: number, at: number): boolean {
    const tried = this.#tried?.get(reader);
    return tried !== undefined && tried.count === COVERED && this.base + at < tried.to;
  }

  cover(reader: number, to: number): void {
    this.#tried ??= new Map();
    this.#tried.set(reader, { to: this.base + to, count: COVERED });
  }

  fail(reader: number, from: number, to: number): boolean {
    this.#tried ??= new Map();
    const tried = this.#tried.get(reader);
    if (tried === undefined || this.base + from >= tried.to) {
      this.#tried.set(reader, { to: this.base + to, count: 1 });
      return false;
    }
    tried.count += 1;
    return tried.count > MAX_TRIES;
  }

  add(kind: Kind, from: number, to: number): void {
    // What was taken as part of another value, of any length, is given out already.
    const least = Math.max(from, this.#swallowed - this.base);
    if (to > least) this.addPattern(kind, least, to);
  }

  addPattern(kind: Kind, from: number, to: number): void {
    const plain = this.#plain;
    this.#push({
      kind,
      start: plain.toRaw(this.base + from),
      end: plain.toRawEnd(this.base + to),
      isMore: false,
    });
  }

  #push(found: Found): void {
    this.#count += 1;
    if (this.#count > MAX_FINDINGS)
      throw new GatewayError("detector_failed", "A text holds more findings than are counted.");
    this.#found.push(found);
  }

  swallow(kind: Kind, from: number, to: number, swallow: Swallow): void {
    const plain = this.#plain;
    this.#runs?.read(this.text, this.base, this.#at, false);
    this.#runs?.skip(this.base + to);
    const start = plain.toRaw(this.base + from);
    const current = { swallow, kind, start, least: plain.toRawEnd(this.base + to), isBegun: false };
    this.#swallowing = current;
    this.#swallowed = this.base + to;
    // Values of the same class that it stands in go on with it.
    const isAround = (one: Found): boolean =>
      one.kind.pattern === undefined && one.kind.class === kind.class && one.end > start;
    for (const around of this.#found.filter(isAround)) {
      current.start = Math.min(around.start, current.start);
      current.least = Math.max(around.end, current.least);
    }
    this.#found = this.#found.filter((one) => !isAround(one));
  }

  #run(): void {
    for (;;) {
      if (this.#swallowing !== null) this.#swallow();
      // Within a value of any length only patterns are looked for.
      if (this.#at < this.#swallowed && !this.#hasPatterns) {
        this.#at = this.#swallowed;
        this.#state = 0;
      }
      if (this.#waitingOutput !== -1) {
        if (!this.#read(this.#waitingOutput, this.#waitingReader)) return;
      } else if (this.#at - this.base < this.text.length) {
        if (!this.#step()) return;
      } else return;
    }
  }

  /** Runs the automaton up to the next trigger, or to the end of a block; false where one must wait. */
  #step(): boolean {
    const { next, classOf, outputs, width, wide, wideWidth, wideRow, afterSpace } = this.#triggers.automaton;
    const { digitOnly } = this.#triggers;
    const from = this.#at - this.base;
    const length = Math.min(this.text.length - from, BLOCK);
    const units = load(this.text, from, length);
    let state = this.#state;
    let i = 0;
    while (i < length) {
      const cls = classOf[units[i] ?? 0] ?? 0;
      const step =
        cls < width
          ? (next[state + cls] ?? 0)
          : (wide[(wideRow[state / width] ?? 0) * wideWidth + cls - width] ?? 0);
      i += 1;
      if (step >= 0) {
        state = step;
        continue;
      }
      state = ~step;
      const row = state / width;
      if (cls === CLASS_SPACE && afterSpace[row] === 1) {
        // The first white space is the literal's own.
        const at = this.base + from + i;
        this.#gap = this.#gapEnd === at - 1 ? this.#gap + 1 : 1;
        this.#gapEnd = at;
        if (this.#gap > MAX_GAP) state = 0;
        continue;
      }
      if (outputs[row] === null) continue;
      // Of the digits of a run of letters and digits only the first is a trigger.
      if (digitOnly[row] === 1 && ((i > 1 && isDigit(units[i - 2] ?? 0)) || this.#isLaterDigit(from + i - 1)))
        continue;
      this.#state = state;
      this.#at = this.base + from + i;
      if (!this.#read(0, 0)) return false;
      if (this.#swallowing !== null) return true;
    }
    this.#state = state;
    this.#at = this.base + from + i;
    return true;
  }

  /** Says whether a digit stands behind another one in a run of letters and digits. */
  #isLaterDigit(at: number): boolean {
    const { text, base } = this;
    let i = this.#digits - base;
    if (at < i) return true;
    // The run that was followed last may have gone on: it ended where the text did.
    if (i >= 0) while (i < at && isAlphanumeric(text.charCodeAt(i))) i += 1;
    const isLater = i === at;
    for (i = at + 1; i < text.length && isAlphanumeric(text.charCodeAt(i));) i += 1;
    this.#digits = base + i;
    return isLater;
  }

  /** Reads at the automaton's place, from one of its readers on; false where one must wait. */
  #read(firstOutput: number, firstReader: number): boolean {
    const { automaton, lengths, readers, patterns } = this.#triggers;
    const outputs = automaton.outputs[this.#state / automaton.width] ?? NO_OUTPUTS;
    const end = this.#at - this.base;
    let reader = firstReader;
    this.#waitingOutput = -1;
    for (let output = firstOutput; output < outputs.length; output += 1) {
      const index = outputs[output] ?? 0;
      const start = end - (lengths[index] ?? 0);
      const all = readers[index] ?? NO_READERS;
      const first = patterns[index] ?? 0;
      if (reader === 0 && !this.#hasPatterns) reader = first;
      for (; reader < all.length; reader += 1) {
        if (reader >= first && (!this.#hasValues || this.base + start < this.#swallowed)) break;
        if (reader === first && this.#hasBracket) {
          const standIn = findStandInStart(this.text, start);
          const after = standIn === -1 ? -2 : readStandIn(this.text, standIn, this.isFinal);
          if (after === -1) this.hold = standIn;
          // What the gateway wrote itself says nothing.
          if (after > start) break;
          if (after === -1) return this.#wait(output, reader);
        }
        if (all[reader]?.(this, start, end) === false) return this.#wait(output, reader);
      }
      reader = 0;
    }
    return true;
  }

  #wait(output: number, reader: number): false {
    this.#waitingOutput = output;
    this.#waitingReader = reader;
    return false;
  }

  #swallow(): void {
    const current = this.#swallowing;
    if (current === null) return;
    const { base } = this;
    this.#swallowed = base + current.swallow.take(this.text, this.#swallowed - base);
    this.#runs?.skip(this.#swallowed);
    if (!current.swallow.isOver && !this.isFinal) return;
    const end = Math.max(this.#plain.toRawEnd(this.#swallowed), current.least);
    if (end > current.start)
      this.#push({ kind: current.kind, start: current.start, end, isMore: current.isBegun });
    this.#swallowing = null;
  }

  #settle(): readonly ValueFinding[] {
    const plain = this.#plain;
    const end = plain.base + this.text.length;
    const cut = this.isFinal ? end : this.#toCut(end);
    // Of what goes on, what is invisible behind it may be a part.
    const toRaw = this.#swallowing === null ? plain.toRaw(cut) : plain.toRawEnd(cut);
    let free = this.isFinal ? plain.rawTaken : toRaw;
    const decided = free;
    if (this.#invisible !== null) free = Math.min(free, this.#invisible.settle(plain.rawRead, this.isFinal));
    let settled = EMPTY;
    if (this.#found.length > 0 || this.#swallowing !== null) {
      const merged = merge(this.#found);
      free = toFree(merged, free);
      const current = this.#swallowing;
      // Of a value that goes on a part is given out where nothing before it is undecided.
      if (current !== null && free < decided) free = toFree(merged, Math.min(free, current.start));
      this.#found = merged.filter((found) => found.end > free);
      settled = this.#give(merged, free, free === decided ? current : null);
    }
    this.#cut = Math.max(cut, this.#cut);
    this.#free = Math.max(free, this.#free);
    plain.release(Math.min(this.#cut, this.#at) - LEFT);
    return settled;
  }

  /** Gives out what lies before `free`, and the part so far of a value that goes on. */
  #give(merged: readonly Found[], free: number, current: Swallowing | null): readonly ValueFinding[] {
    const settled: ValueFinding[] = [];
    for (const { kind, start, end, isMore } of merged)
      if (end <= free) settled.push({ id: kind.id, class: kind.class, start, end, isMore });
    if (current !== null && free > current.start) {
      const { kind, start, isBegun } = current;
      // It goes before what begins with it or within it, as it would whole.
      const at = settled.findIndex((one) => one.start >= start);
      const part = { id: kind.id, class: kind.class, start, end: free, isMore: isBegun };
      settled.splice(at === -1 ? settled.length : at, 0, part);
      // A part begins where the one before it ended: what is invisible between them belongs to the value.
      current.start = free;
      current.isBegun = true;
    }
    return settled;
  }

  /** The offset before which nothing can become part of a value any more. */
  #toCut(end: number): number {
    const { base } = this;
    const isSwallowing = this.#swallowing !== null;
    if (isSwallowing && !this.#hasPatterns) return this.#swallowed;
    // What comes after a trigger that waits was not looked at yet.
    const isWaiting = this.#waitingOutput !== -1;
    const read = isWaiting ? this.#at : end;
    let cut = isWaiting ? Math.min(read, base + this.hold) : read;
    if (this.#runs !== null) cut = Math.min(cut, this.#runs.open);
    const { depth, hasSpace, width } = this.#triggers.automaton;
    const live = this.#live[this.#state / width] ?? 0;
    if (live !== 0) {
      const length = depth[live] ?? 0;
      cut = Math.min(
        cut,
        hasSpace[live] === 1 ? base + walkBack(this.text, read - base, length) : read - length,
      );
    }
    cut -= this.#before;
    if (!this.#hasValues || isSwallowing) return Math.max(0, cut);
    return Math.max(0, Math.min(cut, base + toWordStart(this.text, read - base)));
  }
}

function toBlock(): { bytes: Buffer; units: Uint16Array } {
  if (block !== null) return block;
  const bytes = Buffer.alloc(BLOCK * 2);
  block = { bytes, units: new Uint16Array(bytes.buffer, bytes.byteOffset, BLOCK) };
  return block;
}

/** Gives the end of what is decided, at most `free`: no finding is given out in halves. */
function toFree(found: readonly Found[], free: number): number {
  let least = free;
  for (let i = found.length - 1; i >= 0; i -= 1) {
    const one = found[i];
    if (one !== undefined && one.end > least) least = Math.min(least, one.start);
  }
  return least;
}

function load(text: string, from: number, length: number): Uint16Array {
  const { bytes, units } = toBlock();
  if (length < 96) for (let i = 0; i < length; i += 1) units[i] = text.charCodeAt(from + i);
  else bytes.write(text.length === length ? text : text.slice(from, from + length), "utf16le");
  return units;
}

/** Sorts by start, what goes on first; findings that overlap, of one class or of one pattern, become one, named by the lowest rank. */
function merge(found: Found[]): Found[] {
  if (found.length < 2) return found;
  found.sort(
    (a, b) =>
      a.start - b.start ||
      Number(b.isMore) - Number(a.isMore) ||
      b.end - a.end ||
      a.kind.rank - b.kind.rank ||
      (a.kind.id < b.kind.id ? -1 : 1),
  );
  const last = new Map<string, Found>();
  const merged: Found[] = [];
  for (const one of found) {
    const { pattern, class: ofClass } = one.kind;
    const group = pattern === undefined ? ofClass : `pattern ${pattern}`;
    const before = last.get(group);
    if (before !== undefined && one.start < before.end) {
      before.end = Math.max(before.end, one.end);
      if (one.kind.rank < before.kind.rank) before.kind = one.kind;
      continue;
    }
    last.set(group, one);
    merged.push(one);
  }
  return merged;
}
