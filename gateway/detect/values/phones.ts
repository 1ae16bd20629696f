// Telephone numbers: how they are written, across borders and at home.

import { isInternational, isNorthAmerican } from "./calling-codes.ts";
import { isDigit, isWord } from "./look.ts";

/** Words, lower case, that tell a telephone number: near one of them, digits without any mark count too. */
export const phoneWords: readonly string[] = (
  "phone,mobile,cellphone,cell:,cell no,cell number,cellular,telephone,tel:,tel.,tel=,tel no,tel nr,tel-nr,tel+," +
  "telno,fax,whatsapp,msisdn,contact number,contact no,call me,call us,text me,text us,ring me,dial,reach me,sms to," +
  "hotline,telefon,telefax,handynummer,mobil,rufnummer,téléphone,numéro de tél,tél:,tél.,tél,teléfono,telefono," +
  "celular,móvil,movil,telefone,telemóvel,cellulare,telefoon,mobiel,gsm,tlf,telefonnummer,puhelin,puh.,sími,telefón," +
  "komórk,τηλ,κινητό,телефон,тел.,тел:,моб.,мобільн,电话,電話,手机,手機,携帯,전화,휴대폰,연락처,هاتف,جوال,موبايل,טלפון,נייד," +
  "फ़ोन,फोन,मोबाइल,โทร,điện thoại,sđt,telp,no. hp,nomor hp,☎,📞,📱"
).split(",");

/** What may part the groups of one number; the first four are told apart by name. */
const separators = [
  " ",
  " (",
  " / ",
  " - ",
  ".",
  "/",
  "-",
  "\u00a0",
  "\u2011",
  "\u2013",
  ") ",
  ")",
  ")-",
  ")/",
  ") -",
  "-(",
  ".(",
  "(",
  ") (",
  ")(",
];
const separatorCharacters = " -./()\u00a0\u2011\u2013";
const LONGEST_SEPARATOR = 3;
const NO_SEPARATOR = separators.length;
const BLANK = separators.indexOf(" ");
/** Behind a separator up to this one another number may begin. */
const LAST_LOOSE = separators.indexOf(" - ");
const DOT = separators.indexOf(".");
const SLASH = separators.indexOf("/");
const DASH = separators.indexOf("-");
const hasOpening = separators.map((separator) => separator.includes("("));
const isOpening = separators.map((separator) => separator.endsWith("("));

/** More digits than this no telephone number has, with what is dialled before it. */
const mostDigits = 18;
const mostGroups = 8;
/** So many digits a number has at least: with a plus, beside a word, else; and so many at most without a code. */
const LEAST_ABROAD = 5;
const LEAST_NAMED = 6;
const LEAST_AT_HOME = 9;
const MOST_AT_HOME = 13;
/** So far behind a number an extension is looked for. */
const extensionWindow = 14;

const PLUS = 0x2b;
const OPEN = 0x28;

function isDigitAt(text: string, at: number): boolean {
  return isDigit(text.charCodeAt(at));
}

/**
 * The groups that were read last: all digits in a row, and by group where it begins among them and where it ends in the text,
 * and what follows it. There is one, so that reading allocates nothing.
 */
const groups = {
  count: 0,
  digits: new Uint8Array(mostDigits + 2),
  from: new Uint8Array(mostGroups + 1),
  ends: new Int32Array(mostGroups),
  between: new Uint8Array(mostGroups),
};

/** Gives the number of the separator that is written from `from` to `to`, or `NO_SEPARATOR`. */
function toSeparator(text: string, from: number, to: number): number {
  if (to === from || to - from > LONGEST_SEPARATOR) return NO_SEPARATOR;
  if (to === from + 1 && text.charCodeAt(from) === 0x20) return BLANK;
  for (let number = 0; number < separators.length; number++) {
    const separator = separators[number] ?? "";
    if (separator.length === to - from && text.startsWith(separator, from)) return number;
  }
  return NO_SEPARATOR;
}

