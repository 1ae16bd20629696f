// Cuts the bytes of a text into pieces that hold whole characters, each with the text that it is.
import { isUtf8 } from "node:buffer";

/** A piece of a text. */
export type TextPiece = {
  readonly bytes: Buffer;
  readonly text: string;
  /** Whether its bytes are its text in UTF-8 and nothing else; what is not cannot be written anew. */
  readonly isExact: boolean;
};

/** Takes bytes, however they are cut, and gives pieces that together are the same bytes. */
export type PieceReader = {
  push(bytes: Buffer): readonly TextPiece[];
  end(): readonly TextPiece[];
};

const MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const NOTHING = Buffer.alloc(0);

/** Opens a reader. Text is read leniently: bytes that stray in it hide nothing, and no zero stands between letters. */
export function createPieceReader(encoding: "utf-8" | "utf-16le" | "utf-16be"): PieceReader {
  return encoding === "utf-8" ? createUtf8Reader() : createUtf16Reader(encoding);
}

function createUtf16Reader(encoding: "utf-16le" | "utf-16be"): PieceReader {
  const decoder = new TextDecoder(encoding);
  const read = (bytes: Buffer, isLast: boolean): readonly TextPiece[] => [
    { bytes, text: withoutZeros(decoder.decode(bytes, { stream: !isLast })), isExact: false },
  ];
  return { push: (bytes) => read(bytes, false), end: () => read(NOTHING, true) };
}

function createUtf8Reader(): PieceReader {
  let held: Buffer = NOTHING;
  let isBegun = false;

  function read(bytes: Buffer, isLast: boolean): readonly TextPiece[] {
    const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const pieces: TextPiece[] = [];
    let from = 0;
    if (!isBegun && (all.length >= MARK.length || isLast)) {
      isBegun = true;
      if (all.subarray(0, MARK.length).equals(MARK)) {
        from = MARK.length;
        pieces.push({ bytes: all.subarray(0, from), text: "", isExact: true });
      }
    }
    const to = isLast ? all.length : isBegun ? Math.max(from, all.length - countOpen(all)) : 0;
    held = all.subarray(to);
    if (to > from) pieces.push(toPiece(all.subarray(from, to)));
    return pieces;
  }

  return { push: (bytes) => read(bytes, false), end: () => read(NOTHING, true) };
}

function toPiece(bytes: Buffer): TextPiece {
  const text = bytes.toString("utf8");
  const isExact = isUtf8(bytes) && !bytes.includes(0);
  return { bytes, text: isExact ? text : withoutZeros(text), isExact };
}

/** Bytes at the end that begin a character which goes on. */
function countOpen(bytes: Buffer): number {
  for (let count = 1; count <= 3 && count <= bytes.length; count += 1) {
    const byte = bytes[bytes.length - count] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > count ? count : 0;
  }
  return 0;
}

function withoutZeros(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
}
