// Driving licences outside of America, most of them near a word that says so.

import { licenceWords } from "./licence-words.ts";
import { digitAt, isRepeated } from "./checksums.ts";
import { isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isBritish(compact: string): boolean {
  if (!/^(?=.{5}\d)[A-Z]{1,5}9{0,4}\d[0156]\d[0-3]\d{2}[A-Z9]{2}[\dA-Z][A-Z]{2}$/.test(compact)) return false;
  if (compact.length !== 16) return false;
  // Women's months have 50 more. The year is split: its tens before the month, its ones after the day.
  const month = numberAt(compact, 6, 2) % 50;
  const year = digitAt(compact, 5) * 10 + digitAt(compact, 10);
  return isShortDate(year, month, numberAt(compact, 8, 2));
}

function isSerious(compact: string): boolean {
  return /[1-9]/.test(compact) && compact.length > 6 && !/^[A-Z]*(\d)\1*[A-Z]*$/.test(compact);
}

const indianShape =
  /^(?:A[NPRS]|BR|C[GH]|D[DLN]|G[AJ]|H[PR]|J[HK]|K[AL]|L[AD]|M[HLNPZ]|NL|O[DR]|P[BY]|RJ|SK|T[NRSG]|U[AKP]|WB)\d{2}(?:19|20)\d{9}$/;

function isKorean(compact: string): boolean {
  return /^(?:1[1-9]|2[0-68])\d{10}$/.test(compact) && !isRepeated(compact.slice(4, 10));
}

/** The driving licences of Europe, Asia and Australia. */
export const drivingLicenceRows: readonly NumberRow[] = [
  {
    id: "uk_driving_licence",
    title: "British driving licence",
    source: "https://en.wikipedia.org/wiki/Driving_licence_in_the_United_Kingdom#Driver_numbers",
    class: "driving_licence",
    country: "GB",
    formats: [
      "AAAAA999999*****",
      "AAAAA 999999 *****",
      "AAAA9999999*****",
      "AAAA9 999999 *****",
      "AAA99999999*****",
      "AAA99 999999 *****",
      "AA999999999*****",
      "AA999 999999 *****",
      "A9999999999*****",
      "A9999 999999 *****",
      "AAAAA 999999 *** **",
    ],
    isValid: isBritish,
    evidence: "alone",
    words: ["dvla", ...licenceWords],
    examples: ["MORGA657054SM9IJ", "FOX99 702103 J99AB"],
    counterExamples: ["MORGA667354SM9IJ", "MORGA657994SM9IJ", "9ORGA657054SM9IJ"],
  },
  {
    id: "au_driving_licence",
    title: "Australian driving licence",
    source: "https://en.wikipedia.org/wiki/Driver's_licences_in_Australia",
    class: "driving_licence",
    country: "AU",
    formats: ["99999999", "999999999", "9999999", "9999AA", "9999 9999", "999 999 999", "A99999"],
    isValid: (compact) =>
      /^(?:\d{7,9}|\d{4}[A-Z]{2}|[A-Z]\d{5})$/.test(compact) && !/^\D*(\d)\1*\D*$/.test(compact),
    evidence: "near",
    words: licenceWords,
    examples: ["12345678", "1234AB"],
    counterExamples: ["11111111", "0000AB"],
  },
  {
    id: "de_driving_licence",
    title: "German driving licence",
    source: "https://de.wikipedia.org/wiki/Führerschein_und_Fahrerlaubnis_(Deutschland)",
    class: "driving_licence",
    country: "DE",
    formats: ["*9********9", "A**********", "AA99999999*"],
    isValid: (compact) => /^[\dA-Z]{11}$/.test(compact) && /\d.*\d.*\d/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["führerschein", "fuehrerschein", "fahrerlaubnis", "feld 5", ...licenceWords],
    examples: ["B072RRE2I55", "AB12345678X"],
    counterExamples: ["ABCDEFGHIJK", "00000000000"],
  },
  {
    id: "fr_driving_licence",
    title: "French driving licence",
    source: "https://fr.wikipedia.org/wiki/Permis_de_conduire_en_France",
    class: "driving_licence",
    country: "FR",
    formats: ["999999999999", "99AA99999"],
    isValid: isSerious,
    evidence: "near",
    words: ["permis de conduire", "permis"],
    examples: ["150375201234", "13AB12345"],
    counterExamples: ["000000000000"],
  },
  {
    id: "it_driving_licence",
    title: "Italian driving licence",
    source: "https://it.wikipedia.org/wiki/Patente_di_guida_in_Italia",
    class: "driving_licence",
    country: "IT",
    formats: ["AA9999999A", "U1*******A"],
    isValid: (compact) => /^(?:[A-Z]{2}\d{7}[A-Z]|U1[\dA-Z]{7}[A-Z])$/.test(compact) && isSerious(compact),
    evidence: "near",
    words: ["patente", "licenza di guida"],
    examples: ["AA1234567B", "U1H74L0RTA"],
    counterExamples: ["AA0000000B"],
  },
  {
    id: "eu_driving_licence",
    title: "Driving licence of another European country",
    source: "https://www.consilium.europa.eu/prado/en/search-by-document-country.html",
    class: "driving_licence",
    country: null,
    formats: ["9999999999", "99999/99/9999", "99999999", "999999999", "AA-999999 9", "AA 999999", "AA999999"],
    isValid: isSerious,
    evidence: "near",
    words: [
      "rijbewijs",
      "prawo jazdy",
      "carta de condução",
      "körkort",
      "førerkort",
      "kørekort",
      "ajokortti",
      "řidičský průkaz",
      "vezetői engedély",
      "permis de conducere",
      "vozačka dozvola",
      "vozniško dovoljenje",
      "ehliyet",
      "водительск",
      "посвідчення водія",
      "άδεια οδήγησης",
      "permiso de conducir",
      "carnet de conducir",
      "licencia de conducir",
    ],
    examples: ["5123456789", "12345/67/8901"],
    counterExamples: ["0000000000"],
  },
  {
    id: "in_driving_licence",
    title: "Indian driving licence",
    source: "https://en.wikipedia.org/wiki/Driving_licence_in_India",
    class: "driving_licence",
    country: "IN",
    formats: [
      "AA9999999999999",
      "AA99 99999999999",
      "AA-9999999999999",
      "AA-99 99999999999",
      "AA99-99999999999",
    ],
    isValid: (compact) => indianShape.test(compact),
    evidence: "alone",
    words: ["rto", ...licenceWords],
    examples: ["MH14 20110062821", "DL-1420110012345"],
    counterExamples: ["XX14 20110062821", "MH14 31110062821"],
  },
  {
    id: "kr_driving_licence",
    title: "Korean driving licence",
    source: "https://ko.wikipedia.org/wiki/운전면허",
    class: "driving_licence",
    country: "KR",
    formats: ["99-99-999999-99", "99 99 999999 99", "999999999999"],
    isValid: isKorean,
    evidence: "written",
    words: ["운전면허", "면허번호", "korean driver", ...licenceWords],
    examples: ["11-12-345678-90"],
    counterExamples: ["31-12-345678-90"],
  },
  {
    id: "jp_driving_licence",
    title: "Japanese driving licence",
    source: "https://ja.wikipedia.org/wiki/日本の運転免許",
    class: "driving_licence",
    country: "JP",
    formats: ["999999999999", "9999 9999 9999"],
    isValid: (compact) => /^[1-9]\d{11}$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["運転免許", "免許証", "免許番号"],
    examples: ["305012345670"],
    counterExamples: ["005012345670"],
  },
];
