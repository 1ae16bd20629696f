// Keeps the account of one exchange: what was masked where, how and by which rule. Of values it holds keyed hashes.
import type { Finding, MaskOperator, SegmentKind } from "../exchange.ts";
import { toForm, type ValueForm } from "../value-form.ts";
import type { Direction } from "./masks.ts";

/** Names a value by a keyed hash, however it is written; a long one may come in pieces. */
export type ValueHash = { push(piece: string): void; end(): string };

/** What became of a value: it was masked, only found, or the exchange was refused for it. */
export type MaskOutcome = "masked" | "detected" | "blocked" | "unmaskable";

/** What was found, and what a mask makes of it. */
export type Noted = {
  readonly outcome: MaskOutcome;
  readonly class: string;
  /** The detector or pattern; null where only the class is known. */
  readonly detector: string | null;
  readonly operator: MaskOperator;
  readonly code: string;
  readonly direction: Direction;
  readonly kind: SegmentKind;
  /** Where it stands: the pointer of the text in the body or in the whole answer; null where that is not known. */
  readonly place: string | null;
};

/** A line of the account. */
export type AccountRow = Omit<Noted, "kind"> & {
  /** Within the exchange. */
  readonly seq: number;
  /** Null where lines were added up. */
  readonly kind: SegmentKind | null;
  readonly count: number;
  /** Names the value; null where lines were added up, and where it was not read. */
  readonly hash: string | null;
  /** The value itself, where it is to be kept; null: it is not. */
  readonly original: string | null;
};

/** Takes more of a value of any length. */
export type OpenNote = { push(piece: string): void };

export type MaskAccount = {
  /**
   * Notes one value; `value` is null where it was not read. It stays as it is only where `isClean`: where no secret stands
   * within it.
   */
  note(
    noted: Noted,
    value: string | null,
    options?: { readonly count?: number; isClean?: boolean },
  ): OpenNote;
  /** Keeps the values of further classes as they are; secrets never. */
  keep(classes: readonly string[]): void;
  /** Gives the lines of one direction since they were last taken. */
  take(direction: Direction): readonly AccountRow[];
};

type Line = {
  readonly noted: Noted;
  readonly hash: ValueHash | null;
  count: number;
  original: string | null;
};

/** So many values of a direction have a line of their own; more are added up by class, operator and rule. */
const MOST_LINES = 512;
/** What is longer is not kept as it is. */
const MOST_KEPT = 4096;
/** Classes of what opens something. */
const NEVER_KEPT = "secret";
const CLOSED: OpenNote = { push: () => undefined };

/** Opens the account of one exchange. */
export function createMaskAccount(openHash: (form: ValueForm) => ValueHash): MaskAccount {
  const lines: Record<Direction, Line[]> = { request: [], answer: [] };
  const sums = new Map<string, Line>();
  const room: Record<Direction, number> = { request: MOST_LINES, answer: MOST_LINES };
  const kept = new Set<string>();
  let seq = 0;

  function add(noted: Noted, count: number): OpenNote {
    const { direction, outcome, operator, code } = noted;
    const key = JSON.stringify([direction, noted.class, outcome, operator, code]);
    const line = sums.get(key);
    if (line === undefined) sums.set(key, { noted, hash: null, count, original: null });
    else line.count += count;
    return CLOSED;
  }

  return {
    keep(classes) {
      for (const one of classes) if (one !== NEVER_KEPT) kept.add(one);
    },
    note(found, value, { count = 1, isClean = false } = {}) {
      const { direction, place } = found;
      const noted = { ...found, place: place === null ? null : toPlace(place) };
      if (room[direction] === 0) return add(noted, count);
      room[direction] -= 1;
      const hash = value === null ? null : openHash(toForm(found.class));
      const isKept = isClean && value !== null && value.length <= MOST_KEPT && kept.has(found.class);
      const line: Line = { noted, hash, count, original: isKept ? value : null };
      lines[direction].push(line);
      if (hash === null) return CLOSED;
      hash.push(value ?? "");
      return {
        push(piece) {
          line.original = null;
          hash.push(piece);
        },
      };
    },
    take(direction) {
      const rows = new Map<string, AccountRow>();
      for (const { noted, hash: open, count, original } of lines[direction]) {
        const hash = open?.end() ?? null;
        const key = JSON.stringify([hash, noted]);
        const known = rows.get(key);
        const sum = (known?.count ?? 0) + count;
        rows.set(key, { ...noted, hash, original, seq: known?.seq ?? seq++, count: sum });
      }
      lines[direction] = [];
      for (const [key, { noted, count }] of sums) {
        if (noted.direction !== direction) continue;
        const unnamed = { detector: null, kind: null, place: null, hash: null, original: null };
        rows.set(key, { ...noted, ...unnamed, seq: seq++, count });
        sums.delete(key);
      }
      return [...rows.values()];
    },
  };
}

/** Makes what says whether no secret stands within a stretch. */
export function createCleanLook(findings: readonly Finding[]): (start: number, end: number) => boolean {
  const secrets = findings.filter((one) => one.class === NEVER_KEPT).sort((a, b) => a.start - b.start);
  if (secrets.length === 0) return () => true;
  /** How far those reach that begin up to each. */
  const reach: number[] = [];
  let furthest = 0;
  for (const { end } of secrets) reach.push((furthest = Math.max(furthest, end)));
  return (start, end) => {
    let low = 0;
    let high = secrets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((secrets[middle]?.start ?? end) < end) low = middle + 1;
      else high = middle;
    }
    return low === 0 || (reach[low - 1] ?? 0) <= start;
  };
}

/** A step of a place that is told as it is: a word or a number of a list. */
const PLAIN_STEP = /^(?:[A-Za-z_-]{1,32}|\d{1,6})$/;
const MOST_STEPS = 24;

/** Gives a pointer as it may be told: names of members are the program's, and one that may itself be a value is left out. */
export function toPlace(pointer: string): string {
  const steps = pointer.split("/", MOST_STEPS + 1).slice(1, MOST_STEPS);
  return steps.map((step) => `/${PLAIN_STEP.test(step) ? step : "*"}`).join("");
}

/** Gives what is noted of a finding. */
export function toNoted(
  finding: Pick<Finding, "id" | "class">,
  mask: { readonly operator: MaskOperator; readonly code: string },
  at: { readonly direction: Direction; readonly kind: SegmentKind; readonly place: string | null },
  outcome: MaskOutcome,
): Noted {
  const { operator, code } = mask;
  return { outcome, class: finding.class, detector: finding.id, operator, code, ...at };
}
