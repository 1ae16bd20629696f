// Numbers of people and taxpayers in Britain and Ireland.

import { isRepeated, weigh } from "./checksums.ts";
import { isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isNhs(compact: string): boolean {
  if (!/^\d{10}$/.test(compact) || isRepeated(compact)) return false;
  return weigh(compact, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
}

const nino = /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/;

function isUtr(compact: string): boolean {
  if (!/^\d{10}$/.test(compact) || isRepeated(compact)) return false;
  const rest = weigh(compact.slice(1), [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
  return "21987654321"[rest] === compact[0];
}

function isPpsn(compact: string): boolean {
  if (!/^\d{7}[A-W][A-IWTX]?$/.test(compact) || isRepeated(compact.slice(0, 7))) return false;
  const second = compact.charCodeAt(8) - 64;
  const sum = weigh(compact, [8, 7, 6, 5, 4, 3, 2]) + (second > 0 && second < 10 ? second * 9 : 0);
  return "WABCDEFGHIJKLMNOPQRSTUV"[sum % 23] === compact[7];
}

// The Community Health Index of Scotland: a day of birth, and the check of an NHS number.
function isChi(compact: string): boolean {
  if (!isNhs(compact)) return false;
  return isShortDate(numberAt(compact, 4, 2), numberAt(compact, 2, 2), numberAt(compact, 0, 2));
}

/** The numbers of Britain and Ireland. */
export const britishIds: readonly NumberRow[] = [
  {
    id: "uk_nhs",
    title: "UK NHS number",
    source: "https://www.datadictionary.nhs.uk/attributes/nhs_number.html",
    class: "national_id",
    country: "GB",
    formats: ["999 999 9999", "999-999-9999", "9999999999"],
    isValid: isNhs,
    evidence: "written",
    words: ["nhs", "health service", "health and care number"],
    examples: ["943 476 5919", "401-023-2137"],
    counterExamples: ["943 476 5918", "401-023-2138"],
  },
  {
    id: "uk_chi",
    title: "Scottish CHI number",
    source: "https://www.datadictionary.nhs.uk/data_elements/community_health_index_number.html",
    class: "national_id",
    country: "GB",
    formats: ["9999999999", "999999 9999", "999999-9999"],
    isValid: isChi,
    evidence: "near",
    words: ["chi", "community health"],
    examples: ["0803332335", "250857 4260"],
    counterExamples: ["9434765919"],
  },
  {
    id: "uk_nino",
    title: "UK National Insurance number",
    source: "https://www.gov.uk/hmrc-internal-manuals/national-insurance-manual/nim39110",
    class: "national_id",
    country: "GB",
    formats: ["AA 99 99 99 A", "AA999999A", "AA-99-99-99-A", "AA 999999 A", "AA99 99 99A"],
    isValid: (compact) => nino.test(compact),
    evidence: "alone",
    words: ["nino", "national insurance", "ni number"],
    examples: ["AA 12 34 56 B", "AB123456C"],
    counterExamples: ["QQ123456C", "BG123456C", "AO123456C", "AB123456E"],
  },
  {
    id: "uk_utr",
    title: "UK unique taxpayer reference",
    source: "https://en.wikipedia.org/wiki/Unique_Taxpayer_Reference",
    class: "national_id",
    country: "GB",
    formats: ["9999999999", "99999 99999", "999 999 9999"],
    isValid: isUtr,
    evidence: "near",
    words: ["utr", "unique taxpayer", "tax reference", "self assessment"],
    examples: ["1955839661"],
    counterExamples: ["2955839661"],
  },
  {
    id: "ie_ppsn",
    title: "Irish personal public service number",
    source: "https://en.wikipedia.org/wiki/Personal_Public_Service_Number",
    class: "national_id",
    country: "IE",
    formats: ["9999999A", "9999999AA", "9999999 A", "9999999 AA"],
    isValid: isPpsn,
    evidence: "alone",
    words: ["pps", "ppsn", "personal public service"],
    examples: ["1234567T", "1234567FA", "6433435F"],
    counterExamples: ["1234567U", "6433435E"],
  },
];
