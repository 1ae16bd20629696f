// The scanner: one forward pass of the automaton, carried across pieces of text; hits become candidates, then findings.
import { GatewayError } from "../errors.ts";
import type { Finding } from "../exchange.ts";
import { CLASS_OTHER, CLASS_PAIR, CLASS_SKIP, CLASS_SPACE } from "./automaton.ts";
import { FAIL, verify, WAIT, type Candidate, type Progress } from "./candidate.ts";
import { needsBoundary, type Entry, type Group, type InvisibleKind } from "./compile-patterns.ts";
import { foldPair, MAX_GAP, OTHER } from "./fold.ts";
import { hasWordBefore, walkBack, type Piece } from "./scan-text.ts";

/** How much decided text is kept for a look to the left. */
const LEFT_CONTEXT = MAX_GAP * 2 + 8;
/** A run of invisible characters is cut here. */
const MAX_INVISIBLE = 1024;
/** More findings than this in one text are not counted out. */
const MAX_FINDINGS = 100_000;

type Hit = { -readonly [K in keyof Finding]: Finding[K] };

/** The state of a scan. Offsets are in the whole text. */
export type Scan = {
  readonly group: Group;
  /** What is kept of the text. */
  readonly piece: Piece;
  /** How far the automaton has read, and its state. */
  at: number;
  state: number;
  /** Where the last gap's last unit ended, and the gap's length. */
  gapEnd: number;
  gapLength: number;
  /** Before this, everything is decided and was given out. */
  cut: number;
  open: Candidate[];
  found: Hit[];
  progress: Progress | null;
  /** Units that were walked over again, for hits and hold-back. */
  rework: number;
};

/** Begins a scan. */
export function beginScan(group: Group): Scan {
  return {
    group,
    piece: { text: "", base: 0, isFinal: false },
    at: 0,
    state: 0,
    gapEnd: -1,
    gapLength: 0,
    cut: 0,
    open: [],
    found: [],
    progress: null,
    rework: 0,
  };
}

/** Takes the next piece of the text, the last one if `isFinal`; gives the findings that became certain. */
export function advance(scan: Scan, text: string, isFinal: boolean): readonly Finding[] {
  const { piece } = scan;
  piece.text = piece.text === "" ? text : piece.text + text;
  piece.isFinal = isFinal;
  if (scan.open.length > 0) retryOpen(scan);
  const { length } = piece.text;
  const endsInHalf = !isFinal && length > 0 && (piece.text.charCodeAt(length - 1) & 0xfc00) === 0xd800;
  run(scan, endsInHalf ? length - 1 : length);
  if (scan.open.length > 0) closeFinished(scan);
  return settle(scan);
}

/** Gives how many units have been read and, in sum, looked at; the second is bounded by a multiple of the first. */
export function toWork(scan: Scan): { read: number; looked: number } {
  return { read: scan.at, looked: scan.at + scan.rework + (scan.progress?.work ?? 0) };
}

function run(scan: Scan, stop: number): void {
  const { base } = scan.piece;
  const { units } = scan.group;
  for (let from = scan.at - base; from < stop; from = scan.at - base) {
    const length = Math.min(stop - from, units.length);
    load(scan.group, scan.piece.text, from, length);
    runLoaded(scan, units, from, length, stop);
  }
}

function runLoaded(scan: Scan, units: Uint16Array, from: number, length: number, stop: number): void {
  const { next, classOf } = scan.group.automaton;
  let { state } = scan;
  let i = 0;
  while (i < length) {
    state = next[state + (classOf[units[i] ?? 0] ?? 0)] ?? 0;
    i += 1;
    if (state < 0) {
      scan.state = ~state;
      i = look(scan, from + i, stop) - from;
      ({ state } = scan);
    }
  }
  scan.state = state;
  scan.at = scan.piece.base + from + i;
}

/** Copies units into the table that the loop reads: with long texts this is twice as fast as asking the string for each. */
function load(group: Group, text: string, from: number, length: number): void {
  if (length < 96) {
    for (let i = 0; i < length; i += 1) group.units[i] = text.charCodeAt(from + i);
  } else {
    group.bytes.write(text.length === length ? text : text.slice(from, from + length), "utf16le");
  }
}

