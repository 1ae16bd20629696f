// Reads e-mail addresses (RFC 5321, as they are written in practice).
import { isMadeEmail } from "../../stand-ins.ts";
import { isAlphanumeric, isDigit, isLetter, waitFrom } from "./look.ts";
import type { Kind, Look, Reader } from "./look.ts";

const MAX_LOCAL = 64;
const MAX_DOMAIN = 254;
/** Users of version control, which stand before an address that is none. */
const NO_PERSONS = new Set(["git", "hg", "svn", "ssh"]);
/** Files' endings, after an `@2x` or a package's scope. */
const NO_DOMAINS = new Set(
  "png jpg jpeg gif svg webp ico css scss less js mjs cjs ts tsx jsx json md py rb go rs java html htm xml yml yaml txt log map lock".split(
    " ",
  ),
);

/** Top-level domains that end nearly all addresses. */
const COMMON = new Set(
  "com org net edu gov mil int info biz eu uk de fr es it nl be ch at se no dk fi pl pt ie cz us ca br mx au nz jp cn in kr za".split(
    " ",
  ),
);

/** Makes the reader; its trigger is `@`. */
export function createEmailReader(kind: Kind): Reader {
  return (look: Look, at: number): boolean => {
    const { text } = look;
    let from = at;
    while (from > 0 && at - from < MAX_LOCAL && isLocal(text.charCodeAt(from - 1))) from -= 1;
    while (from < at && !isLocalEdge(text.charCodeAt(from))) from += 1;
    if (from === at || !isLocalEdge(text.charCodeAt(at - 1))) return true;

    let i = at + 1;
    let dots = 0;
    let to = -1;
    let label = i;
    let isEnding = false;
    while (i - at <= MAX_DOMAIN) {
      const c = i < text.length ? text.charCodeAt(i) : 0;
      if (isDomain(c)) {
        i += 1;
        continue;
      }
      if (i >= text.length && !look.isFinal) return waitFrom(look, from);
      if (i === label) break;
      if (dots > 0 && isTopLevel(text, label, i)) {
        const name = text.slice(label, i).toLowerCase();
        // A file that is named after an address.
        if (!isEnding || !NO_DOMAINS.has(name)) to = i;
        isEnding = COMMON.has(name);
      }
      if (c !== 0x2e) break;
      dots += 1;
      i += 1;
      label = i;
    }
    if (to === -1) return true;
    if (NO_DOMAINS.has(text.slice(text.lastIndexOf(".", to - 1) + 1, to).toLowerCase())) return true;
    if (NO_PERSONS.has(text.slice(from, at).toLowerCase())) return true;
    if (isCredential(text, from)) return true;
    if (isMadeEmail(text.slice(from, to))) return true;
    look.add(kind, from, to);
    return true;
  };
}

/** Letters of scripts in which addresses are written. */
function isForeignLetter(c: number): boolean {
  return c >= 0xc0 && c < 0x530 && c !== 0xd7 && c !== 0xf7;
}

function isLocal(c: number): boolean {
  return isLocalEdge(c) || c === 0x2e || c === 0x27;
}

function isLocalEdge(c: number): boolean {
  return (
    isAlphanumeric(c) ||
    c === 0x5f ||
    c === 0x2b ||
    c === 0x2d ||
    c === 0x25 ||
    c === 0x26 ||
    isForeignLetter(c)
  );
}

function isDomain(c: number): boolean {
  return isAlphanumeric(c) || c === 0x2d || isForeignLetter(c);
}

function isTopLevel(text: string, from: number, to: number): boolean {
  const length = to - from;
  if (length < 2 || length > 24) return false;
  for (let i = from; i < to; i += 1) {
    const c = text.charCodeAt(i);
    if (!isLetter(c) && !isForeignLetter(c) && !(text.startsWith("xn--", from) && (isDigit(c) || c === 0x2d)))
      return false;
  }
  return true;
}

/** `user:password@host` of a URL is a credential; `read-url.ts` sees to it. */
function isCredential(text: string, from: number): boolean {
  if (from === 0) return false;
  const before = text[from - 1];
  if (before !== ":" && before !== "/") return false;
  const start = text.lastIndexOf("://", from);
  return start !== -1 && from - start <= 80 && !/[/?#\s]/.test(text.slice(start + 3, from));
}
