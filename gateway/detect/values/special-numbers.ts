// Numbers that are read by code of their own: payment cards, IBANs, addresses of networks, dates of birth, coins.
import { brandOf } from "./cards.ts";
import { ibanLength, isIban } from "./iban.ts";
import { isAlphanumeric, isDigit, isLetter } from "./look.ts";
import { isSeparator, toCompact } from "./number-format.ts";
import { phoneStart, phoneWords, readPhone } from "./phones.ts";
import { readIpv4 } from "./read-network.ts";
import { readEnd, type SpecialNumber } from "./read-number.ts";
import type { Kind, Look } from "./look.ts";
import type { Words } from "./words.ts";

const MAX_CARD = 19;
const LEAST_CARD = 12;
/** So many digits tell the issuer. */
const CARD_HEAD = 6;
const CARD_WORDS = ["card", "visa", "mastercard", "pan", "karte", "carte", "tarjeta", "cartão", "kaart"];

/** Payment cards (ISO/IEC 7812): 12 to 19 digits, in groups or not. */
export function createCardNumber(kind: Kind, words: Words): SpecialNumber {
  const near = words.toGroup(CARD_WORDS);
  const read = (look: Look, from: number): number => {
    const { text, isFinal } = look;
    // No scheme's numbers begin with a zero.
    if (text.charCodeAt(from) === 0x30) return -2;
    let count = 0;
    let head = 0;
    // The sums of the formula of Luhn, for an even and for an odd count of digits.
    let even = 0;
    let odd = 0;
    let i = from;
    let separator = 0;
    for (;;) {
      const first = i;
      while (i < text.length && isDigit(text.charCodeAt(i)) && count <= MAX_CARD) {
        const digit = text.charCodeAt(i) - 0x30;
        const double = digit > 4 ? digit * 2 - 9 : digit * 2;
        even += count % 2 === 0 ? double : digit;
        odd += count % 2 === 0 ? digit : double;
        if (count < CARD_HEAD) head = head * 10 + digit;
        count += 1;
        i += 1;
      }
      if (count > MAX_CARD) return -2;
      if (i >= text.length && !isFinal) return -1;
      if (i - first < 2) return -2;
      if (count >= LEAST_CARD) {
        const end = readEnd(text, i, isFinal);
        if (end === -1) return -1;
        const hasCheckDigit = (count % 2 === 0 ? even : odd) % 10 === 0;
        if (end >= 0 && brandOf(head, count, hasCheckDigit, look.hasWord(near, from)) !== null) return end;
      }
      const c = i < text.length ? text.charCodeAt(i) : 0;
      // Code parts the digits of a number by `_`.
      if ((!isSeparator(c) && c !== 0x5f) || (separator !== 0 && c !== separator)) return -2;
      separator = c;
      i += c === 0x20 && text.charCodeAt(i + 1) === 0x20 ? 2 : 1;
      if (i >= text.length) return isFinal ? -2 : -1;
      if (!isDigit(text.charCodeAt(i))) return -2;
    }
  };
  return { kind, read, weight: 3, letters: 0, leastRun: 3, mostRun: MAX_CARD, near: null };
}

/** International bank account numbers (ISO 13616), with blanks or dashes between groups or not. */
export function createIban(kind: Kind): SpecialNumber {
  const read = (look: Look, from: number): number => {
    const { text, isFinal } = look;
    const length = ibanLength(text.slice(from, from + 2).toUpperCase());
    if (length === null) return -2;
    let count = 2;
    let i = from + 2;
    while (count < length) {
      if (i >= text.length) return isFinal ? -2 : -1;
      const c = text.charCodeAt(i);
      if (isAlphanumeric(c)) count += 1;
      else if ((c !== 0x20 && c !== 0x2d) || !isAlphanumeric(text.charCodeAt(i - 1))) return -2;
      i += 1;
    }
    const end = readEnd(text, i, isFinal);
    if (end < 0) return end;
    return isIban(toCompact(text, from, i)) ? end : -2;
  };
  return { kind, read, weight: 4, letters: 2, leastRun: 2, mostRun: 30, near: null };
}

/** Telephone numbers: set off by a mark or by how they are written, or beside a word that says what they are. */
export function createPhones(kind: Kind, words: Words): SpecialNumber[] {
  const near = words.toGroup(phoneWords);
  const common = { kind, letters: 0, leastRun: 1, mostRun: 15, start: phoneStart };
  const read = (look: Look, from: number): number =>
    mayBePhone(look.text, from) ? readPhone(look.text, from, look.isFinal, false) : -2;
  const readNamed = (look: Look, from: number): number => readPhone(look.text, from, look.isFinal, true);
  return [
    { ...common, near: null, weight: 1.5, read },
    { ...common, near, weight: 4.5, read: readNamed },
  ];
}

