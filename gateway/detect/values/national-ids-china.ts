// Numbers of people and companies in China, Taiwan, Hong Kong and Macau.

import { digitAt, isRepeated, valueAt, weigh } from "./checksums.ts";
import { isBirthDate, isYymmdd, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

// The first two digits name the province (GB/T 2260).
const province = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)";
const residentShape = new RegExp(String.raw`^${province}\d{15}[\dX]$`);
const oldResidentShape = new RegExp(String.raw`^${province}\d{13}$`);
const companyShape = new RegExp(
  String.raw`^(?:[159][1239]|[2347][129]|6[129]|8[19]|A[19]|N[1239]|Y1)(?:10|${province})\d{4}[\dA-HJ-NPQRTUWXY]{10}$`,
);

function isResident(compact: string): boolean {
  if (!residentShape.test(compact)) return false;
  if (!isBirthDate(numberAt(compact, 6, 4), numberAt(compact, 10, 2), numberAt(compact, 12, 2))) return false;
  const rest = weigh(compact, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
  return "10X98765432"[rest] === compact[17];
}

const companyAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";

function isChineseCompany(compact: string): boolean {
  if (!companyShape.test(compact)) return false;
  // The ninth to the seventeenth character are the organisation's code, which has a check of its own (GB 11714).
  let organisation = 0;
  for (const [at, weight] of [3, 7, 9, 10, 5, 8, 4, 2].entries())
    organisation += weight * valueAt(compact, at + 8);
  if ("0X987654321"[organisation % 11] !== compact[16]) return false;
  let sum = 0;
  let weight = 1;
  for (let at = 0; at < 17; at++) {
    sum += weight * companyAlphabet.indexOf(compact.charAt(at));
    weight = (weight * 3) % 31;
  }
  return companyAlphabet[(31 - (sum % 31)) % 31] === compact[17];
}

// The value of each letter from A to Z, which is its two-digit number.
const taiwaneseLetters = "ABCDEFGHJKLMNPQRSTUVXYWZIO";

function isTaiwanese(compact: string): boolean {
  if (!/^[A-Z][1289]\d{8}$/.test(compact)) return false;
  const letter = taiwaneseLetters.indexOf(compact.charAt(0)) + 10;
  const sum =
    Math.floor(letter / 10) + (letter % 10) * 9 + weigh(compact.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1]);
  return sum % 10 === 0;
}

function isUbn(compact: string): boolean {
  if (!/^\d{8}$/.test(compact) || isRepeated(compact)) return false;
  let sum = 0;
  for (const [at, weight] of [1, 2, 1, 2, 1, 2, 4, 1].entries()) {
    const product = weight * digitAt(compact, at);
    sum += Math.floor(product / 10) + (product % 10);
  }
  return sum % 5 === 0 || (compact[6] === "7" && (sum + 1) % 5 === 0);
}

function isHongKong(compact: string): boolean {
  if (!/^[A-Z]{1,2}\d{6}[\dA]$/.test(compact) || isRepeated(compact.slice(-7, -1))) return false;
  let sum = compact.length === 8 ? 36 * 9 : 0;
  for (let at = 0; at < compact.length; at++) sum += valueAt(compact, at) * (compact.length - at);
  return sum % 11 === 0;
}

/** The numbers of China, Taiwan, Hong Kong and Macau. */
export const chineseIds: readonly NumberRow[] = [
  {
    id: "cn_resident_id",
    title: "Chinese resident identity number",
    source: "https://en.wikipedia.org/wiki/Resident_Identity_Card",
    class: "national_id",
    country: "CN",
    formats: ["99999999999999999*", "999999 99999999 999*", "999999-99999999-999*"],
    isValid: isResident,
    evidence: "alone",
    words: ["身份证", "身份證", "公民身份", "resident id", "identity card"],
    examples: ["11010519491231002X", "440524195001010001"],
    counterExamples: ["110105194912310021", "11010519491331002X"],
  },
  {
    id: "cn_resident_id_old",
    title: "Chinese resident identity number of fifteen digits",
    source: "https://en.wikipedia.org/wiki/Resident_Identity_Card",
    class: "national_id",
    country: "CN",
    formats: ["999999999999999"],
    isValid: (compact) => oldResidentShape.test(compact) && isYymmdd(compact, 6),
    evidence: "near",
    words: ["身份证", "身份證", "公民身份", "resident id"],
    examples: ["110105491231002"],
    counterExamples: ["110105491331002"],
  },
  {
    id: "cn_uscc",
    title: "Chinese unified social credit code",
    source: "https://zh.wikipedia.org/wiki/统一社会信用代码",
    class: "national_id",
    country: "CN",
    formats: ["9*9999999999999999", "A*9999************", "9*9999************"],
    isValid: isChineseCompany,
    evidence: "alone",
    words: ["统一社会信用", "信用代码", "uscc", "social credit code"],
    examples: ["91110000600037341L", "91350100M000100Y43"],
    counterExamples: ["91110000600037342L", "91110000600037341M"],
  },
  {
    id: "tw_id",
    title: "Taiwanese identity number",
    source: "https://en.wikipedia.org/wiki/National_identification_card_(Taiwan)",
    class: "national_id",
    country: "TW",
    formats: ["A999999999"],
    isValid: isTaiwanese,
    evidence: "alone",
    words: ["身分證", "身份證", "統一編號", "居留證"],
    examples: ["A123456789"],
    counterExamples: ["A123456788", "A323456789"],
  },
  {
    id: "tw_ubn",
    title: "Taiwanese company number",
    source: "https://zh.wikipedia.org/wiki/統一編號",
    class: "national_id",
    country: "TW",
    formats: ["99999999"],
    isValid: isUbn,
    evidence: "near",
    words: ["統一編號", "統編", "ubn"],
    examples: ["00501503"],
    counterExamples: ["00501502"],
  },
  {
    id: "hk_id",
    title: "Hong Kong identity card",
    source: "https://en.wikipedia.org/wiki/Hong_Kong_identity_card",
    class: "national_id",
    country: "HK",
    formats: ["A999999(*)", "AA999999(*)", "A999999 (*)", "AA999999 (*)"],
    isValid: isHongKong,
    evidence: "alone",
    words: ["hkid", "身份證", "身份证", "hong kong id"],
    examples: ["A123456(3)", "AB987654(3)"],
    counterExamples: ["A123456(4)"],
  },
  {
    id: "hk_id_plain",
    title: "Hong Kong identity card without brackets",
    source: "https://en.wikipedia.org/wiki/Hong_Kong_identity_card",
    class: "national_id",
    country: "HK",
    formats: ["A999999*", "AA999999*"],
    isValid: isHongKong,
    evidence: "near",
    words: ["hkid", "身份證", "身份证", "hong kong", "identity card"],
    examples: ["A1234563"],
    counterExamples: ["A1234564"],
  },
  {
    id: "mo_id",
    title: "Macau identity card",
    source: "https://en.wikipedia.org/wiki/Macau_Resident_Identity_Card",
    class: "national_id",
    country: "MO",
    formats: ["9999999(9)", "9/999999/9"],
    isValid: (compact) => /^[157]\d{7}$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["澳門", "澳门", "macau", "身份證", "身份证"],
    examples: ["1234567(8)"],
    counterExamples: ["2234567(8)"],
  },
];
