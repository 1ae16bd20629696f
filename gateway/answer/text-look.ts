// Looks at a file that comes in pieces: is it a text? Where it is, its bytes become text, whatever strays in them.

export type TextLook = {
  /** Gives the piece's text; null while it is not known whether this is one, and where it is none. */
  push(bytes: Buffer): string | null;
  /** Gives what is left of the text; null where this is none. */
  end(): string | null;
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
  let decoder: InstanceType<typeof TextDecoder> | null = null;

  function decide(): void {
    const bytes = Buffer.concat(head, size);
    const mark = size < 2 ? 0 : bytes.readUInt16BE(0);
    const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
    isBinary = !isCalledText && encoding === "utf-8" && !isLikeText(bytes.subarray(0, ENOUGH));
    if (!isBinary) decoder = new TextDecoder(encoding);
    head = isBinary ? [] : [bytes];
  }

  function take(bytes: Buffer, isLast: boolean): string {
    const text = decoder?.decode(bytes, { stream: !isLast }) ?? "";
    return text.includes("\0") ? text.replaceAll("\0", "") : text;
  }

  return {
    get isBinary() {
      return isBinary;
    },
    push(bytes) {
      if (isBinary) return null;
      if (decoder !== null) return take(bytes, false);
      head.push(bytes);
      size += bytes.length;
      if (size < ENOUGH && !isCalledText) return null;
      decide();
      const [all = bytes] = head;
      head = [];
      return isBinary ? null : take(all, false);
    },
    end() {
      if (isBinary) return null;
      if (decoder !== null) return take(Buffer.alloc(0), true);
      decide();
      return isBinary ? null : take(head[0] ?? Buffer.alloc(0), true);
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
