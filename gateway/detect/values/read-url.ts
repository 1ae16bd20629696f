// Reads the password of a connection string: `scheme://user:password@host` (RFC 3986 §3.2.1).
import { isWord, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";

const MAX_USER_INFO = 320;
const LEAST_PASSWORD = 3;

/** Makes the reader; its trigger is `://`. */
export function createUrlReader(kind: Kind, isNone: (value: string) => boolean): Reader {
  return (look: Look, start: number, end: number): boolean => {
    const { text } = look;
    if (start === 0 || !isWord(text.charCodeAt(start - 1))) return true;
    let colon = -1;
    let at = -1;
    let i = end;
    for (; i < text.length && i - end < MAX_USER_INFO; i += 1) {
      const c = text.charCodeAt(i);
      if (c === 0x40) at = i;
      else if (c === 0x3a && colon === -1) colon = i;
      else if (endsAuthority(c)) break;
    }
    const isOpen = i >= text.length && !look.isFinal;
    // Before the colon stands the user's name, or a host: neither is held.
    if (isOpen) return waitFrom(look, colon === -1 ? text.length : colon + 1);
    if (at === -1 || colon === -1 || colon > at || at - colon - 1 < LEAST_PASSWORD) return true;
    const password = text.slice(colon + 1, at);
    if (!isNone(password)) look.add(kind, colon + 1, at);
    return true;
  };
}

/** White space, quotes, brackets, and what begins a path, a query or a fragment. */
function endsAuthority(c: number): boolean {
  return (
    c <= 0x20 ||
    c === 0x22 ||
    c === 0x27 ||
    c === 0x60 ||
    c === 0x3c ||
    c === 0x3e ||
    c === 0x2f ||
    c === 0x5c
  );
}
