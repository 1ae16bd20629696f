// Masks a text that comes in pieces of bytes: a piece in which nothing is masked keeps its bytes, and nothing is kept but
// what may still become a value.
import { GatewayError } from "../errors.ts";
import type { Finding, SegmentKind } from "../exchange.ts";
import { applyEdits, touches, type Edit, type Editor } from "./edits.ts";
import { createJsonPlace } from "./json-place.ts";
import type { TextPiece } from "./text-pieces.ts";

/** A piece as it goes out. */
export type MaskedPiece = {
  readonly bytes: Buffer;
  readonly text: string;
  readonly isChanged: boolean;
};

/** Takes the pieces of one text in order, and gives them back in order once they are decided. */
export type PieceMasker = {
  push(piece: TextPiece): readonly MaskedPiece[];
  end(): readonly MaskedPiece[];
};

export type PieceMaskerDeps = {
  /** Finds values in the text; all before `pending` is decided. */
  readonly stream: {
    push(text: string): readonly Finding[];
    end(): readonly Finding[];
    readonly pending: number;
  };
  readonly editor: Editor;
  readonly kind: SegmentKind;
  /** Where the text stands. */
  readonly place: string;
  /** The text may become neither longer nor shorter: each character of a value is covered, and what holds JSON together stays. */
  readonly keepsLength?: boolean;
  /** Told what was found before it is masked; throws where the text must not go out. */
  readonly onFound?: (found: readonly Finding[]) => void;
  /** Makes the refusal of a text in which a value of a class stands that cannot be written anew. */
  readonly toRefusal: (ofClass: string) => Error;
};

type Waiting = TextPiece & { readonly from: number; readonly until: number };

/** Opens the masker of one text. */
export function createPieceMasker(deps: PieceMaskerDeps): PieceMasker {
  const { stream, editor, kind, place, onFound, toRefusal, keepsLength = false } = deps;
  const json = createJsonPlace();
  const edits: Edit[] = [];
  const waiting: Waiting[] = [];
  /** The text of what waits, and where it begins in the whole. */
  let held = "";
  let base = 0;
  let received = 0;

  function edit(found: readonly Finding[]): void {
    // A number that is masked may go on.
    if (found.length === 0 && edits.at(-1)?.isBare !== true) return;
    if (found.length > 0) onFound?.(found);
    const first = edits.length;
    editor.edit(
      edits,
      json.split(held, found, base),
      kind,
      (start, end) => held.slice(start - base, end - base),
      place,
    );
    // What is gone cannot be masked any more: better no end than a wrong one.
    if ((edits[first]?.start ?? base) < base)
      throw new GatewayError("detector_failed", "A value was found too late.");
    json.quote(held, edits, first, base);
  }

  function write({ bytes, text, from, until, isExact, encode }: Waiting): MaskedPiece {
    if (!touches(edits, from, until)) return { bytes, text, isChanged: false };
    if (!isExact) throw toRefusal(edits.find(({ start, end }) => start < until && end > from)?.class ?? "");
    const masked = keepsLength ? cover(text, edits, from, encode) : applyEdits(text, edits, from);
    return { bytes: encode(masked), text: masked, isChanged: true };
  }

  function release(decided: number): readonly MaskedPiece[] {
    const out: MaskedPiece[] = [];
    let first = waiting[0];
    while (first !== undefined && first.until <= decided) {
      out.push(write(first));
      waiting.shift();
      first = waiting[0];
    }
    const next = first?.from ?? received;
    if (next > base) {
      json.skip(held, base, next);
      held = held.slice(next - base);
      base = next;
      // One that ends here may go on.
      const gone = edits.findIndex(({ end }) => end >= base);
      edits.splice(0, gone === -1 ? edits.length : gone);
    }
    return out;
  }

  return {
    push(piece) {
      const from = received;
      received += piece.text.length;
      held += piece.text;
      waiting.push({ ...piece, from, until: received });
      edit(stream.push(piece.text));
      return release(json.settle(held, base, received - stream.pending));
    },
    end() {
      edit(stream.end());
      return release(received);
    },
  };
}

/** Gives the text with stars in the place of values, as many as take the same bytes. */
function cover(text: string, edits: readonly Edit[], from: number, encode: TextPiece["encode"]): string {
  const size = encode("*").length;
  let out = "";
  let at = 0;
  for (const { start, end } of edits) {
    const [first, last] = [Math.max(start - from, at), Math.min(end - from, text.length)];
    if (last <= first) continue;
    const stars = text.slice(first, last).replaceAll(COVERED, (one) => "*".repeat(encode(one).length / size));
    out += text.slice(at, first) + stars;
    at = last;
  }
  return out + text.slice(at);
}

/** An escape, or what neither parts values of JSON nor words. */
const COVERED = /\\.|[^\s"{}[\],:]/gsu;
