// Numbers of people, patients and taxpayers in Australia and New Zealand.

import { digitAt, isRepeated, valueAt, weigh } from "./checksums.ts";
import type { NumberRow } from "./table.ts";

function isTfn(compact: string): boolean {
  if (!/^\d{9}$/.test(compact) || isRepeated(compact)) return false;
  return weigh(compact, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
}

function isAbn(compact: string): boolean {
  if (!/^[1-9]\d{10}$/.test(compact) || isRepeated(compact)) return false;
  return (weigh(compact, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
}

function isAcn(compact: string): boolean {
  if (!/^\d{9}$/.test(compact) || isRepeated(compact)) return false;
  return (10 - (weigh(compact, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === digitAt(compact, 8);
}

function isMedicare(compact: string): boolean {
  if (!/^[2-6]\d{7}\d[1-9]\d?$/.test(compact)) return false;
  return weigh(compact, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(compact, 8);
}

function isIrd(compact: string): boolean {
  if (!/^\d{8,9}$/.test(compact)) return false;
  const number = compact.padStart(9, "0");
  if (number < "010000000" || number > "150000000" || isRepeated(compact)) return false;
  const first = (11 - (weigh(number, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  const check = first < 10 ? first : (11 - (weigh(number, [7, 4, 3, 2, 5, 2, 7, 6]) % 11)) % 11;
  return check === digitAt(number, 8);
}

const nhiLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ";

function isNhi(compact: string): boolean {
  if (!/^[A-HJ-NP-Z]{3}(?:\d{4}|\d{2}[A-HJ-NP-Z]{2})$/.test(compact)) return false;
  let sum = 0;
  for (let at = 0; at < 6; at++) {
    const letter = nhiLetters.indexOf(compact.charAt(at)) + 1;
    sum += (7 - at) * (letter > 0 ? letter : valueAt(compact, at));
  }
  if (/\d$/.test(compact)) return sum % 11 !== 0 && (11 - (sum % 11)) % 10 === digitAt(compact, 6);
  return nhiLetters[23 - (sum % 24)] === compact[6];
}

/** The numbers of Australia and New Zealand. */
export const oceanianIds: readonly NumberRow[] = [
  {
    id: "au_tfn",
    title: "Australian tax file number",
    source: "https://en.wikipedia.org/wiki/Tax_file_number",
    class: "national_id",
    country: "AU",
    formats: ["999 999 999", "999999999"],
    isValid: isTfn,
    evidence: "written",
    words: ["tfn", "tax file"],
    examples: ["123 456 782", "876543210"],
    counterExamples: ["123 456 783", "123-456-782"],
  },
  {
    id: "au_abn",
    title: "Australian business number",
    source: "https://abr.business.gov.au/Help/AbnFormat",
    class: "national_id",
    country: "AU",
    formats: ["99 999 999 999", "99-999-999-999", "99999999999"],
    isValid: isAbn,
    evidence: "written",
    words: ["abn", "australian business"],
    examples: ["51 824 753 556", "51824753556"],
    counterExamples: ["51 824 753 557"],
  },
  {
    id: "au_acn",
    title: "Australian company number",
    source:
      "https://asic.gov.au/for-business/registering-a-company/steps-to-register-a-company/australian-company-numbers/australian-company-number-digit-check/",
    class: "national_id",
    country: "AU",
    formats: ["999 999 999", "999999999"],
    isValid: isAcn,
    evidence: "written",
    words: ["acn", "australian company"],
    examples: ["004 085 616", "000 000 019"],
    counterExamples: ["004 085 617"],
  },
  {
    id: "au_medicare",
    title: "Australian Medicare card",
    source: "https://en.wikipedia.org/wiki/Medicare_card_(Australia)",
    class: "national_id",
    country: "AU",
    formats: [
      "9999 99999 9",
      "9999-99999-9",
      "9999 99999 9 9",
      "9999 99999 9/9",
      "9999999999",
      "99999999999",
    ],
    isValid: isMedicare,
    evidence: "written",
    words: ["medicare"],
    examples: ["2123 45670 1", "2123456701"],
    counterExamples: ["2123 45671 1", "7123 45670 1"],
  },
  {
    id: "nz_ird",
    title: "New Zealand IRD number",
    source: "https://en.wikipedia.org/wiki/New_Zealand_IRD_number",
    class: "national_id",
    country: "NZ",
    formats: ["99-999-999", "999-999-999", "99 999 999", "99999999", "999999999"],
    isValid: isIrd,
    evidence: "written",
    words: ["ird", "inland revenue"],
    examples: ["49-091-850", "136-410-132"],
    counterExamples: ["49-091-851"],
  },
  {
    id: "nz_nhi",
    title: "New Zealand NHI number",
    source: "https://en.wikipedia.org/wiki/NHI_Number",
    class: "national_id",
    country: "NZ",
    formats: ["AAA9999", "AAA99AA"],
    isValid: isNhi,
    evidence: "near",
    words: ["nhi", "health index"],
    examples: ["ZZZ0016", "ZZZ00AX"],
    counterExamples: ["ZZZ0017"],
  },
];
