// Telephone numbers: how they are written, across borders and at home.

import { isInternational, isNorthAmerican } from "./calling-codes.ts";

/** Words, lower case, that tell a telephone number: near one of them, digits without any mark count too. */
export const phoneWords: readonly string[] = (
  "phone,mobile,cellphone,cell:,cell no,cell number,cellular,telephone,tel:,tel.,tel=,tel no,tel nr,tel-nr,tel+," +
  "telno,fax,whatsapp,msisdn,contact number,contact no,call me,call us,text me,text us,ring me,dial,reach me,sms to," +
  "hotline,telefon,telefax,handynummer,mobil,rufnummer,téléphone,numéro de tél,tél:,tél.,tél,teléfono,telefono," +
  "celular,móvil,movil,telefone,telemóvel,cellulare,telefoon,mobiel,gsm,tlf,telefonnummer,puhelin,puh.,sími,telefón," +
  "komórk,τηλ,κινητό,телефон,тел.,тел:,моб.,мобільн,电话,電話,手机,手機,携帯,전화,휴대폰,연락처,هاتف,جوال,موبايل,טלפון,נייד," +
  "फ़ोन,फोन,मोबाइल,โทร,điện thoại,sđt,telp,no. hp,nomor hp,☎,📞,📱"
).split(",");

/** What may part the groups of one number. */
const separators = new Set([
  " ",
  "-",
  ".",
  "/",
  "\u00a0",
  "\u2011",
  "\u2013",
  ") ",
  ")",
  ")-",
  ")/",
  ") -",
  " (",
  "-(",
  ".(",
  "(",
  ") (",
  ")(",
  " - ",
  " / ",
]);
const separatorCharacters = " -./()\u00a0\u2011\u2013";

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

function isDigitAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

/** Groups of digits, what stands between them, and where each ends. */
type Groups = { readonly digits: string[]; readonly between: string[]; readonly ends: number[] };

/** Reads groups as far as they go; null where the text ends before they do. */
function readGroups(text: string, at: number, isFinal: boolean): Groups | null {
  const groups: Groups = { digits: [], between: [], ends: [] };
  let from = at;
  let count = 0;
  while (groups.digits.length < mostGroups) {
    let to = from;
    while (isDigitAt(text, to) && count <= mostDigits) {
      to++;
      count++;
    }
    if (to >= text.length && !isFinal) return null;
    groups.digits.push(text.slice(from, to));
    groups.ends.push(to);
    if (count > mostDigits) break;
    let next = to;
    while (next < text.length && next - to < 4 && separatorCharacters.includes(text.charAt(next))) next++;
    if (next >= text.length && next - to < 4 && !isFinal) return null;
    const between = text.slice(to, next);
    if (!separators.has(between) || !isDigitAt(text, next)) break;
    groups.between.push(between);
    from = next;
  }
  return groups;
}

