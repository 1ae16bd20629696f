// Finds its way through JSON that lies in bytes, without making anything of it.

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const BACKSLASH = 0x5c;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;

/** Instead of a position: what was looked for has no end. */
export const NOWHERE = -1;

/** Gives where a text that begins with a quotation mark ends. */
export function skipText(bytes: Uint8Array, start: number, length: number): number {
  for (let at = start + 1; at < length; at += 1) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  return NOWHERE;
}

/** Gives where a value ends. */
export function skipValue(bytes: Uint8Array, start: number, length: number): number {
  let depth = 0;
  let at = start;
  while (at < length && at !== NOWHERE) {
    switch (bytes[at]) {
      case undefined:
        return NOWHERE;
      case QUOTE:
        at = skipText(bytes, at, length);
        if (depth === 0) return at;
        break;
      case OPEN_OBJECT:
      case OPEN_LIST:
        depth += 1;
        at += 1;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        // The end of what it stands in.
        if (depth === 0) return at;
        depth -= 1;
        at += 1;
        if (depth === 0) return at;
        break;
      case COMMA:
        if (depth === 0) return at;
        at += 1;
        break;
      default:
        at += 1;
    }
  }
  return NOWHERE;
}
