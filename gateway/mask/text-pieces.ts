// Cuts the bytes of a text into pieces that hold whole characters, each with the text that it is.
import { isUtf8 } from "node:buffer";

/** A piece of a text. */
export type TextPiece = {
  readonly bytes: Buffer;
  readonly text: string;
  /** Whether its bytes are its text in its encoding and nothing else; what is not cannot be written anew. */
  readonly isExact: boolean;
  /** Gives what stands in its place as bytes of its encoding. */
  readonly encode: (text: string) => Buffer;
};

/** Takes bytes, however they are cut, and gives pieces that together are the same bytes. */
export type PieceReader = {
  push(bytes: Buffer): readonly TextPiece[];
  end(): readonly TextPiece[];
};

type Encoding = {
  readonly mark: Buffer;
  /** Counts the bytes at the beginning that end a character which began before. */
  readonly countStray: (bytes: Buffer) => number;
  /** Counts the bytes at the end that begin a character which goes on. */
  readonly countOpen: (bytes: Buffer) => number;
  readonly decode: (bytes: Buffer) => { readonly text: string; readonly isExact: boolean };
  readonly encode: (text: string) => Buffer;
};

const UTF_8: Encoding = {
  mark: Buffer.from([0xef, 0xbb, 0xbf]),
  countStray(bytes) {
    let count = 0;
    while (count < 3 && ((bytes[count] ?? 0) & 0xc0) === 0x80) count += 1;
    return count;
  },
  countOpen(bytes) {
    for (let count = 1; count <= 3 && count <= bytes.length; count += 1) {
      const byte = bytes[bytes.length - count] ?? 0;
      if ((byte & 0xc0) === 0x80) continue;
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      return size > count ? count : 0;
    }
    return 0;
  },
  decode: (bytes) => ({ text: bytes.toString("utf8"), isExact: isUtf8(bytes) && !bytes.includes(0) }),
  encode: (text) => Buffer.from(text),
};

function createUtf16(isLittle: boolean): Encoding {
  /** Both ways the same: bytes of the other order. */
  const swap = (bytes: Buffer): Buffer => (isLittle ? bytes : Buffer.from(bytes).swap16());
  const encode = (text: string): Buffer => swap(Buffer.from(text, "utf16le"));
  return {
    mark: encode("\uFEFF"),
    countStray: () => 0,
    countOpen(bytes) {
      const odd = bytes.length % 2;
      const last = bytes.length - odd - (isLittle ? 1 : 2);
      return odd + (((bytes[last] ?? 0) & 0xfc) === 0xd8 ? 2 : 0);
    },
    decode(bytes) {
      const whole = bytes.subarray(0, bytes.length - (bytes.length % 2));
      const text = swap(whole).toString("utf16le");
      const isExact = whole.length === bytes.length && text.isWellFormed() && !text.includes("\0");
      return { text, isExact };
    },
    encode,
  };
}

const ENCODINGS = { "utf-8": UTF_8, "utf-16le": createUtf16(true), "utf-16be": createUtf16(false) } as const;
const NOTHING = Buffer.alloc(0);

/** Opens a reader. Text is read leniently: bytes that stray in it hide nothing, and no zero stands between letters. */
export function createPieceReader(name: keyof typeof ENCODINGS): PieceReader {
  const { mark, countStray, countOpen, decode, encode }: Encoding = ENCODINGS[name];
  let held: Buffer = NOTHING;
  let isBegun = false;

  function toPiece(bytes: Buffer): TextPiece {
    const { text, isExact } = decode(bytes);
    return { bytes, text: isExact ? text : withoutZeros(text), isExact, encode };
  }

  function read(bytes: Buffer, isLast: boolean): readonly TextPiece[] {
    const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const pieces: TextPiece[] = [];
    let from = 0;
    if (!isBegun && (all.length >= mark.length || isLast)) {
      isBegun = true;
      if (all.subarray(0, mark.length).equals(mark)) {
        from = mark.length;
        pieces.push({ bytes: all.subarray(0, from), text: "", isExact: true, encode });
      } else if (countStray(all) > 0) {
        from = countStray(all);
        pieces.push(toPiece(all.subarray(0, from)));
      }
    }
    const to = isLast ? all.length : isBegun ? Math.max(from, all.length - countOpen(all)) : 0;
    held = all.subarray(to);
    if (to > from) pieces.push(toPiece(all.subarray(from, to)));
    return pieces;
  }

  return { push: (bytes) => read(bytes, false), end: () => read(NOTHING, true) };
}

function withoutZeros(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "") : text;
}