/** Gives where a number begins whose first digit stands at `at`: with its `+` and bracket; -2 where none can begin. */
function toStart(text: string, at: number): number {
  let start = at;
  if (text[start - 1] === "(") start--;
  if (text[start - 1] === "+") start--;
  if (text[start - 1] === "(" && text[start] === "+") start--;
  if (start === 0) return 0;
  const before = text.charAt(start - 1);
  if (before === ".") return start > 1 && isDigitAt(text, start - 2) ? -2 : start;
  return /[\w+\-–$€£¥#%@&~^*]/.test(before) || (before === "/" && text[start] !== "+") ? -2 : start;
}

/** Says whether groups are what a date, a time, an address or a number of another kind is. */
function isOtherwiseKnown(digits: readonly string[], between: readonly string[]): boolean {
  const lengths = digits.map((group) => group.length).join(",");
  const isDotted = between.length > 0 && between.every((separator) => separator === ".");
  if (lengths === "3,2,4") return true;
  if (isDotted && digits.length === 4 && digits.every((group) => Number(group) < 256)) return true;
  const [first = "", second = "", third = ""] = digits;
  const isYearFirst = /^(?:19|20)\d\d$/.test(first) && Number(second) < 13 && second.length < 3;
  const isYearLast =
    /^(?:19|20)\d\d$/.test(third) && Number(first) < 32 && Number(second) < 32 && first.length < 3;
  return isYearFirst || isYearLast;
}

/** Says whether the groups from the second on are parted alike. */
function isEven(between: readonly string[]): boolean {
  return between.slice(2).every((separator) => separator === between[1]);
}

function isAmericanForm(digits: readonly string[], between: readonly string[], hasBracket: boolean): boolean {
  const groups = digits[0] === "1" ? digits.slice(1) : digits;
  const parts = digits[0] === "1" ? between.slice(1) : between;
  if (groups.map((group) => group.length).join(",") !== "3,3,4" || !isNorthAmerican(groups.join("")))
    return false;
  if (parts[1]?.includes("(") === true) return false;
  return (
    hasBracket ||
    between.some((separator) => separator.includes("(")) ||
    parts[0] === parts[1] ||
    parts[0] === "/"
  );
}

/** A number as it is dialled within a country: a zero, the area, and the rest. */
function isNationalForm(digits: readonly string[], between: readonly string[]): boolean {
  const all = digits.join("");
  const first = digits[0] ?? "";
  if (!/^0[1-9]/.test(all) || all.length < 9 || all.length > 12 || digits.length < 2 || digits.length > 6)
    return false;
  if (first.length < 2 || first.length > 6 || !isEven(between) || between.slice(1).includes("/"))
    return false;
  const lengths = digits.map((group) => group.length).join(",");
  if (lengths === "3,3,3" || lengths === "4,4,4" || /^(\d)\1*$/.test(all.slice(1))) return false;
  // A postal code of the US, bytes, and 01 02 03 04 05 are none.
  if (lengths === "5,4" && between[0] === "-") return false;
  if (/^2(?:,2)+$/.test(lengths) && digits.length !== 5) return false;
  return !digits.every((group, at) => at === 0 || Number(group) === Number(digits[at - 1]) + 1);
}

/** What is dialled before a calling code: most of the world, North America, Japan, Australia. */
const prefixes = /^(?:00|011|010|0011)(?=[1-9])/;

function isPhone(
  digits: readonly string[],
  between: readonly string[],
  mark: string,
  hasWord: boolean,
): boolean {
  const all = digits.join("");
  if (mark.includes("+")) {
    // The zero in +44 (0)20 is dialled at home only.
    const at = between.findIndex((separator, place) => separator.endsWith("(") && digits[place + 1] === "0");
    return isInternational(at === -1 ? all : digits.filter((_, place) => place !== at + 1).join(""));
  }
  if (isOtherwiseKnown(digits, between)) return false;
  const prefix = prefixes.exec(all)?.[0];
  if (prefix !== undefined && (hasWord || digits.length > 1) && isInternational(all.slice(prefix.length)))
    return true;
  if (isAmericanForm(digits, between, mark === "(") || isNationalForm(digits, between)) return true;
  if (!hasWord || digits.length > 5 || !/(\d)(?!\1)\d/.test(all)) return false;
  return digits.length > 1 ? all.length > 5 && all.length < 14 : all.length > 6 && all.length < 13;
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
  const groups = readGroups(text, at, isFinal);
  if (groups === null) return -1;
  const { digits, between, ends } = groups;
  const mark = text.slice(start, at);
  const hasPlus = mark.includes("+");
  const first = digits.join("");
  const isDialled = prefixes.test(first);
  let total = first.length;
  // In the middle of a row of numbers none begins that has nothing but blanks between its groups.
  const isInRow = start > 1 && text[start - 1] === " " && isDigitAt(text, start - 2);
  let blanks = 0;
  while (between[blanks] === " ") blanks++;
  const least = isInRow && !hasWord && !hasPlus ? blanks + 1 : 0;
  for (let count = digits.length; count > least; count--) {
    const end = ends[count - 1] ?? at;
    const size = total;
    total -= digits[count - 1]?.length ?? 0;
    // Most groups of digits are too short or too long for a number, before anything else is looked at.
    if (size < (hasPlus ? LEAST_ABROAD : hasWord ? LEAST_NAMED : LEAST_AT_HOME)) break;
    if (!hasPlus && !isDialled && size > MOST_AT_HOME) continue;
    // A number that goes on after a blank may be followed by another; one that goes on in the same manner is longer.
    const follows = between[count - 1];
    if (
      follows !== undefined &&
      follows !== " " &&
      follows !== " (" &&
      follows !== " / " &&
      follows !== " - "
    )
      continue;
    if (follows !== undefined && !hasPlus && between.slice(0, count - 1).includes(follows)) continue;
    if (!isPhone(digits.slice(0, count), between.slice(0, count - 1), mark, hasWord)) continue;
    const withExtension = readExtension(text, end, isFinal);
    if (withExtension === -1) return -1;
    if (withExtension > end) return withExtension;
    if (end + 1 >= text.length && !isFinal) return -1;
    if (isEnd(text.charAt(end), text.charAt(end + 1))) return end;
  }
  return -2;
}
