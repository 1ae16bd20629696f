// Numbers of people and companies in Korea and Japan.

import { digitAt, isRepeated, weigh } from "./checksums.ts";
import { isBirthDate, isYymmdd, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

const koreanWeights = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];

// Numbers that were given since October 2020 are random after the digit that tells sex and century.
function isRrn(compact: string): boolean {
  if (!/^\d{6}[1-4]\d{6}$/.test(compact)) return false;
  const year = (digitAt(compact, 6) < 3 ? 1900 : 2000) + numberAt(compact, 0, 2);
  if (!isBirthDate(year, numberAt(compact, 2, 2), numberAt(compact, 4, 2))) return false;
  return year > 2019 || (11 - (weigh(compact, koreanWeights) % 11)) % 10 === digitAt(compact, 12);
}

// Residents of any age may hold a random number.
function isFrn(compact: string): boolean {
  return /^\d{6}[5-8]\d{6}$/.test(compact) && isYymmdd(compact, 0) && !isRepeated(compact.slice(7));
}

function isBrn(compact: string): boolean {
  if (!/^[1-9]\d{9}$/.test(compact) || compact.slice(3, 5) === "00" || isRepeated(compact)) return false;
  const sum = weigh(compact, [1, 3, 7, 1, 3, 7, 1, 3]) + Math.floor((digitAt(compact, 8) * 5) / 10);
  return (10 - ((sum + digitAt(compact, 8) * 5) % 10)) % 10 === digitAt(compact, 9);
}

function isMyNumber(compact: string): boolean {
  if (!/^\d{12}$/.test(compact) || isRepeated(compact)) return false;
  const rest = weigh(compact, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === digitAt(compact, 11);
}

function isJapaneseCompany(compact: string): boolean {
  if (!/^[1-9]\d{12}$/.test(compact) || isRepeated(compact)) return false;
  return 9 - (weigh(compact.slice(1), [2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]) % 9) === digitAt(compact, 0);
}

/** The numbers of Korea and Japan. */
export const eastAsianIds: readonly NumberRow[] = [
  {
    id: "kr_rrn",
    title: "Korean resident registration number",
    source: "https://en.wikipedia.org/wiki/Resident_registration_number",
    class: "national_id",
    country: "KR",
    formats: ["999999-9999999", "999999 9999999", "9999999999999"],
    isValid: isRrn,
    evidence: "written",
    words: ["주민등록", "주민번호", "rrn", "resident registration"],
    examples: ["900101-1234568", "210105-3123456"],
    counterExamples: ["901301-1234567"],
  },
  {
    id: "kr_frn",
    title: "Korean foreigner registration number",
    source: "https://en.wikipedia.org/wiki/Resident_registration_number",
    class: "national_id",
    country: "KR",
    formats: ["999999-9999999", "999999 9999999", "9999999999999"],
    isValid: isFrn,
    evidence: "written",
    words: ["외국인등록", "외국인번호", "frn", "foreigner registration", "alien registration"],
    examples: ["900101-5234567"],
    counterExamples: ["901301-5234567", "900101-9234567"],
  },
  {
    id: "kr_brn",
    title: "Korean company number",
    source: "https://ko.wikipedia.org/wiki/사업자등록번호",
    class: "national_id",
    country: "KR",
    formats: ["999-99-99999", "9999999999"],
    isValid: isBrn,
    evidence: "written",
    words: ["사업자", "brn", "business registration", "business number"],
    examples: ["116-82-00276"],
    counterExamples: ["116-82-00275"],
  },
  {
    id: "jp_my_number",
    title: "Japanese My Number",
    source: "https://en.wikipedia.org/wiki/Individual_Number",
    class: "national_id",
    country: "JP",
    formats: ["9999 9999 9999", "9999-9999-9999", "999999999999"],
    isValid: isMyNumber,
    evidence: "written",
    words: ["マイナンバー", "個人番号", "my number", "mynumber", "individual number"],
    examples: ["1234 5678 9018", "123456789018"],
    counterExamples: ["1234 5678 9017"],
  },
  {
    id: "jp_company",
    title: "Japanese corporate number",
    source: "https://www.houjin-bangou.nta.go.jp/en/",
    class: "national_id",
    country: "JP",
    formats: ["9999999999999", "9-9999-9999-9999"],
    isValid: isJapaneseCompany,
    evidence: "near",
    words: ["法人番号", "corporate number", "インボイス"],
    examples: ["5835678256246"],
    counterExamples: ["4835678256246"],
  },
];
