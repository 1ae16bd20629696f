// Driving licences of the United States, Canada and Brazil.

import { licenceWords } from "./licence-words.ts";
import { digitAt, isRepeated, weigh } from "./checksums.ts";
import { isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

// The shapes of the states: https://ntsi.com/drivers-license-format/
const stateShapes =
  /^(?:\d{7,10}|\d{12,13}|[A-Z]\d{6,14}|[A-Z]{2}\d{5,7}|[A-Z]{2}\d{6}[A-Z]|[A-Z]{3}\d{6}|\d{7,9}[A-Z]|\d{8}[A-Z]{2}|\d{2}[A-Z]{3}\d{5}|\d{3}[A-Z]{2}\d{4}|[A-Z]{5}\d{3}[A-Z]{2}|WDL[\dA-Z]{9}|[A-Z]\d{18})$/;

function isOfAState(compact: string): boolean {
  return stateShapes.test(compact) && !/^[A-Z]*(\d)\1*[A-Z]*$/.test(compact);
}

function isSerious(compact: string): boolean {
  return /[1-9]/.test(compact) && compact.length > 6 && !/^[A-Z]*(\d)\1*[A-Z]*$/.test(compact);
}

function isOntarian(compact: string): boolean {
  if (!/^[A-Z]\d{14}$/.test(compact)) return false;
  const month = numberAt(compact, 11, 2) % 50;
  return isShortDate(numberAt(compact, 9, 2), month, numberAt(compact, 13, 2));
}

function isCnh(compact: string): boolean {
  if (!/^\d{11}$/.test(compact) || isRepeated(compact)) return false;
  const first = weigh(compact, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11;
  const second = weigh(compact, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11;
  const less = first > 9 ? 2 : 0;
  const check = (((second > 9 ? 0 : second) - less + 11) % 11) % 10;
  return (first > 9 ? 0 : first) === digitAt(compact, 9) && check === digitAt(compact, 10);
}

/** The driving licences of America. */
export const americanLicenceRows: readonly NumberRow[] = [
  {
    id: "us_driving_licence",
    title: "US driver's license",
    source: "https://ntsi.com/drivers-license-format/",
    class: "driving_licence",
    country: "US",
    formats: [
      "9999999",
      "99999999",
      "999999999",
      "9999999999",
      "999999999999",
      "9999999999999",
      "99 999 999",
      "999 999 999",
      "99-999-9999",
      "999-99-9999",
      "9999-99-9999",
      "999999-999",
      "A999999",
      "A9999999",
      "A99999999",
      "A999999999",
      "A9999999999",
      "A99999999999",
      "A999999999999",
      "A9999999999999",
      "A99999999999999",
      "A999999999999999999",
      "A999-9999",
      "A99-99-9999",
      "A99-999-999",
      "A999-9999-9999",
      "A999-9999-9999-99",
      "A999-999-99-999-9",
      "A-999-999-999-999",
      "A 999 999 999 999",
      "A9999 99999 99999",
      "AA99999",
      "AA999999",
      "AA9999999",
      "AA999999A",
      "AAA999999",
      "9999999A",
      "99999999A",
      "999999999A",
      "99999999AA",
      "99AAA99999",
      "999AA9999",
      "AAAAA999AA",
      "WDL*********",
    ],
    isValid: isOfAState,
    evidence: "near",
    words: licenceWords,
    examples: ["I1234562", "H12-34-5678", "D123-4567-8901", "S123-456-78-901-0", "12345678"],
    counterExamples: ["I0000000", "11111111", "123456"],
  },
  {
    id: "ca_driving_licence",
    title: "Canadian driving licence",
    source: "https://en.wikipedia.org/wiki/Driver's_licences_in_Canada",
    class: "driving_licence",
    country: "CA",
    formats: ["A9999-999999-99", "A9999 999999 99", "A999999999999", "9999999", "999999-999", "999999999"],
    isValid: isSerious,
    evidence: "near",
    words: ["permis de conduire", ...licenceWords],
    examples: ["D1234-567890-12", "1234567"],
    counterExamples: ["D0000-000000-00"],
  },
  {
    id: "ca_ontario_licence",
    title: "Ontario driving licence",
    source: "https://en.wikipedia.org/wiki/Driver's_licences_in_Canada",
    class: "driving_licence",
    country: "CA",
    formats: ["A9999-99999-99999", "A9999 99999 99999", "A99999999999999"],
    isValid: isOntarian,
    evidence: "alone",
    words: licenceWords,
    examples: ["A3456-78999-00101", "A34567899905101"],
    counterExamples: ["A3456-78999-01301", "A3456-78999-00100"],
  },
  {
    id: "br_cnh",
    title: "Brazilian CNH",
    source: "https://pt.wikipedia.org/wiki/Carteira_Nacional_de_Habilitação",
    class: "driving_licence",
    country: "BR",
    formats: ["99999999999"],
    isValid: isCnh,
    evidence: "near",
    words: ["cnh", "habilitação", "habilitacao"],
    examples: ["62472927637", "40522259906"],
    counterExamples: ["62472927638"],
  },
];