/** Reads groups as far as they go; false where the text ends before they do. */
function readGroups(text: string, at: number, isFinal: boolean): boolean {
  const { digits, from, ends, between } = groups;
  let i = at;
  let count = 0;
  let size = 0;
  while (count < mostGroups) {
    from[count] = size;
    let c = charAt(text, i);
    while (size <= mostDigits && isDigit(c)) {
      digits[size] = c - 0x30;
      size++;
      i++;
      c = charAt(text, i);
    }
    if (i >= text.length && !isFinal) return false;
    ends[count] = i;
    between[count] = NO_SEPARATOR;
    count++;
    if (size > mostDigits) break;
    if (c === 0x20 && isDigit(charAt(text, i + 1))) {
      between[count - 1] = BLANK;
      i++;
      continue;
    }
    let next = i;
    while (next < text.length && next - i < 4 && separatorCharacters.includes(text.charAt(next))) next++;
    if (next >= text.length && next - i < 4 && !isFinal) return false;
    const separator = toSeparator(text, i, next);
    if (separator === NO_SEPARATOR || !isDigitAt(text, next)) break;
    between[count - 1] = separator;
    i = next;
  }
  groups.count = count;
  from[count] = size;
  return true;
}

/** Gives how many digits the first `count` groups have. */
function sizeOf(count: number): number {
  return groups.from[count] ?? 0;
}

function lengthOf(group: number): number {
  return sizeOf(group + 1) - sizeOf(group);
}

function valueOf(group: number): number {
  let value = 0;
  for (let i = sizeOf(group); i < sizeOf(group + 1); i++) value = value * 10 + digitOf(i);
  return value;
}

function digitOf(at: number): number {
  return groups.digits[at] ?? 0;
}

function betweenOf(group: number): number {
  return groups.between[group] ?? NO_SEPARATOR;
}

/** Says whether the groups from `first` up to `count` are as long as these. */
function hasLengths(first: number, count: number, lengths: readonly number[]): boolean {
  if (count - first !== lengths.length) return false;
  for (let i = 0; i < lengths.length; i++) if (lengthOf(first + i) !== lengths[i]) return false;
  return true;
}

/** Says whether all digits up to `size` are alike from `first` on; of none that is not said. */
function isAlike(first: number, size: number): boolean {
  for (let i = first + 1; i < size; i++) if (digitOf(i) !== digitOf(first)) return false;
  return size > first;
}

/** Gives where a number begins whose first digit stands at `at`: with its `+` and bracket; -2 where none can begin. */
function toStart(text: string, at: number): number {
  let start = at;
  if (at > 0 && text.charCodeAt(at - 1) < 0x30) {
    if (charAt(text, start - 1) === OPEN) start--;
    if (charAt(text, start - 1) === PLUS) start--;
    if (charAt(text, start - 1) === OPEN && charAt(text, start) === PLUS) start--;
  }
  if (start === 0) return 0;
  const before = text.charCodeAt(start - 1);
  if (before === 0x2e) return start > 1 && isDigitAt(text, start - 2) ? -2 : start;
  if (isWord(before)) return -2;
  if (before === 0x20) return start;
  if (before === 0x2f) return charAt(text, start) === PLUS ? start : -2;
  return NOT_BEFORE.includes(text.charAt(start - 1)) ? -2 : start;
}

const NOT_BEFORE = "+-–$€£¥#%@&~^*";

function charAt(text: string, at: number): number {
  return at >= 0 && at < text.length ? text.charCodeAt(at) : 0;
}

/** Says whether the first groups are what a date, a time, an address or a number of another kind is. */
function isOtherwiseKnown(count: number): boolean {
  if (hasLengths(0, count, SOCIAL_SECURITY)) return true;
  if (count === 4 && [0, 1, 2].every((group) => betweenOf(group) === DOT)) {
    if ([0, 1, 2, 3].every((group) => valueOf(group) < 256)) return true;
  }
  const second = count > 1 ? valueOf(1) : 0;
  if (isYear(0) && second < 13 && (count < 2 || lengthOf(1) < 3)) return true;
  return count > 2 && isYear(2) && valueOf(0) < 32 && second < 32 && lengthOf(0) < 3;
}

const SOCIAL_SECURITY = [3, 2, 4];

/** Says whether a group is a year of the 20th or 21st century. */
function isYear(group: number): boolean {
  if (lengthOf(group) !== 4) return false;
  const century = Math.floor(valueOf(group) / 100);
  return century === 19 || century === 20;
}

