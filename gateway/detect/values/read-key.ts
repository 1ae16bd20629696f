// Reads secrets that may be of any length: private keys (RFC 7468, also cut off) and JSON Web Tokens (RFC 7519).
import { isAlphanumeric, isWord, waitFrom } from "./look.ts";
import type { Kind, Look, Reader, Swallow } from "./look.ts";

const MAX_LABEL = 64;
/** A key's body has at least so many characters; documentation shows headers alone. */
const LEAST_BODY = 16;
const LEAST_JWT_PART = 8;
const MAX_JWT_HEADER = 2048;

/** Makes the reader of private keys; its trigger is `-----begin`. */
export function createPrivateKeyReader(kind: Kind): Reader {
  return (look: Look, start: number, end: number): boolean => {
    const { text } = look;
    const stop = Math.min(text.length, end + MAX_LABEL);
    let i = end;
    while (i < stop && text.charCodeAt(i) !== 0x2d) i += 1;
    if (i >= stop) return stop < end + MAX_LABEL && !look.isFinal ? waitFrom(look, start) : true;
    if (!/private key/i.test(text.slice(end, i))) return true;
    let body = 0;
    for (let k = i; body < LEAST_BODY; k += 1) {
      if (k >= text.length) return look.isFinal ? true : waitFrom(look, start);
      const c = text.charCodeAt(k);
      if (!isOfBody(c)) return true;
      if (isAlphanumeric(c)) body += 1;
    }
    look.swallow(kind, start, i, new KeyBody());
    return true;
  };
}

/** Takes dashes, the body and the line that ends it; a key that was cut off ends at the first foreign character. */
class KeyBody implements Swallow {
  isOver = false;
  #dashes = 0;
  #letters = 0;
  #tail = -1;

  take(text: string, from: number): number {
    let i = from;
    for (; i < text.length; i += 1) {
      const c = text.charCodeAt(i);
      if (!isOfBody(c)) {
        this.isOver = true;
        return i;
      }
      if (this.#tail >= 0) {
        this.#tail += 1;
        this.#dashes = c === 0x2d ? this.#dashes + 1 : 0;
        if (this.#dashes === 5 || this.#tail > MAX_LABEL) {
          this.isOver = true;
          return i + 1;
        }
      } else if (c === 0x2d) {
        this.#dashes += 1;
        this.#letters = 0;
      } else if (this.#dashes >= 5 && "END".charCodeAt(this.#letters) === (c & 0xdf)) {
        this.#letters += 1;
        if (this.#letters === 3) {
          this.#tail = 0;
          this.#dashes = 0;
        }
      } else {
        this.#dashes = 0;
        this.#letters = 0;
      }
    }
    return i;
  }
}

/** Base64, its line ends, and the headers of an encrypted key. */
function isOfBody(c: number): boolean {
  return (
    isAlphanumeric(c) ||
    c === 0x2b ||
    c === 0x2f ||
    c === 0x3d ||
    c === 0x2d ||
    c === 0x3a ||
    c === 0x2c ||
    c === 0x20 ||
    (c >= 0x09 && c <= 0x0d)
  );
}

/** Makes the reader of JSON Web Tokens, also wrapped over lines; its trigger is `eyj`. */
export function createJwtReader(kind: Kind): Reader {
  return (look: Look, start: number): boolean => {
    const { text } = look;
    if (!text.startsWith("eyJ", start)) return true;
    if (start > 0 && isOfJwt(text.charCodeAt(start - 1))) return true;
    let i = start;
    const lines = new Lines(start - toLineStart(text, start));
    while (i < text.length && i - start < MAX_JWT_HEADER) {
      const c = text.charCodeAt(i);
      if (!isOfJwt(c) && !(i - start >= LEAST_WRAPPED && lines.mayWrap(c))) break;
      lines.take(c);
      i += 1;
    }
    if (i >= text.length && !look.isFinal) return waitFrom(look, start);
    if (i - start < LEAST_JWT_PART || text[i] !== ".") return true;
    lines.take(0x2e);
    const first = i + 1;
    for (i = first; i < text.length && i - first < LEAST_JWT_PART; i += 1) {
      const c = text.charCodeAt(i);
      if (!isOfJwt(c) && !lines.mayWrap(c)) break;
      lines.take(c);
    }
    if (i >= text.length && !look.isFinal) return waitFrom(look, start);
    // What is wrapped before its first full stop says more clearly what it is.
    if (i - first < LEAST_JWT_PART) return true;
    if (lines.isWrapped && !/^[\r\n]*e[\r\n]*y[\r\n]*J/.test(text.slice(first, i))) return true;
    look.swallow(kind, start, i, new JwtRest(lines));
    return true;
  };
}

/** A token is wrapped after so many characters at the least. */
const LEAST_WRAPPED = 16;
const MAX_COLUMN = 160;

function toLineStart(text: string, at: number): number {
  const least = Math.max(0, at - MAX_COLUMN);
  let i = at;
  while (i > least && text.charCodeAt(i - 1) !== 0x0a) i -= 1;
  return i;
}

/** Follows a text that is wrapped: all of its lines but the last are as long as the first. */
class Lines {
  #column: number;
  #width = -1;

  constructor(column: number) {
    this.#column = column;
  }

  get isWrapped(): boolean {
    return this.#width !== -1;
  }

  /** Says whether a line may end with this character here. */
  mayWrap(c: number): boolean {
    if (c === 0x0d) return this.#width === -1 || this.#column === this.#width;
    return c === 0x0a && (this.#width === -1 || this.#column === this.#width);
  }

  take(c: number): void {
    if (c === 0x0a) {
      this.#width = this.#column;
      this.#column = 0;
    } else if (c !== 0x0d) this.#column += 1;
  }
}

class JwtRest implements Swallow {
  isOver = false;
  readonly #lines: Lines;
  #dots = 0;

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  take(text: string, from: number): number {
    let i = from;
    for (; i < text.length; i += 1) {
      const c = text.charCodeAt(i);
      if (c === 0x2e && this.#dots < 1) this.#dots += 1;
      else if (!isOfJwt(c) && c !== 0x3d && !this.#mayWrap(c)) {
        this.isOver = true;
        return i;
      }
      this.#lines.take(c);
    }
    return i;
  }

  /** The signature may be a token's last line: it goes on in the next one only where lines were wrapped before. */
  #mayWrap(c: number): boolean {
    return (this.#dots === 0 || this.#lines.isWrapped) && this.#lines.mayWrap(c);
  }
}

function isOfJwt(c: number): boolean {
  return isWord(c) || c === 0x2d;
}
