// Candidates: places where a literal stands and the rest of a pattern must still be verified.
import { GatewayError } from "../errors.ts";
import type { Alternative } from "./compile-patterns.ts";
import { foldPair, MAX_GAP, OTHER, PAIR, SKIP, SPACE, type Folding } from "./fold.ts";
import { hasWordAfter, hasWordBefore, type Piece } from "./scan-text.ts";

/** The outcomes that are no end of a match. */
export const WAIT = -1;
export const FAIL = -2;

/** A literal's hit. Offsets are in the whole text. */
export type Candidate = {
  readonly alternative: Alternative;
  /** Where the match begins; a regex may move it. */
  start: number;
  /** Where the literal begins and ends. */
  readonly literalStart: number;
  readonly literalEnd: number;
  /** How far the run was read, how many characters it has, and where the last of them ends. */
  at: number;
  count: number;
  end: number;
};

/** What was decided about one alternative so far, and the work that it took. */
export type Progress = {
  /** By slot: hits that end here or before lie in a run that was read (run), or begin before the last match's end (regex). */
  readonly covered: Float64Array;
  /** By slot: where the last literal began that a regex was tried at. */
  readonly tried: Float64Array;
  /** Units of text that verification has looked at. */
  work: number;
  /** Of these, the regexes' share. */
  regexWork: number;
};

/** Regexes may look at this many units, and so many more for each unit of text. */
const REGEX_WORK_BASE = 1_000_000;
const REGEX_WORK_PER_UNIT = 4;

/**
 * Decides about a candidate.
 *
 * @returns the end of the match, `FAIL`, or `WAIT` where the text must first go on.
 * @throws GatewayError `detector_failed` where the text asks for too much work.
 */
export function verify(candidate: Candidate, piece: Piece, folding: Folding, progress: Progress): number {
  const { alternative } = candidate;
  if (alternative.form === "run") return verifyRun(candidate, alternative, piece, folding, progress);
  if (alternative.form === "regex") return verifyRegex(candidate, alternative, piece, folding, progress);
  if (alternative.form === "invisible" || !alternative.checkRight) return candidate.literalEnd;
  return afterWord(candidate.literalEnd, piece, folding);
}

function afterWord(end: number, piece: Piece, folding: Folding): number {
  const word = hasWordAfter(piece, folding, end);
  return word === -1 ? WAIT : word === 1 ? FAIL : end;
}

function verifyRun(
  candidate: Candidate,
  alternative: Alternative & { form: "run" },
  piece: Piece,
  folding: Folding,
  progress: Progress,
): number {
  const { text, base } = piece;
  const from = candidate.at;
  let i = candidate.at - base;
  let isOpen = true;
  let isEarly = false;
  while (isOpen && candidate.count < alternative.max) {
    if (i >= text.length) {
      if (!piece.isFinal) break;
      isOpen = false;
      break;
    }
    const size = readMember(text, i, alternative, folding, piece.isFinal);
    if (size === 0) {
      isOpen = false;
    } else if (size === WAIT) break;
    else if (size < 0) {
      // An invisible character: passed over, up to a bound.
      i += -size - 2;
      if (i + base - candidate.end > MAX_GAP) isOpen = false;
    } else {
      i += size;
      candidate.count += 1;
      candidate.end = base + i;
      if (endsWithSuffix(alternative, text, i, candidate.literalEnd - base)) {
        isEarly = true;
        isOpen = false;
      }
    }
  }
  candidate.at = base + i;
  progress.work += candidate.at - from + 1;
  if (isOpen && candidate.count < alternative.max) return WAIT;
  progress.covered[alternative.slot] = candidate.end;
  if (candidate.count < alternative.min) return FAIL;
  if (!alternative.checkRight || isEarly) return candidate.end;
  return afterWord(candidate.end, piece, folding);
}

