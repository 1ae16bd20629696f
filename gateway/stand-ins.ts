// What the gateway writes in a value's place where that has a form of its own: how it is written, and how it is known again,
// so that nothing of it is ever taken for a value.

/** How many characters of a keyed hash a stand-in carries: 80 bits. */
export const TAG_LENGTH = 16;

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/**
 * `[REDACTED:email]`, `[EMAIL_ABCDEFGHIJKLMNOP]`. A class that holds a digit, or is longer, is not known again: nothing that
 * is like a secret may hide in such brackets.
 */
const WHOLE = /\[(?:REDACTED:[a-z][a-z_.:-]{0,39}|[A-Z][A-Z_.:-]{0,39}_[A-Z2-7]{16})\]/y;
const BEGUN = /\[(?:[A-Z][A-Z2-7_.:-]*|REDACTED:[a-z_.:-]*)?$/y;
const ANYWHERE = new RegExp(WHOLE.source);
/** None that is known again is longer. */
const MOST = 1 + 40 + 1 + TAG_LENGTH + 1;

/** Writes that a value of a class stood here, and nothing of it. */
export function toRedaction(ofClass: string): string {
  return `[REDACTED:${ofClass}]`;
}

/** Writes a value's class and a part of its keyed hash. */
export function toTagged(ofClass: string, digest: Buffer): string {
  let tag = "";
  for (let i = 0; i < TAG_LENGTH; i += 1) tag += BASE32.charAt((digest[i] ?? 0) & 31);
  return `[${ofClass.toUpperCase()}_${tag}]`;
}

/** Under `.invalid` no name leads anywhere (RFC 6761). */
const MADE_DOMAIN = "@redacted.invalid";
const MADE_EMAIL =
  /^(?:[bcdfghjklmnprstv]{10}|[bcdfghjklmnprstv]{14}|[bcdfghjklmnprstv]{18})@redacted\.invalid$/;
/** What is set aside for documentation (RFC 9542): 256 addresses that no device has. */
const MADE_MAC = /^00:00:5E:00:53:[\dA-F]{2}$/;

/** A bank account as it is printed, with check digits that none has; no group begins with a digit but zero. */
const MADE_IBAN =
  /^[A-Z]{2}00(?:-[BCDFGHJ-NPR-TV0][BCDFGHJ-NPR-TV\d]{3}){2,7}(?:-[BCDFGHJ-NPR-TV0][BCDFGHJ-NPR-TV\d]{0,2})?$/;

/** Says whether a whole value is one that the gateway wrote in another's place, though its name says that it is a secret. */
export function isMade(value: string): boolean {
  return isMadeEmail(value) || isMadeMac(value) || MADE_IBAN.test(value);
}

/** Writes an address that is nobody's. */
export function toMadeEmail(local: string): string {
  return local + MADE_DOMAIN;
}

/** Says whether an address is one that the gateway wrote: nothing but such consonants can stand before it. */
export function isMadeEmail(value: string): boolean {
  return MADE_EMAIL.test(value);
}

/** Writes a hardware address that no device has. */
export function toMadeMac(last: string): string {
  return `00:00:5E:00:53:${last}`;
}

/** Says whether a hardware address is one that no device has. */
export function isMadeMac(value: string): boolean {
  return MADE_MAC.test(value);
}

/** Gives the index after a stand-in that begins at `at`; -1 where more text must tell, -2 where none begins. */
export function readStandIn(text: string, at: number, isFinal: boolean): number {
  if (text.charCodeAt(at) !== BRACKET) return -2;
  WHOLE.lastIndex = at;
  if (WHOLE.test(text)) return WHOLE.lastIndex;
  if (isFinal || text.length - at >= MOST) return -2;
  BEGUN.lastIndex = at;
  return BEGUN.test(text) ? -1 : -2;
}

/** Gives where a stand-in would begin that holds the character at `within`; -1 where none can. */
export function findStandInStart(text: string, within: number): number {
  const least = Math.max(0, within - MOST);
  let start = within;
  while (start > least && isInner(text.charCodeAt(start))) start -= 1;
  return text.charCodeAt(start) === BRACKET ? start : -1;
}

/** Gives where the stand-ins of a whole text stand. */
export function findStandIns(text: string): readonly { readonly start: number; readonly end: number }[] {
  const found: { readonly start: number; readonly end: number }[] = [];
  for (let start = text.indexOf("["); start !== -1; start = text.indexOf("[", start + 1)) {
    const end = readStandIn(text, start, true);
    if (end > start) found.push({ start, end });
  }
  return found;
}

/** Says whether a stand-in is a part of a text. */
export function holdsStandIn(text: string): boolean {
  return text.includes("[") && ANYWHERE.test(text);
}

const BRACKET = 0x5b;

/** Letters, digits, `_`, `.`, `:`, `-`. */
function isInner(c: number): boolean {
  const lower = c | 0x20;
  return (c >= 0x2d && c <= 0x3a && c !== 0x2f) || (lower >= 0x61 && lower <= 0x7a) || c === 0x5f;
}
