// Numbers that are read by code of their own: payment cards, IBANs, addresses of networks, dates of birth, coins.
import { cardBrand } from "./cards.ts";
import { ibanLength, isIban } from "./iban.ts";
import { isAlphanumeric, isDigit } from "./look.ts";
import { isSeparator, toCompact } from "./number-format.ts";
import { phoneStart, phoneWords, readPhone } from "./phones.ts";
import { readIpv4 } from "./read-network.ts";
import { readEnd, type SpecialNumber } from "./read-number.ts";
import type { Kind, Look } from "./look.ts";
import type { Words } from "./words.ts";

const MAX_CARD = 19;
const LEAST_CARD = 12;
const CARD_WORDS = ["card", "visa", "mastercard", "pan", "karte", "carte", "tarjeta", "cartão", "kaart"];

/** Payment cards (ISO/IEC 7812): 12 to 19 digits, in groups or not. */
export function createCardNumber(kind: Kind, words: Words): SpecialNumber {
  const near = words.toNumbers(CARD_WORDS);
  const read = (look: Look, from: number): number => {
    const { text, isFinal } = look;
    // No scheme's numbers begin with a zero.
    if (text.charCodeAt(from) === 0x30) return -2;
    let digits = "";
    let i = from;
    let separator = 0;
    for (;;) {
      const first = i;
      while (i < text.length && isDigit(text.charCodeAt(i)) && digits.length <= MAX_CARD) {
        digits += text.charAt(i);
        i += 1;
      }
      if (digits.length > MAX_CARD) return -2;
      if (i >= text.length && !isFinal) return -1;
      if (i - first < 2) return -2;
      if (digits.length >= LEAST_CARD) {
        const end = readEnd(text, i, isFinal);
        if (end === -1) return -1;
        const isNamed = look.hasWord(near, from);
        if (end >= 0 && cardBrand(digits, isNamed) !== null) return end;
      }
      const c = i < text.length ? text.charCodeAt(i) : 0;
      if (!isSeparator(c) || (separator !== 0 && c !== separator)) return -2;
      separator = c;
      i += 1;
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
  const near = words.toNumbers(phoneWords);
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
  const near = words.toNumbers(VERSION_WORDS);
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
const DATES = [
  /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})/,
  /^(?:(\d{1,2})[-/.](\d{1,2})[-/.](?:19|20)\d{2})/,
  /^(?:\d{1,2}(?:st|nd|rd|th)? (?:of )?[A-Za-z]{3,9},? (?:19|20)\d{2})/,
];
const MAX_DATE = 24;

/** Dates of birth: a date of day, month and year after a word that says so. */
export function createBirthDate(kind: Kind, words: Words): SpecialNumber {
  const near = words.toNumbers(BIRTH_WORDS);
  const read = (look: Look, from: number): number => {
    const { text, isFinal } = look;
    const window = text.slice(from, from + MAX_DATE);
    if (window.length < MAX_DATE && !isFinal) return -1;
    for (const date of DATES) {
      const match = date.exec(window);
      if (match === null) continue;
      return readEnd(text, from + match[0].length, isFinal);
    }
    return -2;
  };
  return { kind, read, weight: 6, letters: 0, leastRun: 1, mostRun: 4, near };
}
