// Numbers of people and taxpayers in Germany, Austria and Switzerland.

import { digitAt, isMod11And10, isRepeated, valueAt, weigh } from "./checksums.ts";
import { isDdmmyy, isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isSteuerId(compact: string): boolean {
  if (!/^[1-9]\d{10}$/.test(compact)) return false;
  const counts = Array<number>(10).fill(0);
  for (let at = 0; at < 10; at++) counts[digitAt(compact, at)] = (counts[digitAt(compact, at)] ?? 0) + 1;
  const repeated = counts.filter((count) => count > 1);
  // One digit stands twice or, since 2016, three times, but then not all together.
  if (repeated.length !== 1 || (repeated[0] ?? 0) > 3 || /(\d)\1\1/.test(compact.slice(0, 10))) return false;
  return isMod11And10(compact);
}

/** Adds the digits of the products, as German numbers do that write a letter as two digits. */
function crossSum(digits: string, weights: readonly number[]): number {
  let sum = 0;
  for (const [at, weight] of weights.entries()) {
    const product = weight * digitAt(digits, at);
    sum += Math.floor(product / 10) + (product % 10);
  }
  return sum;
}

/** Writes the letter at a place as its two-digit place in the alphabet. */
function spellLetter(text: string, at: number): string {
  const place = String(text.charCodeAt(at) - 64).padStart(2, "0");
  return text.slice(0, at) + place + text.slice(at + 1);
}

function isRvnr(compact: string): boolean {
  if (!/^\d{8}[A-Z]\d{3}$/.test(compact)) return false;
  const day = numberAt(compact, 2, 2);
  if (!isShortDate(numberAt(compact, 6, 2), numberAt(compact, 4, 2), day > 50 ? day - 50 : day)) return false;
  const weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
  return crossSum(spellLetter(compact, 8), weights) % 10 === digitAt(compact, 11);
}

function isKvnr(compact: string): boolean {
  if (!/^[A-Z]\d{9}$/.test(compact) || isRepeated(compact.slice(1))) return false;
  return crossSum(spellLetter(compact, 0), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]) % 10 === digitAt(compact, 9);
}

// The letters of German documents, without vowels and without those that look like digits.
const documentShape = /^[CFGHJKLMNPRTVWXYZ][\dCFGHJKLMNPRTVWXYZ]{7}[\dCFGHJKLMNPRTVWXYZ]\d?D?$|^T\d{8,9}D?$/;

/** Says whether a German identity card's or passport's number has its shape and, if it stands there, its check digit. */
export function isGermanDocument(compact: string): boolean {
  if (!documentShape.test(compact) || !/\d/.test(compact)) return false;
  if (compact.length === 9) return true;
  let sum = 0;
  for (let at = 0; at < 9; at++) sum += valueAt(compact, at) * ([7, 3, 1][at % 3] ?? 0);
  return sum % 10 === digitAt(compact, 9);
}

function isLanr(compact: string): boolean {
  if (!/^\d{9}$/.test(compact) || isRepeated(compact)) return false;
  return (10 - (weigh(compact, [4, 9, 4, 9, 4, 9]) % 10)) % 10 === digitAt(compact, 6);
}

function isSteuernummer(compact: string): boolean {
  if (isRepeated(compact)) return false;
  if (compact.length === 13) return /^(?:0[1-9]|[1-3]\d|[459]\d)\d{2}0\d{8}$/.test(compact);
  return /^\d{10,11}$/.test(compact);
}

