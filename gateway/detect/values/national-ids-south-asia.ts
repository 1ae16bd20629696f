// Numbers of people and taxpayers in India, Pakistan, Bangladesh and Sri Lanka.

import { digitAt, isLuhn, isRepeated, isVerhoeff, valueAt } from "./checksums.ts";
import { isBirthDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isPalindrome(text: string): boolean {
  for (let at = 0; at < text.length / 2; at++) if (text[at] !== text[text.length - 1 - at]) return false;
  return true;
}

function isAadhaar(compact: string): boolean {
  return /^[2-9]\d{11}$/.test(compact) && isVerhoeff(compact) && !isPalindrome(compact);
}

function isAadhaarVirtual(compact: string): boolean {
  return /^[2-9]\d{15}$/.test(compact) && isVerhoeff(compact) && !isPalindrome(compact);
}

const panShape = /^[A-Z]{3}[ABCEFGHJKLPT][A-Z]\d{4}[A-Z]$/;

function isPan(compact: string): boolean {
  return panShape.test(compact) && compact.slice(5, 9) !== "0000";
}

function isGstin(compact: string): boolean {
  if (!/^(?:0[1-9]|[12]\d|3[0-8]|9[79])[\dA-Z]{10}[1-9A-Z][A-Z][\dA-Z]$/.test(compact)) return false;
  if (!isPan(compact.slice(2, 12))) return false;
  let sum = 0;
  for (let at = 0; at < 14; at++) {
    const product = valueAt(compact, at) * (at % 2 === 0 ? 1 : 2);
    sum += Math.floor(product / 36) + (product % 36);
  }
  return (36 - (sum % 36)) % 36 === valueAt(compact, 14);
}

function isVoter(compact: string): boolean {
  return /^[A-Z]{3}\d{7}$/.test(compact) && isLuhn(compact.slice(3)) && !isRepeated(compact.slice(3));
}

function isCnic(compact: string): boolean {
  return /^[1-7]\d{11}[1-9]$/.test(compact) && !isRepeated(compact) && compact.slice(5, 12) !== "0000000";
}

function isSriLankan(compact: string): boolean {
  const isOld = /^\d{9}[VX]$/.test(compact);
  if (!isOld && !/^(?:19|20)\d{10}$/.test(compact)) return false;
  const year = isOld ? 1900 + numberAt(compact, 0, 2) : numberAt(compact, 0, 4);
  const dayOfYear = numberAt(compact, isOld ? 2 : 4, 3) % 500;
  return isBirthDate(year, 1, 1) && dayOfYear > 0 && dayOfYear < 367;
}

function isBangladeshi(compact: string): boolean {
  if (/^[1-9]\d{9}$/.test(compact)) return !isRepeated(compact);
  if (/^(?:19|20)\d{15}$/.test(compact)) return isBirthDate(numberAt(compact, 0, 4), 1, 1);
  return /^\d{13}$/.test(compact) && !isRepeated(compact) && digitAt(compact, 0) > 0;
}

/** The numbers of South Asia. */
export const southAsianIds: readonly NumberRow[] = [
  {
    id: "in_aadhaar",
    title: "Indian Aadhaar number",
    source: "https://en.wikipedia.org/wiki/Aadhaar",
    class: "national_id",
    country: "IN",
    formats: ["9999 9999 9999", "9999-9999-9999", "9999.9999.9999", "9999:9999:9999", "999999999999"],
    isValid: isAadhaar,
    evidence: "written",
    words: ["aadhaar", "aadhar", "adhaar", "uidai", "आधार"],
    examples: ["2341 2341 2346", "234123412346"],
    counterExamples: ["2341 2341 2347", "1341 2341 2346"],
  },
  {
    id: "in_vid",
    title: "Indian Aadhaar virtual number",
    source: "https://en.wikipedia.org/wiki/Aadhaar",
    class: "national_id",
    country: "IN",
    formats: ["9999 9999 9999 9999", "9999999999999999"],
    isValid: isAadhaarVirtual,
    evidence: "near",
    words: ["vid number", "vid no", "virtual id", "aadhaar", "aadhar", "uidai"],
    examples: ["9607 2972 4760 7300"],
    counterExamples: ["1341 2341 2341 2341"],
  },
  {
    id: "in_pan",
    title: "Indian permanent account number (PAN)",
    source: "https://en.wikipedia.org/wiki/Permanent_account_number",
    class: "national_id",
    country: "IN",
    formats: ["AAAAA9999A", "AAAAA 9999 A", "AAAAA-9999-A"],
    isValid: isPan,
    evidence: "alone",
    words: ["pan", "permanent account", "income tax"],
    examples: ["ABCPE1234F", "AAACZ1234C"],
    counterExamples: ["ABCDE1234F", "ABCPE0000F"],
  },
  {
    id: "in_gstin",
    title: "Indian GST number",
    source: "https://en.wikipedia.org/wiki/Goods_and_Services_Tax_(India)",
    class: "national_id",
    country: "IN",
    formats: ["99AAAAA9999A***"],
    isValid: isGstin,
    evidence: "alone",
    words: ["gstin", "gst"],
    examples: ["27AAPFU0939F1ZV", "27AASCS2460H1Z0"],
    counterExamples: ["27AAPFU0939F1ZW", "27AAXXU0939F1ZV"],
  },
  {
    id: "in_voter",
    title: "Indian voter identity card (EPIC)",
    source: "https://en.wikipedia.org/wiki/Voter_ID_(India)",
    class: "national_id",
    country: "IN",
    formats: ["AAA9999999"],
    isValid: isVoter,
    evidence: "near",
    words: ["voter", "epic", "elector", "मतदाता"],
    examples: ["WKH1186253"],
    counterExamples: ["WKH1186254"],
  },
  {
    id: "pk_cnic",
    title: "Pakistani CNIC",
    source: "https://en.wikipedia.org/wiki/CNIC_(Pakistan)",
    class: "national_id",
    country: "PK",
    formats: ["99999-9999999-9", "99999 9999999 9", "9999999999999"],
    isValid: isCnic,
    evidence: "written",
    words: ["cnic", "nicop", "nadra", "شناختی"],
    examples: ["34201-0891231-8", "42201-0397640-8"],
    counterExamples: ["94201-0891231-8", "34201-0000000-8"],
  },
  {
    id: "lk_nic",
    title: "Sri Lankan NIC",
    source: "https://en.wikipedia.org/wiki/National_identity_card_(Sri_Lanka)",
    class: "national_id",
    country: "LK",
    formats: ["999999999A"],
    isValid: isSriLankan,
    evidence: "alone",
    words: ["nic", "national identity"],
    examples: ["853400937V", "857400937X"],
    counterExamples: ["854400937V", "853400937A"],
  },
  {
    id: "lk_nic_long",
    title: "Sri Lankan NIC of twelve digits",
    source: "https://en.wikipedia.org/wiki/National_identity_card_(Sri_Lanka)",
    class: "national_id",
    country: "LK",
    formats: ["999999999999"],
    isValid: isSriLankan,
    evidence: "near",
    words: ["nic", "national identity"],
    examples: ["198534000937"],
    counterExamples: ["198544000937"],
  },
  {
    id: "bd_nid",
    title: "Bangladeshi national identity number",
    source: "https://en.wikipedia.org/wiki/National_identity_card_(Bangladesh)",
    class: "national_id",
    country: "BD",
    formats: ["9999999999", "9999999999999", "99999999999999999", "999 999 9999"],
    isValid: isBangladeshi,
    evidence: "near",
    words: ["nid", "national id", "জাতীয় পরিচয়", "voter id"],
    examples: ["2345678901", "19851234567890123"],
    counterExamples: ["0345678901"],
  },
];
