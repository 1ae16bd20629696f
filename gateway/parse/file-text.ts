// Reads the text of a file that stands in a request as base64, so that it is looked at like every other text.

/** Bytes of one item's files that are decoded. */
export const MOST_FILE_BYTES = 8 * 1024 * 1024;

/** What a file is: a text, a text that is over the limit, or nothing that can be read as one. */
export type FileText = { readonly text: string; readonly bytes: number } | "too_large" | null;

const HEAD = /^data:([^;,]*)(?:;[^;,]*)*;base64$/i;
/** Types whose content is text whatever its bytes are; a data URL without a type is `text/plain`. */
const TEXT_TYPE =
  /^(?:text\/.*|application\/(?:json|xml|yaml|x-yaml|javascript|sql|x-sh)|.*\+(?:json|xml)|)$/i;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const LONGEST_HEAD = 600;
/** Characters that tell whether a file over the limit is a text: three bytes for each four. */
const PROBE = 4096;

/**
 * Gives the text of a data URL, or of base64 alone. What is called text is read leniently, so that a stray byte hides
 * nothing; what is called anything else, or nothing, is text only where it is valid UTF-8, or UTF-16 by its mark.
 */
export function readFileText(value: string, most: number): FileText {
  const comma = value.slice(0, LONGEST_HEAD).indexOf(",");
  const type = comma === -1 ? null : (HEAD.exec(value.slice(0, comma))?.[1] ?? null);
  if (type === null && comma !== -1) return null;
  const written = value.slice(comma + 1);
  const isText = type !== null && TEXT_TYPE.test(type);
  // Pictures are told by their first bytes.
  if (!isText && decode(Buffer.from(withoutSpace(written.slice(0, PROBE)), "base64"), true) === null)
    return null;
  const payload = withoutSpace(written);
  if (!BASE64.test(payload)) return null;
  const padding = payload.endsWith("==") ? 2 : payload.endsWith("=") ? 1 : 0;
  if (Math.floor(((payload.length - padding) * 3) / 4) > most) {
    return "too_large";
  }
  const bytes = Buffer.from(payload, "base64");
  const text = decode(bytes, false) ?? (isText ? readLeniently(bytes) : null);
  return text === null ? null : { text, bytes: bytes.length };
}

function withoutSpace(written: string): string {
  return /\s/.test(written) ? written.replaceAll(/\s+/g, "") : written;
}

/** Gives the text of bytes that can be nothing else; `isCut` says that they may end inside a character. */
function decode(bytes: Buffer, isCut: boolean): string | null {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : "utf-8";
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: isCut });
    return text.includes("\0") ? null : text;
  } catch {
    // Not this encoding: nothing that is surely a text.
    return null;
  }
}

/** Keeps the ASCII of any encoding legible; in UTF-16 without a mark, zeros stand between the letters. */
function readLeniently(bytes: Buffer): string {
  return bytes.toString("utf8").replaceAll("\0", "");
}