function isAustrian(compact: string): boolean {
  if (!/^[1-9]\d{9}$/.test(compact)) return false;
  // When the numbers of a day run out, the month is 13 to 15.
  const month = numberAt(compact, 6, 2);
  if (!isDdmmyy(compact, 4) && !(month > 12 && month < 16 && numberAt(compact, 4, 2) < 32)) return false;
  return weigh(compact, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === digitAt(compact, 3);
}

function isAustrianTax(compact: string): boolean {
  if (!/^\d{9}$/.test(compact) || isRepeated(compact)) return false;
  return (10 - (crossSum(compact, [1, 2, 1, 2, 1, 2, 1, 2]) % 10)) % 10 === digitAt(compact, 8);
}

function isAhv(compact: string): boolean {
  if (!/^756\d{10}$/.test(compact) || isRepeated(compact.slice(3, 12))) return false;
  return weigh(compact, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;
}

function isSwissCompany(compact: string): boolean {
  if (!/^CHE\d{9}$/.test(compact) || isRepeated(compact.slice(3))) return false;
  return (11 - (weigh(compact.slice(3), [5, 4, 3, 2, 7, 6, 5, 4]) % 11)) % 11 === digitAt(compact, 11);
}

/** The numbers of Germany, Austria and Switzerland. */
export const centralEuropeanIds: readonly NumberRow[] = [
  {
    id: "de_steuer_id",
    title: "German tax identification number",
    source: "https://de.wikipedia.org/wiki/Steuerliche_Identifikationsnummer",
    class: "national_id",
    country: "DE",
    formats: ["99 999 999 999", "99999999999"],
    isValid: isSteuerId,
    evidence: "written",
    words: ["steuer", "idnr", "identifikationsnummer", "tax id", "tin", "bzst"],
    examples: ["86 095 742 719", "65929970489", "57549285017"],
    counterExamples: ["86 095 742 718", "11 111 111 111", "01 234 567 891"],
  },
  {
    id: "de_steuernummer",
    title: "German tax number",
    source: "https://de.wikipedia.org/wiki/Steuernummer",
    class: "national_id",
    country: "DE",
    formats: [
      "999/999/99999",
      "999/9999/9999",
      "99/999/99999",
      "999 999 99999",
      "9999999999999",
      "99999999999",
    ],
    isValid: isSteuernummer,
    evidence: "near",
    words: ["steuernummer", "steuer-nr", "steuer nr", "steuernr", "st.-nr", "st-nr", "finanzamt"],
    examples: ["181/815/08155", "9181081508155"],
    counterExamples: ["111/111/11111"],
  },
  {
    id: "de_id_card",
    title: "German identity card",
    source: "https://de.wikipedia.org/wiki/Personalausweis_(Deutschland)",
    class: "national_id",
    country: "DE",
    formats: ["A********", "A********9", "A********9A"],
    isValid: isGermanDocument,
    evidence: "near",
    words: ["personalausweis", "ausweis", "identity card", "id card", "npa", "dokumentennummer"],
    examples: ["L01X00T47", "L01X00T471", "T22000129"],
    counterExamples: ["L01X00T472", "AEIOU1234"],
  },
  {
    id: "de_rvnr",
    title: "German pension insurance number",
    source: "https://de.wikipedia.org/wiki/Versicherungsnummer",
    class: "national_id",
    country: "DE",
    formats: ["99 999999 A 999", "99 99 99 99 A 99 9"],
    loose: true,
    isValid: isRvnr,
    evidence: "alone",
    words: ["rentenversicherung", "sozialversicherung", "versicherungsnummer", "rvnr", "sv-nummer", "svnr"],
    examples: ["15 070649 C 103", "15070649C103", "65170839J003"],
    counterExamples: ["15 071349 C 103", "15 070649 C 104"],
  },
  {
    id: "de_kvnr",
    title: "German health insurance number",
    source: "https://de.wikipedia.org/wiki/Krankenversichertennummer",
    class: "national_id",
    country: "DE",
    formats: ["A999999999", "A999 999 999"],
    isValid: isKvnr,
    evidence: "alone",
    words: ["krankenversich", "versichertennummer", "kvnr", "krankenkasse", "gesundheitskarte", "egk"],
    examples: ["A123456780"],
    counterExamples: ["A123456781"],
  },
  {
    id: "de_lanr",
    title: "German physician's number",
    source: "https://de.wikipedia.org/wiki/Lebenslange_Arztnummer",
    class: "national_id",
    country: "DE",
    formats: ["999999999", "9999999 99"],
    isValid: isLanr,
    evidence: "near",
    words: ["lanr", "arztnummer", "arzt-nr", "arzt nr"],
    examples: ["123456601"],
    counterExamples: ["123456701"],
  },
  {
    id: "at_svnr",
    title: "Austrian social insurance number",
    source: "https://de.wikipedia.org/wiki/Sozialversicherungsnummer",
    class: "national_id",
    country: "AT",
    formats: ["9999 999999", "9999-999999", "9999/999999", "9999 99 99 99", "9999999999"],
    isValid: isAustrian,
    evidence: "written",
    words: ["svnr", "sv-nr", "sozialversicherung", "versicherungsnummer", "e-card"],
    examples: ["1237 010180", "1237010180"],
    counterExamples: ["1238 010180", "1237 320180"],
  },
  {
    id: "at_tax",
    title: "Austrian tax number",
    source: "https://de.wikipedia.org/wiki/Abgabenkontonummer",
    class: "national_id",
    country: "AT",
    formats: ["99-999/9999", "99 999/9999", "999999999"],
    isValid: isAustrianTax,
    evidence: "written",
    words: ["steuernummer", "abgabenkonto", "finanzamt", "steuer-nr"],
    examples: ["51-615/1123", "59-119/9013"],
    counterExamples: ["59-119/9012"],
  },
  {
    id: "ch_ahv",
    title: "Swiss AHV number",
    source: "https://de.wikipedia.org/wiki/Sozialversicherungsnummer_(Schweiz)",
    class: "national_id",
    country: "CH",
    formats: ["756.9999.9999.99", "756 9999 9999 99", "756-9999-9999-99", "7569999999999"],
    isValid: isAhv,
    evidence: "alone",
    words: ["ahv", "avs", "sozialversicherung"],
    examples: ["756.9217.0769.85", "756.1234.5678.97", "7569217076985"],
    counterExamples: ["756.9217.0769.84", "755.9217.0769.85"],
  },
  {
    id: "ch_uid",
    title: "Swiss company number",
    source: "https://de.wikipedia.org/wiki/Unternehmens-Identifikationsnummer",
    class: "national_id",
    country: "CH",
    formats: ["CHE-999.999.999", "CHE 999.999.999", "CHE999999999"],
    isValid: isSwissCompany,
    evidence: "alone",
    words: ["uid", "mwst", "tva", "iva"],
    examples: ["CHE-100.155.212"],
    counterExamples: ["CHE-100.155.213"],
  },
];
