// Numbers of people and companies in Singapore, Malaysia, Thailand, Indonesia, the Philippines and Vietnam.

import { digitAt, isLuhn, isRepeated, weigh } from "./checksums.ts";
import { isShortDate, isYymmdd, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

// What is added to the sum, and the letters, by the letter in front.
const nricSeries = new Map<string, readonly [number, string]>([
  ["S", [0, "JZIHGFEDCBA"]],
  ["T", [4, "JZIHGFEDCBA"]],
  ["F", [0, "XWUTRQPNMLK"]],
  ["G", [4, "XWUTRQPNMLK"]],
  ["M", [3, "XWUTRQPNJLK"]],
]);

function isNric(compact: string): boolean {
  const series = nricSeries.get(compact.charAt(0));
  if (series === undefined || !/^[A-Z]\d{7}[A-Z]$/.test(compact) || isRepeated(compact.slice(1, 8)))
    return false;
  const [added, letters] = series;
  return letters[(added + weigh(compact.slice(1), [2, 7, 6, 5, 4, 3, 2])) % 11] === compact[8];
}

const uenAlphabet = "ABCDEFGHJKLMNPQRSTUVWX0123456789";

function isUen(compact: string): boolean {
  if (/^\d{8}[A-Z]$/.test(compact)) {
    return (
      "XMKECAWLJDB"[weigh(compact, [10, 4, 9, 3, 8, 2, 7, 1]) % 11] === compact[8] &&
      !isRepeated(compact.slice(0, 8))
    );
  }
  if (/^(?:19|20)\d{7}[A-Z]$/.test(compact)) {
    return "ZKCMDNERGWH"[weigh(compact, [10, 8, 6, 4, 9, 7, 5, 3, 1]) % 11] === compact[9];
  }
  if (!/^[RST]\d{2}[A-Z]{2}\d{4}[A-Z]$/.test(compact)) return false;
  let sum = -5;
  for (const [at, weight] of [4, 3, 5, 3, 10, 2, 2, 5, 7].entries()) {
    const value = uenAlphabet.indexOf(compact.charAt(at));
    if (value < 0) return false;
    sum += weight * value;
  }
  return uenAlphabet[((sum % 11) + 11) % 11] === compact[9];
}

const birthPlaces = /^\d{6}(?:0[1-9]|1[0-6]|2[1-9]|[345]\d|6[0-8]|7[124-9]|8[2-9]|9[0-389])\d{4}$/;

function isMyKad(compact: string): boolean {
  return birthPlaces.test(compact) && isYymmdd(compact, 0) && compact.slice(8) !== "0000";
}

function isThai(compact: string): boolean {
  if (!/^[1-8]\d{12}$/.test(compact) || isRepeated(compact)) return false;
  return (11 - (weigh(compact, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === digitAt(compact, 12);
}

const nikShape = /^(?:1[1-9]|2[01]|3[1-6]|5[1-3]|6[1-5]|7[1-6]|8[12]|9[1-7])\d{14}$/;

function isNik(compact: string): boolean {
  // Women's days have 40 more.
  if (!nikShape.test(compact) || compact.endsWith("0000")) return false;
  const day = numberAt(compact, 6, 2);
  return isShortDate(numberAt(compact, 10, 2), numberAt(compact, 8, 2), day > 40 ? day - 40 : day);
}

function isNpwp(compact: string): boolean {
  return /^\d{15}$/.test(compact) && isLuhn(compact.slice(0, 9)) && !isRepeated(compact.slice(0, 9));
}

function isVietnameseTax(compact: string): boolean {
  if (!/^\d{10}(?:\d{3})?$/.test(compact) || isRepeated(compact.slice(2, 9))) return false;
  return 10 - (weigh(compact, [31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11) === digitAt(compact, 9);
}

/** The numbers of South-East Asia. */
export const southEastAsianIds: readonly NumberRow[] = [
  {
    id: "sg_nric",
    title: "Singaporean NRIC or FIN",
    source: "https://en.wikipedia.org/wiki/National_Registration_Identity_Card",
    class: "national_id",
    country: "SG",
    formats: ["A9999999A", "A-9999999-A", "A 9999999 A"],
    isValid: isNric,
    evidence: "alone",
    words: ["nric", "fin", "identity card"],
    examples: ["S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"],
    counterExamples: ["S1234567E", "A1234567D"],
  },
  {
    id: "sg_uen",
    title: "Singaporean entity number (UEN)",
    source: "https://www.uen.gov.sg/ueninternet/faces/pages/admin/aboutUEN.jspx",
    class: "national_id",
    country: "SG",
    formats: ["99999999A", "999999999A", "A99AA9999A"],
    isValid: isUen,
    evidence: "alone",
    words: ["uen", "acra", "entity number"],
    examples: ["00192200M", "197401143C", "198731456C", "S16FC0121D"],
    counterExamples: ["00192200N", "197401143D", "S16FC0121E"],
  },
  {
    id: "my_mykad",
    title: "Malaysian MyKad number",
    source: "https://en.wikipedia.org/wiki/Malaysian_identity_card",
    class: "national_id",
    country: "MY",
    formats: ["999999-99-9999", "999999 99 9999", "999999999999"],
    isValid: isMyKad,
    evidence: "written",
    words: ["mykad", "nric", "kad pengenalan", "ic no", "ic number", "no. k/p", "no kp"],
    examples: ["770305-02-1234", "890131-06-5224"],
    counterExamples: ["771305-02-1234", "770305-17-1234"],
  },
  {
    id: "th_id",
    title: "Thai identity number",
    source: "https://en.wikipedia.org/wiki/Thai_identity_card",
    class: "national_id",
    country: "TH",
    formats: ["9-9999-99999-99-9", "9 9999 99999 99 9", "9999999999999"],
    isValid: isThai,
    evidence: "written",
    words: [
      "เลขประจำตัว",
      "บัตรประชาชน",
      "ประชาชน",
      "รหัสปชช",
      "thai id",
      "thai national id",
      "tnin",
      "citizen id",
    ],
    examples: ["1-2345-45678-78-1", "3100600445635"],
    counterExamples: ["1-2345-45678-78-2"],
  },
  {
    id: "id_nik",
    title: "Indonesian NIK",
    source: "https://id.wikipedia.org/wiki/Nomor_Induk_Kependudukan",
    class: "national_id",
    country: "ID",
    formats: ["9999999999999999", "999999 999999 9999", "99.99.99.999999.9999"],
    isValid: isNik,
    evidence: "near",
    words: ["nik", "ktp", "kependudukan", "no. ktp"],
    examples: ["3171011708450001"],
    counterExamples: ["3171011713450001", "4171011708450001"],
  },
  {
    id: "id_npwp",
    title: "Indonesian NPWP",
    source: "https://id.wikipedia.org/wiki/Nomor_Pokok_Wajib_Pajak",
    class: "national_id",
    country: "ID",
    formats: ["99.999.999.9-999.999", "999999999999999"],
    isValid: isNpwp,
    evidence: "written",
    words: ["npwp", "pajak"],
    examples: ["01.300.066.6-091.000"],
    counterExamples: ["01.300.066.7-091.000"],
  },
  {
    id: "ph_tin",
    title: "Philippine taxpayer identification number",
    source: "https://en.wikipedia.org/wiki/Taxpayer_Identification_Number",
    class: "national_id",
    country: "PH",
    formats: ["999-999-999", "999-999-999-999", "999-999-999-99999", "999999999", "999999999999"],
    isValid: (compact) => /^\d{9}(?:\d{3}|\d{5})?$/.test(compact) && !isRepeated(compact.slice(0, 9)),
    evidence: "near",
    words: ["tin", "bir tin", "taxpayer", "tax id", "rdo", "revenue district"],
    examples: ["123-456-789", "123-456-789-000"],
    counterExamples: ["111-111-111"],
  },
  {
    id: "ph_sss",
    title: "Philippine SSS or UMID number",
    source: "https://en.wikipedia.org/wiki/Unified_Multi-Purpose_ID",
    class: "national_id",
    country: "PH",
    formats: ["99-9999999-9", "9999-9999999-9", "9999999999", "999999999999"],
    isValid: (compact) => /^\d{10}(?:\d{2})?$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["sss", "umid", "crn", "philhealth", "pag-ibig", "philsys"],
    examples: ["34-1234567-8", "0111-1234567-8"],
    counterExamples: ["11-1111111-1"],
  },
  {
    id: "vn_cccd",
    title: "Vietnamese citizen identity number",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Vietnam",
    class: "national_id",
    country: "VN",
    formats: ["999999999999", "999999999"],
    isValid: (compact) => /^0(?!00)\d{2}[0-3]\d{8}$|^[0-3]\d{8}$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["cccd", "cmnd", "căn cước", "can cuoc", "chứng minh", "định danh"],
    examples: ["001090012345"],
    counterExamples: ["000090012345", "101090012345"],
  },
  {
    id: "vn_tax",
    title: "Vietnamese tax code",
    source:
      "https://www.oecd.org/tax/automatic-exchange/crs-implementation-and-assistance/tax-identification-numbers/",
    class: "national_id",
    country: "VN",
    formats: ["9999999999", "9999999999-999"],
    isValid: isVietnameseTax,
    evidence: "near",
    words: ["mst", "mã số thuế", "ma so thue", "tax code"],
    examples: ["0100233488"],
    counterExamples: ["0100233487"],
  },
];
