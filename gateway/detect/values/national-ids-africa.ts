// Numbers of people and taxpayers in Africa.

import { isLuhn, isRepeated } from "./checksums.ts";
import { isYymmdd } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isSouthAfrican(compact: string): boolean {
  return /^\d{10}[012][89]\d$/.test(compact) && isYymmdd(compact, 0) && isLuhn(compact);
}

/** The numbers of Africa. */
export const africanIds: readonly NumberRow[] = [
  {
    id: "za_id",
    title: "South African identity number",
    source: "https://en.wikipedia.org/wiki/South_African_identity_card",
    class: "national_id",
    country: "ZA",
    formats: ["9999999999999", "999999 9999 999", "999999 9999 99 9"],
    isValid: isSouthAfrican,
    evidence: "alone",
    words: ["id number", "identity number", "rsa id", "south african id", "identity"],
    examples: ["8001015009087", "800101 5009 087"],
    counterExamples: ["8001015009088", "8013015009087"],
  },
  {
    id: "za_tax",
    title: "South African tax number",
    source:
      "https://www.oecd.org/tax/automatic-exchange/crs-implementation-and-assistance/tax-identification-numbers/",
    class: "national_id",
    country: "ZA",
    formats: ["9999999999", "9999/999/99/9"],
    isValid: (compact) => /^[01239]\d{9}$/.test(compact) && isLuhn(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["tax", "sars", "income tax"],
    examples: ["0001339050"],
    counterExamples: ["0001339051", "5001339050"],
  },
  {
    id: "ng_nin",
    title: "Nigerian NIN",
    source: "https://nimc.gov.ng/about-nin/",
    class: "national_id",
    country: "NG",
    formats: ["99999999999", "9999 999 9999"],
    isValid: (compact) => /^[1-9]\d{10}$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["nin", "nimc", "national identi", "bvn", "bank verification"],
    examples: ["12345678901"],
    counterExamples: ["00000000000", "01234567890"],
  },
  {
    id: "ke_id",
    title: "Kenyan identity number",
    source: "https://en.wikipedia.org/wiki/Identity_documents_in_Kenya",
    class: "national_id",
    country: "KE",
    formats: ["99999999", "9999999"],
    isValid: (compact) => /^[1-9]\d{6,7}$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["kitambulisho", "kenya", "national id", "id number", "id no"],
    examples: ["23456789"],
    counterExamples: ["02345678"],
  },
  {
    id: "ke_kra_pin",
    title: "Kenyan KRA PIN",
    source: "https://www.kra.go.ke/individual/individual-pin-registration",
    class: "national_id",
    country: "KE",
    formats: ["A999999999A"],
    isValid: (compact) => /^[AP]\d{9}[A-Z]$/.test(compact) && !isRepeated(compact.slice(1, 10)),
    evidence: "alone",
    words: ["kra", "pin"],
    examples: ["A012345678Z"],
    counterExamples: ["B012345678Z"],
  },
  {
    id: "gh_card",
    title: "Ghana Card",
    source: "https://nia.gov.gh/",
    class: "national_id",
    country: "GH",
    formats: ["GHA-999999999-9", "GHA9999999999"],
    isValid: (compact) => /^GHA\d{10}$/.test(compact) && !isRepeated(compact.slice(3)),
    evidence: "alone",
    words: ["ghana card", "ecowas"],
    examples: ["GHA-712345678-9"],
    counterExamples: ["GHB-712345678-9"],
  },
  {
    id: "ma_cin",
    title: "Moroccan identity card",
    source: "https://en.wikipedia.org/wiki/Moroccan_identity_card",
    class: "national_id",
    country: "MA",
    formats: ["A99999", "A999999", "AA99999", "AA999999"],
    isValid: (compact) => /^[A-Z]{1,2}\d{5,6}$/.test(compact) && !/^[A-Z]+0+$/.test(compact),
    evidence: "near",
    words: ["cnie", "carte nationale", "البطاقة الوطنية"],
    examples: ["AB123456"],
    counterExamples: ["AB000000"],
  },
];
