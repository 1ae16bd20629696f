// Numbers of people and companies in Romania, Bulgaria and the western Balkans.

import { digitAt, isMod11And10, isRepeated, weigh } from "./checksums.ts";
import { isBirthDate, isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

// 1 and 2 stand for births of the 20th century, 5 and 6 of the 21st, 7 and 8 for residents.
function isCnp(compact: string): boolean {
  if (!/^[125-8]\d{6}(?:0[1-9]|[1-3]\d|4[0-8]|5[12]|70)\d{4}$/.test(compact)) return false;
  const first = digitAt(compact, 0);
  const [year, month, day] = [numberAt(compact, 1, 2), numberAt(compact, 3, 2), numberAt(compact, 5, 2)];
  if (
    first > 6 ? !isShortDate(year, month, day) : !isBirthDate((first < 3 ? 1900 : 2000) + year, month, day)
  ) {
    return false;
  }
  const rest = weigh(compact, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  return (rest === 10 ? 1 : rest) === digitAt(compact, 12);
}

function isCui(compact: string): boolean {
  if (!/^[1-9]\d{3,9}$/.test(compact) || isRepeated(compact)) return false;
  const number = compact.padStart(10, "0");
  return ((weigh(number, [7, 5, 3, 2, 1, 7, 5, 3, 2]) * 10) % 11) % 10 === digitAt(number, 9);
}

function isEgn(compact: string): boolean {
  if (!/^\d{10}$/.test(compact)) return false;
  const month = numberAt(compact, 2, 2);
  const year = numberAt(compact, 0, 2);
  const day = numberAt(compact, 4, 2);
  if (month > 40 ? !isBirthDate(2000 + year, month - 40, day) : !isBirthDate(1900 + year, month, day))
    return false;
  return (weigh(compact, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === digitAt(compact, 9);
}

function isOib(compact: string): boolean {
  return /^\d{11}$/.test(compact) && isMod11And10(compact) && !isRepeated(compact);
}

function isJmbg(compact: string): boolean {
  if (!/^\d{13}$/.test(compact)) return false;
  const year = numberAt(compact, 4, 3);
  const born = year > 880 ? 1000 + year : 2000 + year;
  if (!isBirthDate(born, numberAt(compact, 2, 2), numberAt(compact, 0, 2))) return false;
  const rest = weigh(compact, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === digitAt(compact, 12);
}

function isSlovenianTax(compact: string): boolean {
  if (!/^[1-9]\d{7}$/.test(compact) || isRepeated(compact)) return false;
  const check = 11 - (weigh(compact, [8, 7, 6, 5, 4, 3, 2]) % 11);
  return check !== 11 && check % 10 === digitAt(compact, 7);
}

function isPib(compact: string): boolean {
  return /^[1-9]\d{8}$/.test(compact) && isMod11And10(compact) && !isRepeated(compact);
}

function isAlbanian(compact: string): boolean {
  // Women's months have 50 more. The letter counts decades, the digit after it the year in the decade.
  return (
    /^[A-T]\d{8}[A-W]$/.test(compact) && isShortDate(0, numberAt(compact, 2, 2) % 50, numberAt(compact, 4, 2))
  );
}

/** The numbers of the Balkans. */
export const balkanIds: readonly NumberRow[] = [
  {
    id: "ro_cnp",
    title: "Romanian CNP",
    source: "https://ro.wikipedia.org/wiki/Cod_numeric_personal_(România)",
    class: "national_id",
    country: "RO",
    formats: ["9999999999999", "9 999999 999999", "9 99 99 99 99 999 9"],
    isValid: isCnp,
    evidence: "alone",
    words: ["cnp", "cod numeric", "numeric personal"],
    examples: ["1630615123457"],
    counterExamples: ["1630615123458", "1631315123457"],
  },
  {
    id: "ro_cui",
    title: "Romanian company number",
    source: "https://ro.wikipedia.org/wiki/Cod_de_identificare_fiscală",
    class: "national_id",
    country: "RO",
    formats: ["99999999", "999999999", "9999999", "9999999999"],
    isValid: isCui,
    evidence: "near",
    words: ["cui", "cif", "fiscală", "fiscala"],
    examples: ["18547290"],
    counterExamples: ["18547291"],
  },
  {
    id: "bg_egn",
    title: "Bulgarian EGN",
    source: "https://en.wikipedia.org/wiki/Unique_citizenship_number",
    class: "national_id",
    country: "BG",
    formats: ["9999999999"],
    isValid: isEgn,
    evidence: "near",
    words: ["егн", "egn", "граждански номер"],
    examples: ["6512283462", "7501020018", "0341082343"],
    counterExamples: ["7501020019", "7513020018"],
  },
  {
    id: "hr_oib",
    title: "Croatian OIB",
    source: "https://en.wikipedia.org/wiki/Personal_identification_number_(Croatia)",
    class: "national_id",
    country: "HR",
    formats: ["99999999999"],
    isValid: isOib,
    evidence: "near",
    words: ["oib", "osobni identifikacijski"],
    examples: ["33392005961", "69435151530"],
    counterExamples: ["33392005962"],
  },
  {
    id: "yu_jmbg",
    title: "EMŠO or JMBG of Slovenia and its neighbours",
    source: "https://en.wikipedia.org/wiki/Unique_Master_Citizen_Number",
    class: "national_id",
    country: null,
    formats: ["9999999999999", "999999 9999999"],
    isValid: isJmbg,
    evidence: "alone",
    words: ["jmbg", "emšo", "emso", "embg", "јмбг", "ембг", "matični broj", "maticni broj"],
    examples: ["0101006500006"],
    counterExamples: ["0101006500007", "0113006500006"],
  },
  {
    id: "si_tax",
    title: "Slovenian tax number",
    source: "https://sl.wikipedia.org/wiki/Davčna_številka",
    class: "national_id",
    country: "SI",
    formats: ["99999999"],
    isValid: isSlovenianTax,
    evidence: "near",
    words: ["davčna", "davcna", "davčne"],
    examples: ["50223054"],
    counterExamples: ["50223055"],
  },
  {
    id: "rs_pib",
    title: "Serbian tax number",
    source: "https://sr.wikipedia.org/wiki/Порески_идентификациони_број",
    class: "national_id",
    country: "RS",
    formats: ["999999999"],
    isValid: isPib,
    evidence: "near",
    words: ["pib", "пиб", "poreski"],
    examples: ["101134702"],
    counterExamples: ["101134703"],
  },
  {
    id: "al_nid",
    title: "Albanian identity number",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Albania",
    class: "national_id",
    country: "AL",
    formats: ["A99999999A"],
    isValid: isAlbanian,
    evidence: "near",
    words: ["nid", "numri personal", "letërnjoftim"],
    examples: ["I05101999I"],
    counterExamples: ["I05231999I", "I05993999I"],
  },
];
