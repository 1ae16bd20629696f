// Runs of characters that nobody sees: counted as they come, in state that a piece's end does not touch.

/** The kinds of runs. */
export type MarkKind = "tag" | "selector" | "zero_width" | "bidi_override" | "bidi_embedding";

/** So many in a row are a signal; a flag of a part of a country is a black flag with up to six tags. */
const LEAST = { tag: 4, selector: 4, zero_width: 4, bidi_override: 1, bidi_embedding: 1 } as const;
const LEAST_AFTER_FLAG = 8;
/** Whether any of them may stand in a piece: most texts have none. */
const MARKS = /[\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\udb40]|[\ufe00-\ufe0f]/;

/** Counts runs in a text that comes in pieces. */
export class MarkRuns {
  readonly #onRun: (kind: MarkKind) => void;
  #kind: MarkKind | null = null;
  #length = 0;
  #isAfterFlag = false;
  /** The three units before: a flag and the first half of a pair. */
  #before = "";

  constructor(onRun: (kind: MarkKind) => void) {
    this.#onRun = onRun;
  }

  /** Takes the next piece. */
  push(piece: string): void {
    if (piece === "") return;
    const before = this.#before;
    if (this.#kind !== null || before.endsWith("\udb40") || MARKS.test(piece)) this.#run(before, piece);
    this.#before = piece.length > 2 ? piece.slice(-3) : (before + piece).slice(-3);
  }

  #run(before: string, piece: string): void {
    let high = before.charCodeAt(before.length - 1);
    for (let i = 0; i < piece.length; i += 1) {
      const c = piece.charCodeAt(i);
      const kind = toKind(high, c);
      high = c;
      // The first half of a pair says nothing yet.
      if (c === 0xdb40) continue;
      if (kind === null) {
        this.#kind = null;
        continue;
      }
      if (kind !== this.#kind) {
        this.#kind = kind;
        this.#length = 0;
        this.#isAfterFlag = kind === "tag" && isFlag(before, piece, i);
      }
      this.#length += 1;
      const least = this.#isAfterFlag ? LEAST_AFTER_FLAG : LEAST[kind];
      if (this.#length === least) this.#onRun(kind);
      // Each of these counts by itself.
      if (least === 1) this.#kind = null;
    }
  }
}

function toKind(high: number, c: number): MarkKind | null {
  if (high === 0xdb40) {
    if (c >= 0xdc00 && c <= 0xdc7f) return "tag";
    if (c >= 0xdd00 && c <= 0xddef) return "selector";
  }
  if (c < 0x180b) return null;
  if (c >= 0xfe00 && c <= 0xfe0f) return "selector";
  if (c === 0x202d || c === 0x202e) return "bidi_override";
  if ((c >= 0x202a && c <= 0x202b) || (c >= 0x2066 && c <= 0x2068)) return "bidi_embedding";
  const isZeroWidth =
    (c >= 0x200b && c <= 0x200d) || (c >= 0x2060 && c <= 0x2064) || c === 0xfeff || c === 0x180e;
  return isZeroWidth ? "zero_width" : null;
}

/** Says whether the tag whose second half stands at `at` follows a black flag; the three units before the piece are at hand. */
function isFlag(before: string, piece: string, at: number): boolean {
  const text = at < 3 ? before + piece.slice(0, at) : piece.slice(at - 3, at);
  return text.endsWith("\ud83c\udff4\udb40");
}