/** Says whether the groups from the second on are parted alike. */
function isEven(count: number): boolean {
  for (let group = 2; group < count - 1; group++) if (betweenOf(group) !== betweenOf(1)) return false;
  return true;
}

function isAmericanForm(count: number, hasBracket: boolean): boolean {
  const first = lengthOf(0) === 1 && digitOf(0) === 1 ? 1 : 0;
  if (!hasLengths(first, count, AMERICAN) || !isNorthAmerican(groups.digits, first, sizeOf(count)))
    return false;
  const area = betweenOf(first);
  const exchange = betweenOf(first + 1);
  if (hasOpening[exchange] === true) return false;
  return (
    hasBracket ||
    hasOpening[area] === true ||
    (first === 1 && hasOpening[betweenOf(0)] === true) ||
    area === exchange ||
    area === SLASH
  );
}

const AMERICAN = [3, 3, 4];

/** A number as it is dialled within a country: a zero, the area, and the rest. */
function isNationalForm(count: number): boolean {
  const size = sizeOf(count);
  const first = lengthOf(0);
  if (digitOf(0) !== 0 || digitOf(1) === 0 || size < 9 || size > 12 || count < 2 || count > 6) return false;
  if (first < 2 || first > 6 || !isEven(count)) return false;
  for (let group = 1; group < count - 1; group++) if (betweenOf(group) === SLASH) return false;
  if (hasLengths(0, count, THREES) || hasLengths(0, count, FOURS) || isAlike(1, size)) return false;
  // A postal code of the US, bytes, and 01 02 03 04 05 are none.
  if (hasLengths(0, count, POSTAL_CODE) && betweenOf(0) === DASH) return false;
  if (count !== 5 && hasPairs(count)) return false;
  return !isCounting(count);
}

const THREES = [3, 3, 3];
const FOURS = [4, 4, 4];
const POSTAL_CODE = [5, 4];

function hasPairs(count: number): boolean {
  for (let group = 0; group < count; group++) if (lengthOf(group) !== 2) return false;
  return count > 1;
}

/** Says whether each group is one more than the one before it. */
function isCounting(count: number): boolean {
  for (let group = 1; group < count; group++) if (valueOf(group) !== valueOf(group - 1) + 1) return false;
  return true;
}

/** Gives how long what is dialled before a calling code is: 00 in most of the world, 011 in North America, 010 in Japan; or 0. */
function toPrefix(size: number): number {
  if (size < 3 || digitOf(0) !== 0) return 0;
  if (digitOf(1) === 0) return digitOf(2) === 0 ? 0 : 2;
  return size > 3 && digitOf(1) === 1 && digitOf(2) < 2 && digitOf(3) !== 0 ? 3 : 0;
}

const abroad = new Uint8Array(mostDigits + 2);

/** Says whether the groups of a number with a plus are one: the zero in +44 (0)20 is dialled at home only. */
function isAbroad(count: number): boolean {
  let left = -1;
  for (let group = 1; group < count && left === -1; group++)
    if (isOpening[betweenOf(group - 1)] === true && lengthOf(group) === 1 && digitOf(sizeOf(group)) === 0)
      left = group;
  const size = sizeOf(count);
  if (left === -1) return isInternational(groups.digits, 0, size);
  const at = sizeOf(left);
  abroad.set(groups.digits.subarray(0, at));
  abroad.set(groups.digits.subarray(at + 1, size), at);
  return isInternational(abroad, 0, size - 1);
}

function isPhone(count: number, hasPlus: boolean, hasBracket: boolean, hasWord: boolean): boolean {
  if (hasPlus) return isAbroad(count);
  if (isOtherwiseKnown(count)) return false;
  const size = sizeOf(count);
  const prefix = toPrefix(size);
  if (prefix > 0 && (hasWord || count > 1) && isInternational(groups.digits, prefix, size)) return true;
  if (isAmericanForm(count, hasBracket) || isNationalForm(count)) return true;
  if (!hasWord || count > 5 || isAlike(0, size)) return false;
  return count > 1 ? size > 5 && size < 14 : size > 6 && size < 13;
}

