// Runs of invisible characters, which plain text no longer holds: noted while it is read.
import type { Kind } from "./look.ts";

/** A kind of invisible character. */
export type InvisibleKind = "tag" | "bidi" | "zero_width";

/** A run that counts. */
export type InvisiblePattern = {
  readonly kind: Kind;
  /** The uses of text that it is looked for in, as bits. */
  readonly uses: number;
  readonly characters: InvisibleKind;
  readonly min: number;
};

/** A run in the text as it came. */
type Run = { start: number; end: number; count: number };

/** A longer run counts as several. */
const MAX_RUN = 1024;

/** Notes the runs of one text. */
export class InvisibleRuns {
  readonly #patterns: readonly InvisiblePattern[];
  readonly #add: (kind: Kind, start: number, end: number) => void;
  readonly #open = new Map<InvisibleKind, Run>();

  constructor(patterns: readonly InvisiblePattern[], add: (kind: Kind, start: number, end: number) => void) {
    this.#patterns = patterns;
    this.#add = add;
  }

  /** Notes a character that stands at `start`. */
  note(point: number, start: number, end: number): void {
    const kind = toKind(point);
    if (kind === null) return;
    const run = this.#open.get(kind);
    if (run !== undefined && run.end === start && run.count < MAX_RUN) {
      run.end = end;
      run.count += 1;
      return;
    }
    if (run !== undefined) this.#close(kind, run);
    this.#open.set(kind, { start, end, count: 1 });
  }

  /** Closes the runs behind which something else was read, up to `read`; gives where the first open one begins, or `read`. */
  settle(read: number, isFinal: boolean): number {
    let first = read;
    for (const [kind, run] of this.#open) {
      if (isFinal || run.end < read) {
        this.#close(kind, run);
        this.#open.delete(kind);
      } else first = Math.min(first, run.start);
    }
    return first;
  }

  #close(kind: InvisibleKind, { start, end, count }: Run): void {
    for (const pattern of this.#patterns)
      if (pattern.characters === kind && count >= pattern.min) this.#add(pattern.kind, start, end);
  }
}

function toKind(point: number): InvisibleKind | null {
  if (point >= 0xe0000 && point <= 0xe007f) return "tag";
  if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069)) return "bidi";
  if (point === 0x200b || point === 0x200c || point === 0x200d) return "zero_width";
  if ((point >= 0x2060 && point <= 0x2064) || point === 0xfeff || point === 0x180e) return "zero_width";
  return null;
}