/** Handles a step that needs a look; `i` is the index after the unit. Gives the index to go on at. */
function look(scan: Scan, i: number, stop: number): number {
  const { automaton } = scan.group;
  const { text, base } = scan.piece;
  const c = text.charCodeAt(i - 1);
  let cls = automaton.classOf[c] ?? CLASS_OTHER;
  let end = i;
  let point = c;
  if (cls === CLASS_PAIR) {
    const low = i < stop ? text.charCodeAt(i) : 0;
    if ((low & 0xfc00) === 0xdc00) {
      end = i + 1;
      point = ((c - 0xd800) << 10) + (low - 0xdc00) + 0x10000;
    }
    cls = automaton.classOfFolded(end === i ? OTHER : foldPair(c, low));
    const stepped = automaton.next[scan.state + cls] ?? 0;
    scan.state = stepped < 0 ? ~stepped : stepped;
    if (stepped >= 0 && cls !== CLASS_SKIP) {
      if (scan.group.invisible.length > 0) noteInvisible(scan, point, base + i - 1, base + end);
      return end;
    }
  }
  if (scan.group.invisible.length > 0) noteInvisible(scan, point, base + i - 1, base + end);
  const row = scan.state / automaton.width;
  if (cls === CLASS_SKIP || (cls === CLASS_SPACE && automaton.afterSpace[row] === 1)) {
    scan.gapLength = scan.gapEnd === base + i - 1 ? scan.gapLength + 1 : 1;
    scan.gapEnd = base + end;
    if (scan.gapLength > MAX_GAP) scan.state = 0;
    return end;
  }
  for (const index of automaton.outputs[row] ?? []) {
    const entry = scan.group.entries[index];
    if (entry !== undefined) hit(scan, entry, base + end);
  }
  return end;
}

function hit(scan: Scan, entry: Entry, end: number): void {
  const { piece, group } = scan;
  const { alternative } = entry;
  let start = end - (entry.exact ?? entry.folded).length;
  if (entry.exact === null) start = walkBack(piece, group.folding, end, entry.folded.length);
  else if (start < piece.base || !piece.text.startsWith(entry.exact, start - piece.base)) return;
  scan.rework += end - start;
  const progress = (scan.progress ??= createProgress(group.alternatives.length));
  if (start < scan.cut) return;
  if (alternative.form === "run" && end <= (progress.covered[alternative.slot] ?? 0)) return;
  if (needsBoundary(alternative) && hasWordBefore(piece, group.folding, start)) return;
  const candidate = { alternative, start, literalStart: start, literalEnd: end, at: end, count: 0, end };
  if (scan.open.length > 0) {
    const isWaiting = scan.open.some((other) => other.alternative === alternative);
    // The open run reaches to the end of what was read, so that it holds this hit too.
    if (isWaiting && alternative.form === "run") return;
    if (isWaiting && alternative.form === "regex") {
      scan.open.push(candidate);
      return;
    }
  }
  const outcome = verify(candidate, piece, group.folding, progress);
  if (outcome === WAIT) scan.open.push(candidate);
  else if (outcome !== FAIL) add(scan, candidate, outcome);
}

function retryOpen(scan: Scan): void {
  const progress = (scan.progress ??= createProgress(scan.group.alternatives.length));
  const waiting: Candidate[] = [];
  for (const candidate of scan.open) {
    const { alternative } = candidate;
    if (alternative.form === "invisible") {
      waiting.push(candidate);
      continue;
    }
    const isBlocked =
      alternative.form === "regex" && waiting.some((other) => other.alternative === alternative);
    const outcome = isBlocked ? WAIT : verify(candidate, scan.piece, scan.group.folding, progress);
    if (outcome === WAIT) waiting.push(candidate);
    else if (outcome !== FAIL) add(scan, candidate, outcome);
  }
  scan.open = waiting;
}

function noteInvisible(scan: Scan, point: number, start: number, end: number): void {
  const kind = toInvisibleKind(point);
  if (kind === null) return;
  for (const alternative of scan.group.invisible) {
    if (alternative.characters !== kind) continue;
    const last = scan.open.find((candidate) => candidate.alternative === alternative);
    if (last !== undefined && last.at === start && last.count < MAX_INVISIBLE) {
      last.at = end;
      last.count += 1;
      continue;
    }
    if (last !== undefined) {
      scan.open = scan.open.filter((candidate) => candidate !== last);
      closeInvisible(scan, last);
    }
    scan.open.push({ alternative, start, literalStart: start, literalEnd: end, at: end, count: 1, end });
  }
}