/** Gives the end of an extension that follows at `to`, `to` where none does, or -1 where more text must come. */
function readExtension(text: string, to: number, isFinal: boolean): number {
  const window = text.slice(to, to + extensionWindow);
  if (!isFinal && window.length < extensionWindow && /^[ ,;]{0,2}(?:$|[xe#])/i.test(window)) return -1;
  const extension = /^[ ,;]{0,2}(?:x|ext\.?|extension)[ .:]?\d{1,6}(?!\w)/i.exec(window);
  return to + (extension?.[0].length ?? 0);
}

/** Says whether a number may end where `next` follows it: what goes on is no word, amount, time or address. */
function isEnd(next: string, afterNext: string): boolean {
  if (/[\w%@]/.test(next)) return false;
  return !(/[:.,\-–]/.test(next) && next !== "," && /\d/.test(afterNext));
}

/**
 * Gives where a number begins that `readPhone` found from its first digit at `at` up to `end`: at its `+`, at its bracket
 * if that is closed within it, or at that digit.
 */
export function phoneStart(text: string, at: number, end: number): number {
  const start = toStart(text, at);
  if (start < 0) return at;
  return text[start] === "(" && /[()]/.exec(text.slice(at, end))?.[0] !== ")" ? start + 1 : start;
}

/**
 * Reads a telephone number whose first digit stands at `at`, with its marks before that digit.
 *
 * @param hasWord whether one of `phoneWords` stands near before it: then digits that no mark sets off count too.
 * @returns the index after the number and its extension; -1 where more text must come, -2 where there is none.
 */
export function readPhone(text: string, at: number, isFinal: boolean, hasWord: boolean): number {
  const start = toStart(text, at);
  if (start < 0) return -2;
  if (!readGroups(text, at, isFinal)) return -1;
  const first = text.charCodeAt(start);
  const hasPlus =
    start < at && (first === PLUS || text.charCodeAt(at - 1) === PLUS || text.charCodeAt(start + 1) === PLUS);
  const hasBracket = start === at - 1 && first === OPEN;
  const isDialled = toPrefix(sizeOf(groups.count)) > 0;
  // In the middle of a row of numbers none begins that has nothing but blanks between its groups, unless a word stands near.
  const isInRow = !hasPlus && start > 1 && text.charCodeAt(start - 1) === 0x20 && isDigitAt(text, start - 2);
  let blanks = 0;
  while (betweenOf(blanks) === BLANK) blanks++;
  const inRow = isInRow ? blanks + 1 : 0;
  for (let count = groups.count; count > 0; count--) {
    const isOfRow = count <= inRow;
    if (isOfRow && !hasWord) continue;
    const end = groups.ends[count - 1] ?? at;
    const size = sizeOf(count);
    // Most groups of digits are too short or too long for a number, before anything else is looked at.
    if (size < (hasPlus ? LEAST_ABROAD : hasWord ? LEAST_NAMED : LEAST_AT_HOME)) break;
    if (!hasPlus && !isDialled && size > MOST_AT_HOME) continue;
    // A number that goes on after a blank may be followed by another; one that goes on in the same manner is longer.
    const follows = count < groups.count ? betweenOf(count - 1) : NO_SEPARATOR;
    if (follows !== NO_SEPARATOR && follows > LAST_LOOSE) continue;
    if (follows !== NO_SEPARATOR && !hasPlus && isWithin(follows, count - 1)) continue;
    // Of groups in a row a word alone tells nothing: those of a card follow it too.
    if (!isPhone(count, hasPlus, hasBracket, hasWord && (count === 1 || !isOfRow))) continue;
    const withExtension = readExtension(text, end, isFinal);
    if (withExtension === -1) return -1;
    if (withExtension > end) return withExtension;
    if (end + 1 >= text.length && !isFinal) return -1;
    if (isEnd(text.charAt(end), text.charAt(end + 1))) return end;
  }
  return -2;
}

/** Says whether a separator stands between two of the first groups. */
function isWithin(separator: number, count: number): boolean {
  for (let group = 0; group < count; group++) if (betweenOf(group) === separator) return true;
  return false;
}