/** Gives how many units a member of the run takes; 0: none; WAIT: not known yet; below -2: so many beyond to pass over. */
function readMember(
  text: string,
  i: number,
  alternative: Alternative & { form: "run" },
  folding: Folding,
  isFinal: boolean,
): number {
  const c = text.charCodeAt(i);
  if (c < 128) {
    if (alternative.alphabet[c] === 1) return 1;
    return 0;
  }
  if (!alternative.fold) return 0;
  let folded = folding.unit[c] ?? SKIP;
  let size = 1;
  if (folded === PAIR) {
    if (i + 1 >= text.length && !isFinal) return WAIT;
    folded = i + 1 < text.length ? foldPair(c, text.charCodeAt(i + 1)) : OTHER;
    size = 2;
  }
  if (folded === SKIP) return -2 - size;
  const isMember =
    folded < 128 &&
    (alternative.alphabet[folded] === 1 || (folded === SPACE && alternative.alphabet[SPACE] === 1));
  return isMember ? size : 0;
}

function endsWithSuffix(
  alternative: Alternative & { form: "run" },
  text: string,
  end: number,
  from: number,
): boolean {
  for (const suffix of alternative.suffixes) {
    const start = end - suffix.length;
    if (start < from) continue;
    if (alternative.fold) {
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

function verifyRegex(
  candidate: Candidate,
  alternative: Alternative & { form: "regex" },
  piece: Piece,
  folding: Folding,
  progress: Progress,
): number {
  const { slot } = alternative;
  const { literalStart, literalEnd } = candidate;
  if (literalStart < (progress.covered[slot] ?? 0) || literalStart === progress.tried[slot]) return FAIL;
  const windowEnd = literalStart + alternative.window;
  if (!piece.isFinal && piece.base + piece.text.length < windowEnd) return WAIT;
  progress.tried[slot] = literalStart;
  progress.work += alternative.window + alternative.before;
  progress.regexWork += alternative.window + alternative.before;
  if (progress.regexWork > REGEX_WORK_BASE + REGEX_WORK_PER_UNIT * literalStart) {
    throw new GatewayError("detector_failed", "A text asks for more pattern work than is allowed.");
  }

  const windowStart = Math.max(piece.base, literalStart - alternative.before, 0);
  const view = alternative.fold
    ? foldWindow(piece, folding, windowStart, windowEnd)
    : { text: piece.text.slice(windowStart - piece.base, windowEnd - piece.base), starts: null, ends: null };
  const toStart = (index: number): number => view.starts?.[index] ?? windowStart + index;
  const toEnd = (index: number): number => view.ends?.[index - 1] ?? windowStart + index;
  const matcher = alternative.regex.matcher(view.text);
  let isMatch = alternative.before === 0 ? matcher.lookingAt() : matcher.find();
  while (isMatch) {
    const start = toStart(matcher.start());
    const end = matcher.end() === matcher.start() ? start : toEnd(matcher.end());
    if (start > literalStart) return FAIL;
    if (end >= literalEnd && !(alternative.checkLeft && hasWordBefore(piece, folding, start))) {
      progress.covered[slot] = end;
      candidate.start = start;
      return end;
    }
    if (alternative.before === 0) return FAIL;
    isMatch = matcher.find();
  }
  return FAIL;
}

type View = { text: string; starts: readonly number[]; ends: readonly number[] };

/** Folds a window and keeps where each folded unit comes from. */
function foldWindow(piece: Piece, folding: Folding, from: number, to: number): View {
  const { text, base } = piece;
  const units: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const stop = Math.min(to - base, text.length);
  for (let i = from - base; i < stop;) {
    const c = text.charCodeAt(i);
    let folded = folding.unit[c] ?? SKIP;
    let size = 1;
    if (folded === PAIR) {
      const low = i + 1 < stop ? text.charCodeAt(i + 1) : 0;
      folded = foldPair(c, low);
      if ((low & 0xfc00) === 0xdc00) size = 2;
    }
    const isRepeated = folded === SPACE && units.at(-1) === SPACE;
    if (isRepeated) ends[ends.length - 1] = base + i + size;
    else if (folded !== SKIP) {
      units.push(folded);
      starts.push(base + i);
      ends.push(base + i + size);
    }
    i += size;
  }
  return { text: String.fromCharCode(...units), starts, ends };
}