/** Closes the runs of invisible characters after which something else was read, or nothing comes. */
function closeFinished(scan: Scan): void {
  const isFinished = (candidate: Candidate): boolean =>
    candidate.alternative.form === "invisible" && (scan.piece.isFinal || candidate.at < scan.at);
  for (const candidate of scan.open) if (isFinished(candidate)) closeInvisible(scan, candidate);
  scan.open = scan.open.filter((candidate) => !isFinished(candidate));
}

function closeInvisible(scan: Scan, candidate: Candidate): void {
  const { alternative } = candidate;
  if (alternative.form === "invisible" && candidate.count >= alternative.min)
    add(scan, candidate, candidate.at);
}

function toInvisibleKind(point: number): InvisibleKind | null {
  if (point >= 0xe0000 && point <= 0xe007f) return "tag";
  if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) return "bidi";
  if (point === 0x200b || point === 0x200c || point === 0x200d) return "zero_width";
  if ((point >= 0x2060 && point <= 0x2064) || point === 0xfeff || point === 0x180e) return "zero_width";
  return null;
}

function add(scan: Scan, candidate: Candidate, end: number): void {
  if (scan.found.length >= MAX_FINDINGS) {
    throw new GatewayError("detector_failed", "A text holds more findings than are counted.");
  }
  const { id, class: ofClass } = candidate.alternative;
  scan.found.push({ id, class: ofClass, start: candidate.start, end });
}

/** Gives out the findings before which nothing is open, and lets go of the text before them. */
function settle(scan: Scan): readonly Finding[] {
  const { piece } = scan;
  const received = piece.base + piece.text.length;
  let cut = piece.isFinal ? received : toOpenStart(scan);
  let settled: readonly Finding[] = [];
  if (scan.found.length > 0) {
    const merged = merge(scan.found);
    for (let i = merged.length - 1; i >= 0; i -= 1) {
      const finding = merged[i];
      if (finding !== undefined && finding.end > cut) cut = Math.min(cut, finding.start);
    }
    settled = merged.filter((finding) => finding.end <= cut);
    scan.found = merged.filter((finding) => finding.end > cut);
  }
  scan.cut = Math.max(cut, scan.cut);
  const keep = scan.cut - LEFT_CONTEXT;
  if (keep > piece.base) {
    piece.text = piece.text.slice(keep - piece.base);
    piece.base = keep;
  }
  return settled;
}

function toOpenStart(scan: Scan): number {
  const { group, piece } = scan;
  let cut = scan.at;
  const { live, fail, depth, needsBoundary: needs, width } = group.automaton;
  for (let row = live[scan.state / width] ?? 0; row > 0; row = live[fail[row] ?? 0] ?? 0) {
    const start = walkBack(piece, group.folding, scan.at, depth[row] ?? 0);
    scan.rework += scan.at - start + 1;
    // What begins before the cut was seen to have no boundary; the text before it may be gone.
    if (start < scan.cut) continue;
    if (needs[row] === 1 && hasWordBefore(piece, group.folding, start)) continue;
    cut = start;
    break;
  }
  cut -= group.maxBefore;
  for (const candidate of scan.open) {
    cut = Math.min(cut, candidate.start - candidate.alternative.before);
  }
  return cut;
}

/** Sorts by start; hits of one pattern that overlap become one. */
function merge(hits: Hit[]): Hit[] {
  if (hits.length < 2) return hits;
  hits.sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const last = new Map<string, Hit>();
  const merged: Hit[] = [];
  for (const hit of hits) {
    const before = last.get(hit.id);
    if (before !== undefined && hit.start < before.end) {
      before.end = Math.max(before.end, hit.end);
      continue;
    }
    last.set(hit.id, hit);
    merged.push(hit);
  }
  return merged;
}

function createProgress(slots: number): Progress {
  return { covered: new Float64Array(slots), tried: new Float64Array(slots).fill(-1), work: 0, regexWork: 0 };
}