/** Without a word beside it a number has a mark before it, begins with a zero, or has groups as in North America. */
function mayBePhone(text: string, from: number): boolean {
  const c = text.charCodeAt(from);
  const before = from > 0 ? text.charCodeAt(from - 1) : 0;
  if (before === 0x2b || c === 0x30) return true;
  let i = from;
  if (c === 0x31 && !isDigit(text.charCodeAt(from + 1)))
    i = before === 0x28 ? skipMarks(text, from + 1) : i + 2;
  return isGroup(text, i, 3) && isGroup(text, skipMarks(text, i + 3), 3);
}

/** Says whether so many digits and no more stand at an index; what the text does not reach may still come. */
function isGroup(text: string, at: number, length: number): boolean {
  const from = text.charCodeAt(at) === 0x28 ? at + 1 : at;
  for (let i = from; i < from + length; i += 1) {
    if (i >= text.length) return true;
    if (!isDigit(text.charCodeAt(i))) return false;
  }
  return !isDigit(text.charCodeAt(from + length));
}

function skipMarks(text: string, at: number): number {
  let i = at;
  while (i < at + 3 && i < text.length && !isDigit(text.charCodeAt(i))) i += 1;
  return i;
}

const VERSION_WORDS = ["version", "release", "ver.", "v."];
/** Addresses that name nobody: this host, all hosts, and masks. */
const NOBODYS = /^(?:0\.|127\.|255\.)/;

/** IPv4 addresses. */
export function createIpv4(kind: Kind, words: Words): SpecialNumber {
  const near = words.toGroup(VERSION_WORDS);
  const read = (look: Look, from: number): number => {
    const end = readIpv4(look.text, from, look.isFinal);
    if (end < 0) return end;
    return NOBODYS.test(look.text.slice(from, end)) || look.hasWord(near, from) ? -2 : end;
  };
  return { kind, read, weight: 2.5, letters: 0, leastRun: 1, mostRun: 3, near: null };
}

const BIRTH_WORDS = [
  "born",
  "birth",
  "dob",
  "d.o.b",
  "geboren",
  "geburt",
  "naissance",
  "né le",
  "née le",
  "nacimiento",
  "nacido",
  "nascita",
  "nascimento",
  "geboorte",
  "urodz",
  "födelse",
  "fødsels",
  "syntymä",
  "出生",
  "生年月日",
  "생년월일",
  "рожд",
];
const MAX_DATE = 24;
const LEAST_MONTH = 3;
const MAX_MONTH = 9;

/** Dates of birth: a date of day, month and year after a word that says so. */
export function createBirthDate(kind: Kind, words: Words): SpecialNumber {
  const near = words.toGroup(BIRTH_WORDS);
  const read = (look: Look, from: number): number => {
    const { text, isFinal } = look;
    if (text.length < from + MAX_DATE && !isFinal) return -1;
    const to = readDate(text, from);
    return to === -2 ? -2 : readEnd(text, to, isFinal);
  };
  return { kind, read, weight: 6, letters: 0, leastRun: 1, mostRun: 4, near };
}

/** Gives the index after a date as `1981-05-12`, `12/05/1981` or `12th of May, 1981`; -2 where there is none. */
function readDate(text: string, from: number): number {
  const first = skipDigits(text, from, 4);
  if (!isDateSeparator(text.charCodeAt(first)))
    return first - from > 2 ? -2 : readYear(text, skipMonthName(text, first));
  const second = skipDigits(text, first + 1, 2);
  if (second === first + 1 || !isDateSeparator(text.charCodeAt(second))) return -2;
  if (first - from < 3) return readYear(text, second + 1);
  const to = skipDigits(text, second + 1, 2);
  return first - from === 3 || to === second + 1 ? -2 : to;
}

/** Passes over the end of an ordinal, `of`, a month's name and a blank; -2 where they do not stand there. */
function skipMonthName(text: string, at: number): number {
  let i = text.charCodeAt(at) === BLANK ? at : at + 2;
  if (i > at && !ORDINALS.has(text.slice(at, i))) return -2;
  if (text.charCodeAt(i) !== BLANK) return -2;
  i += 1;
  if (text.startsWith("of ", i)) i += 3;
  const name = i;
  while (i - name < MAX_MONTH && isLetter(text.charCodeAt(i))) i += 1;
  if (i - name < LEAST_MONTH) return -2;
  if (text.charCodeAt(i) === 0x2c) i += 1;
  return text.charCodeAt(i) === BLANK ? i + 1 : -2;
}

/** Gives the index after a year of the 20th or 21st century; -2 where there is none. */
function readYear(text: string, at: number): number {
  if (at < 0 || (!text.startsWith("19", at) && !text.startsWith("20", at))) return -2;
  return skipDigits(text, at + 2, 2) === at + 4 ? at + 4 : -2;
}

const ORDINALS = new Set(["st", "nd", "rd", "th"]);
const BLANK = 0x20;

function isDateSeparator(c: number): boolean {
  return c === 0x2d || c === 0x2e || c === 0x2f;
}

function skipDigits(text: string, from: number, most: number): number {
  let i = from;
  while (i < from + most && isDigit(text.charCodeAt(i))) i += 1;
  return i;
}
