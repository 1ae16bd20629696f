// Reads secrets that a word alone sets off: what `curl -u` and its kin are given, and the token after `Bearer`.
import { toEntropy } from "./entropy.ts";
import { isAlphanumeric, isDigit, isLetter, isWord, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";

const MAX_USER = 64;
const MAX_PASSWORD = 256;
const LEAST_PASSWORD = 3;
/** A password of a command that is not known is at least so long, and holds letters and digits. */
const LEAST_STRONG = 8;
const MAX_GAP = 6;
/** So much before the option is searched for the command's name; no more is kept. */
const MAX_COMMAND = 160;
const COMMAND = /(?:^|[^\w-])(?:curl|wget|httpie|https?|xh)(?:\.exe)?["',\s]/;

/** Makes the reader of `-u name:password`, `--user` and `--proxy-user`; its trigger is `-u`. */
export function createUserReader(kind: Kind, isNone: (value: string) => boolean): Reader {
  return (look: Look, start: number, end: number): boolean => {
    const { text } = look;
    const isLong = /--(?:proxy-)?$/.test(text.slice(Math.max(0, start - 7), start + 1));
    const before = start === 0 ? 0x20 : text.charCodeAt(start - 1);
    if (!isLong && before > 0x20 && before !== 0x22 && before !== 0x27) return true;
    let i = end;
    if (isLong) {
      if (!look.isFinal && text.length < end + 3) return waitFrom(look, end);
      if (text.slice(end, end + 3) !== "ser") return true;
      i += 3;
    }
    const gap = i;
    while (i < text.length && i - gap < MAX_GAP && isGap(text.charCodeAt(i))) i += 1;
    if (i === gap && i < text.length) return true;
    const name = i;
    while (i < text.length && i - name < MAX_USER && isOfName(text.charCodeAt(i))) i += 1;
    // A name is no secret: nothing of it is held.
    if (i >= text.length) return look.isFinal ? true : waitFrom(look, text.length);
    if (i === name || text[i] !== ":") return true;
    const from = i + 1;
    const quote = text.charCodeAt(name - 1);
    const isQuoted = quote === 0x22 || quote === 0x27;
    i = from;
    while (
      i < text.length &&
      i - from <= MAX_PASSWORD &&
      !endsPassword(text.charCodeAt(i), isQuoted ? quote : 0)
    )
      i += 1;
    if (i >= text.length && !look.isFinal) return waitFrom(look, from);
    const password = text.slice(from, i);
    if (i - from < LEAST_PASSWORD || i - from > MAX_PASSWORD || password.startsWith("//")) return true;
    const isKnown = COMMAND.test(text.slice(Math.max(0, start - MAX_COMMAND), start));
    if ((isKnown || isStrong(password)) && !isNone(password)) look.add(kind, from, i);
    return true;
  };
}

function isStrong(password: string): boolean {
  return password.length >= LEAST_STRONG && /\d/.test(password) && /[A-Za-z]/.test(password);
}

/** Blanks, `=`, quotation marks, and the comma between two arguments of a list. */
function isGap(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x3d || c === 0x22 || c === 0x27 || c === 0x2c;
}

/** What a user's name is written with: no blank, quotation mark, colon or bracket. */
function isOfName(c: number): boolean {
  return (
    isWord(c) || c === 0x2e || c === 0x2d || c === 0x40 || c === 0x25 || c === 0x2b || c === 0x24 || c >= 0xc0
  );
}

function endsPassword(c: number, quote: number): boolean {
  if (quote !== 0) return c === quote || c === 0x0a || c === 0x0d;
  return (
    c <= 0x20 ||
    c === 0x22 ||
    c === 0x27 ||
    c === 0x60 ||
    c === 0x3b ||
    c === 0x7c ||
    c === 0x3c ||
    c === 0x3e
  );
}

const LEAST_TOKEN = 16;
const MAX_TOKEN = 4096;
const LEAST_ENTROPY = 3.3;

/** Makes the reader of the token after `Bearer` and a blank (RFC 6750); its trigger is `bearer`. */
export function createBearerReader(kind: Kind, isNone: (value: string) => boolean): Reader {
  return (look: Look, start: number, end: number): boolean => {
    const { text } = look;
    if (start > 0 && isAlphanumeric(text.charCodeAt(start - 1))) return true;
    if (end >= text.length) return look.isFinal ? true : waitFrom(look, end);
    if (text[end] !== " ") return true;
    const from = end + 1;
    let i = from;
    let hasDigit = false;
    let hasLetter = false;
    for (; i < text.length && i - from < MAX_TOKEN; i += 1) {
      const c = text.charCodeAt(i);
      if (isDigit(c)) hasDigit = true;
      else if (isLetter(c)) hasLetter = true;
      else if (!isOfToken(c)) break;
    }
    if (i >= text.length && i - from < MAX_TOKEN && !look.isFinal) return waitFrom(look, from);
    if (i - from < LEAST_TOKEN || !hasDigit || !hasLetter) return true;
    const token = text.slice(from, i);
    if (toEntropy(token) >= LEAST_ENTROPY && !isNone(token)) look.add(kind, from, i);
    return true;
  };
}

/** `-`, `.`, `_`, `~`, `+`, `/`, `=`. */
function isOfToken(c: number): boolean {
  return (c >= 0x2d && c <= 0x2f) || c === 0x5f || c === 0x7e || c === 0x2b || c === 0x3d;
}
