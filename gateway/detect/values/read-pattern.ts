// Reads what a policy's patterns describe: words, runs of characters after a prefix, regexes over a bounded window.
import type { RE2JS } from "re2js";
import { GatewayError } from "../../errors.ts";
import { SKIP, SPACE, toFolding } from "./fold.ts";
import { waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";

/** A literal at which a pattern is tried. */
export type PatternLiteral = {
  readonly kind: Kind;
  /** The uses of text that it is looked for in, as bits. */
  readonly uses: number;
  readonly folded: string;
  /** The literal as it must stand, where its case and white space count. */
  readonly exact: string | null;
  /** Whether no word may go on before the match. */
  readonly checkLeft: boolean;
};

/** What follows a prefix. */
export type Run = {
  /** The number under which it remembers. */
  readonly slot: number;
  readonly isFolded: boolean;
  readonly alphabet: Uint8Array;
  readonly min: number;
  readonly max: number;
  readonly suffixes: readonly string[];
  readonly checkRight: boolean;
};

/** A regex and what it sees. */
export type WindowRegex = {
  readonly slot: number;
  readonly regex: RE2JS;
  readonly isFolded: boolean;
  readonly window: number;
  readonly before: number;
};

/** Regexes may look at this many characters, and so many more for each character of text. */
const REGEX_WORK_BASE = 1_000_000;
const REGEX_WORK_PER_UNIT = 4;

/** Makes the reader of a literal. */
export function createLiteralReader(literal: PatternLiteral, checkRight: boolean): Reader {
  return (look, _, end) => {
    const start = toLiteralStart(literal, look, end);
    if (start === -1 || (literal.checkLeft && isWordAt(look.text, start - 1))) return true;
    if (checkRight) {
      if (end >= look.text.length && !look.isFinal) return waitFrom(look, start);
      if (isWordAt(look.text, end)) return true;
    }
    look.addPattern(literal.kind, start, end);
    return true;
  };
}

/** Makes the reader of a run after a prefix. */
export function createRunReader(literal: PatternLiteral, run: Run): Reader {
  const { slot } = run;
  return (look, _, end) => {
    const start = toLiteralStart(literal, look, end);
    if (start === -1) return true;
    const { text, memo, base } = look;
    if (base + end <= (memo.covered[slot] ?? 0)) return true;
    if (literal.checkLeft && isWordAt(text, start - 1)) return true;
    const isResumed = memo.slot === slot && memo.prefixEnd === base + end;
    const from = isResumed ? memo.runEnd - base : end;
    const to = readRun(run, text, end, from);
    memo.work += to - from + 1;
    const isEarly = to < 0;
    const stop = Math.abs(to);
    const mayGoOn = !isEarly && (stop - end < run.max || run.checkRight);
    if (mayGoOn && stop >= text.length && !look.isFinal) {
      memo.slot = slot;
      memo.prefixEnd = base + end;
      memo.runEnd = base + stop;
      return waitFrom(look, start);
    }
    if (isResumed) memo.slot = -1;
    memo.covered[slot] = base + stop;
    if (stop - end < run.min) return true;
    if (run.checkRight && !isEarly && isWordAt(text, stop)) return true;
    look.addPattern(literal.kind, start, stop);
    return true;
  };
}

/** Gives where the run that begins at `first` ends, read from `from` on; negative where a suffix ends it. */
function readRun(run: Run, text: string, first: number, from: number): number {
  const { unit } = toFolding();
  let i = from;
  while (i < text.length && i - first < run.max) {
    const c = text.charCodeAt(i);
    const folded = c < 128 || !run.isFolded ? c : (unit[c] ?? SKIP);
    if (folded >= 128 || run.alphabet[folded] !== 1) break;
    i += 1;
    if (run.suffixes.length > 0 && endsWithSuffix(run, text, i, first)) return -i;
  }
  return i;
}

function endsWithSuffix(run: Run, text: string, end: number, from: number): boolean {
  for (const suffix of run.suffixes) {
    const start = end - suffix.length;
    if (start < from) continue;
    if (run.isFolded) {
      if (text.slice(start, end).toLowerCase() === suffix) return true;
    } else if (
      text.charCodeAt(end - 1) === suffix.charCodeAt(suffix.length - 1) &&
      text.startsWith(suffix, start)
    ) {
      return true;
    }
  }
  return false;
}

/**
 * Makes the reader of a regex.
 *
 * It throws a GatewayError `detector_failed` where a text asks for too much work.
 */
export function createRegexReader(literal: PatternLiteral, tried: WindowRegex): Reader {
  const { slot, window, before, isFolded, regex } = tried;
  return (look, _, end) => {
    const start = toLiteralStart(literal, look, end);
    if (start === -1) return true;
    const { text, memo, base } = look;
    const at = base + start;
    if (at < (memo.covered[slot] ?? 0) || at === memo.tried[slot]) return true;
    if (text.length < start + window && !look.isFinal) return waitFrom(look, start - before);
    memo.tried[slot] = at;
    memo.work += window + before;
    memo.regexWork += window + before;
    if (memo.regexWork > REGEX_WORK_BASE + REGEX_WORK_PER_UNIT * at) {
      throw new GatewayError("detector_failed", "A text asks for more pattern work than is allowed.");
    }
    const from = Math.max(0, start - before);
    const raw = text.slice(from, start + window);
    const view = isFolded ? foldWindow(raw) : { text: raw, starts: null, ends: null };
    const matcher = regex.matcher(view.text);
    let isMatch = before === 0 ? matcher.lookingAt() : matcher.find();
    while (isMatch) {
      const first = from + (view.starts?.[matcher.start()] ?? matcher.start());
      const last = from + (view.ends?.[matcher.end() - 1] ?? matcher.end());
      if (first > start) return true;
      if (last >= end && !(literal.checkLeft && isWordAt(text, first - 1))) {
        memo.covered[slot] = base + last;
        look.addPattern(literal.kind, first, last);
        return true;
      }
      if (before === 0) return true;
      isMatch = matcher.find();
    }
    return true;
  };
}

type View = { readonly text: string; readonly starts: readonly number[]; readonly ends: readonly number[] };

/** Folds a window and keeps where each folded character comes from. */
function foldWindow(raw: string): View {
  const { unit } = toFolding();
  const starts: number[] = [];
  const ends: number[] = [];
  let text = "";
  let isAfterSpace = false;
  for (let i = 0; i < raw.length; i += 1) {
    const folded = unit[raw.charCodeAt(i)] ?? SKIP;
    if (folded === SPACE && isAfterSpace) {
      ends[ends.length - 1] = i + 1;
      continue;
    }
    isAfterSpace = folded === SPACE;
    text += String.fromCharCode(folded);
    starts.push(i);
    ends.push(i + 1);
  }
  return { text, starts, ends };
}

/** Gives where a literal that ends at `end` begins; -1 where it does not stand there, or is not looked for. */
function toLiteralStart({ uses, folded, exact }: PatternLiteral, look: Look, end: number): number {
  if ((look.use & uses) === 0) return -1;
  if (exact === null) return walkBack(look.text, end, folded.length);
  const start = end - exact.length;
  return start >= 0 && look.text.startsWith(exact, start) ? start : -1;
}

/** Gives where the `depth` folded characters that end at `end` begin; white space in a row is one of them. */
export function walkBack(text: string, end: number, depth: number): number {
  const { unit } = toFolding();
  let start = end;
  let left = depth;
  let isAfterSpace = false;
  for (let i = end - 1; i >= 0 && left > 0; i -= 1) {
    const isSpace = unit[text.charCodeAt(i)] === SPACE;
    if (isSpace && isAfterSpace) continue;
    isAfterSpace = isSpace;
    left -= 1;
    start = i;
  }
  return start;
}

function isWordAt(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false;
  const { unit, word } = toFolding();
  return word[unit[text.charCodeAt(at)] ?? SKIP] === 1;
}
