// Numbers of people and taxpayers in Turkey, Israel, Egypt, Iran and the Arabian Peninsula.

import { digitAt, isLuhn, isRepeated, weigh } from "./checksums.ts";
import { isBirthDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isTckn(compact: string): boolean {
  if (!/^[1-9]\d{10}$/.test(compact) || isRepeated(compact)) return false;
  const tenth = weigh(compact, [7, -1, 7, -1, 7, -1, 7, -1, 7]) % 10;
  if ((tenth + 10) % 10 !== digitAt(compact, 9)) return false;
  return weigh(compact, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) % 10 === digitAt(compact, 10);
}

function isVkn(compact: string): boolean {
  if (!/^\d{10}$/.test(compact) || isRepeated(compact)) return false;
  let sum = 0;
  for (let at = 0; at < 9; at++) {
    const shifted = (digitAt(compact, at) + 9 - at) % 10;
    const product = (shifted * 2 ** (9 - at)) % 9;
    sum += shifted !== 0 && product === 0 ? 9 : product;
  }
  return (10 - (sum % 10)) % 10 === digitAt(compact, 9);
}

function isTeudatZehut(compact: string): boolean {
  return /^\d{9}$/.test(compact) && compact > "000999999" && !isRepeated(compact) && isLuhn(compact);
}

/** 2 stands for the 20th century, 3 for the 21st; year, month and day follow. */
function hasCenturyAndDate(compact: string): boolean {
  const century = 1700 + 100 * digitAt(compact, 0);
  return isBirthDate(century + numberAt(compact, 1, 2), numberAt(compact, 3, 2), numberAt(compact, 5, 2));
}

function isEgyptian(compact: string): boolean {
  return /^[23]\d{6}(?:0[1-4]|1[1-9]|2[1-9]|3[1-5]|88)\d{5}$/.test(compact) && hasCenturyAndDate(compact);
}

function isKuwaiti(compact: string): boolean {
  if (!/^[23]\d{11}$/.test(compact) || !hasCenturyAndDate(compact)) return false;
  return 11 - (weigh(compact, [2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11) === digitAt(compact, 11);
}

function isEmirati(compact: string): boolean {
  if (!/^784(?:19|20)\d{10}$/.test(compact)) return false;
  const year = numberAt(compact, 3, 4);
  return year > 1899 && year < 2041 && !isRepeated(compact.slice(7));
}

function isIranian(compact: string): boolean {
  if (!/^\d{10}$/.test(compact) || isRepeated(compact)) return false;
  const rest = weigh(compact, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? rest : 11 - rest) === digitAt(compact, 9);
}

/** The numbers of the Middle East. */
export const middleEasternIds: readonly NumberRow[] = [
  {
    id: "tr_tckn",
    title: "Turkish identification number",
    source: "https://en.wikipedia.org/wiki/Turkish_Identification_Number",
    class: "national_id",
    country: "TR",
    formats: ["99999999999", "999 999 999 99", "999 99 999 999"],
    isValid: isTckn,
    evidence: "near",
    words: ["tckn", "tc kimlik", "t.c.", "kimlik", "tc no", "nüfus", "turkish id", "national id"],
    examples: ["10000000146", "12345678950"],
    counterExamples: ["10000000147", "00000000146"],
  },
  {
    id: "tr_vkn",
    title: "Turkish tax number",
    source: "https://tr.wikipedia.org/wiki/Vergi_kimlik_numarası",
    class: "national_id",
    country: "TR",
    formats: ["9999999999"],
    isValid: isVkn,
    evidence: "near",
    words: ["vkn", "vergi"],
    examples: ["4540536920"],
    counterExamples: ["4540536921"],
  },
  {
    id: "il_teudat_zehut",
    title: "Israeli identity number",
    source: "https://en.wikipedia.org/wiki/Identity_card_(Israel)",
    class: "national_id",
    country: "IL",
    formats: ["999999999", "99999999-9", "9-9999999-9"],
    isValid: isTeudatZehut,
    evidence: "near",
    words: [
      "teudat zehut",
      "ת.ז",
      "ת״ז",
      'ת"ז',
      "תעודת זהות",
      "זהות",
      "israeli id",
      "national id",
      "id number",
    ],
    examples: ["123456782", "0-3933742-3"],
    counterExamples: ["123456783"],
  },
  {
    id: "eg_id",
    title: "Egyptian national number",
    source: "https://en.wikipedia.org/wiki/Egyptian_National_Identity_Card",
    class: "national_id",
    country: "EG",
    formats: ["99999999999999"],
    isValid: isEgyptian,
    evidence: "near",
    words: ["الرقم القومي", "رقم قومي", "egypt", "national id", "national number"],
    examples: ["29001011234567"],
    counterExamples: ["29013011234567", "19001011234567"],
  },
  {
    id: "sa_id",
    title: "Saudi identity or residence number",
    source: "https://en.wikipedia.org/wiki/Saudi_Arabian_identity_card",
    class: "national_id",
    country: "SA",
    formats: ["9999999999"],
    isValid: (compact) => /^[12]\d{9}$/.test(compact) && isLuhn(compact) && !isRepeated(compact.slice(1)),
    evidence: "near",
    words: ["iqama", "إقامة", "الهوية", "هوية", "saudi", "national id"],
    examples: ["1139785792"],
    counterExamples: ["3012345678"],
  },
  {
    id: "ae_emirates_id",
    title: "Emirates ID",
    source: "https://en.wikipedia.org/wiki/Emirates_Identity_Card",
    class: "national_id",
    country: "AE",
    formats: ["784-9999-9999999-9", "784 9999 9999999 9", "784999999999999"],
    isValid: isEmirati,
    evidence: "alone",
    words: ["emirates id", "الهوية", "هوية"],
    examples: ["784-1990-1234567-8", "784199012345678"],
    counterExamples: ["784-2190-1234567-8", "785-1990-1234567-8"],
  },
  {
    id: "kw_civil_id",
    title: "Kuwaiti civil number",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Kuwait",
    class: "national_id",
    country: "KW",
    formats: ["999999999999"],
    isValid: isKuwaiti,
    evidence: "alone",
    words: ["civil id", "المدنية", "المدني"],
    examples: ["257041013186"],
    counterExamples: ["290130100017"],
  },
  {
    id: "ir_code_melli",
    title: "Iranian national code",
    source: "https://fa.wikipedia.org/wiki/کارت_شناسایی_ملی",
    class: "national_id",
    country: "IR",
    formats: ["9999999999", "999-999999-9"],
    isValid: isIranian,
    evidence: "near",
    words: ["کد ملی", "کدملی", "شماره ملی", "melli", "national code"],
    examples: ["0499370899", "0790419904"],
    counterExamples: ["0499370898"],
  },
];
