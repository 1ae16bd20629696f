// Looks at a file that comes in pieces: is it a text? Where it is, its bytes become text, whatever strays in them.
import { createPieceReader } from "../mask/text-pieces.ts";
import type { PieceReader, TextPiece } from "../mask/text-pieces.ts";

export type TextLook = {
  /** Gives pieces of the text; null while it is not known whether this is one, and where it is none. */
  push(bytes: Buffer): readonly TextPiece[] | null;
  /** Gives what is left of the text; null where this is none. */
  end(): readonly TextPiece[] | null;
  readonly isBinary: boolean;
};

/** So many bytes tell what a file is. */
const ENOUGH = 4096;
/** Bytes that no text has, in 256: more of them are no strays. */
const MOST_STRAYS = 24;

/** Opens the look; what is called text is one. */
export function createTextLook(isCalledText: boolean): TextLook {
  let head: Buffer[] = [];
  let size = 0;
  let isBinary = false;
  let reader: PieceReader | null = null;

  /** Gives what came so far; null where it is no text. */
  function decide(): readonly TextPiece[] | null {
    const bytes = Buffer.concat(head, size);
    head = [];
    const mark = size < 2 ? 0 : bytes.readUInt16BE(0);
    const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
    isBinary = !isCalledText && encoding === "utf-8" && !isLikeText(bytes.subarray(0, ENOUGH));
    if (isBinary) return null;
    reader = createPieceReader(encoding);
    return reader.push(bytes);
  }

  return {
    get isBinary() {
      return isBinary;
    },
    push(bytes) {
      if (isBinary) return null;
      if (reader !== null) return reader.push(bytes);
      head.push(bytes);
      size += bytes.length;
      return size < ENOUGH && !isCalledText ? null : decide();
    },
    end() {
      if (isBinary) return null;
      const first = reader === null ? decide() : [];
      return first === null || reader === null ? null : [...first, ...reader.end()];
    },
  };
}

/** Tells whether hardly any byte is one that texts do not have: control characters, and what is no UTF-8. */
function isLikeText(bytes: Buffer): boolean {
  let strays = 0;
  for (const byte of bytes)
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13) strays += 1;
  for (const character of bytes.toString("utf8")) if (character === "\uFFFD") strays += 1;
  return strays * 256 <= MOST_STRAYS * bytes.length;
}
