// Passports: by country, near a word that says so. No country's number has more than a shape to tell it by.

import { isGermanDocument } from "./national-ids-central-europe.ts";
import type { NumberRow } from "./table.ts";

const words: readonly string[] = [
  "passport",
  "travel document",
  "reisepass",
  "passnummer",
  "pass-nr",
  "passeport",
  "pasaporte",
  "passaporto",
  "passaporte",
  "paspoort",
  "paszport",
  "cestovní pas",
  "útlevél",
  "pașaport",
  "pasaport",
  "passi",
  "pas nr",
  "διαβατήριο",
  "паспорт",
  "загранпаспорт",
  "护照",
  "護照",
  "パスポート",
  "旅券",
  "여권",
  "جواز",
  "דרכון",
  "पासपोर्ट",
  "หนังสือเดินทาง",
  "hộ chiếu",
  "paspor",
];

/** Country, its name, how its passports are written, and a made number. */
type Passport = readonly [country: string, name: string, formats: readonly string[], example: string];

const passports: readonly Passport[] = [
  ["US", "US", ["999999999", "A99999999"], "A12345678"],
  ["GB", "British", ["999999999", "AA9999999"], "925665416"],
  ["CA", "Canadian", ["AA999999", "A999999AA"], "AB123456"],
  ["AU", "Australian", ["A9999999", "AA9999999"], "N1234567"],
  ["NZ", "New Zealand", ["AA999999"], "LA123456"],
  ["IE", "Irish", ["AA9999999", "A99999999"], "PA1234567"],
  ["FR", "French", ["99AA99999"], "12AB34567"],
  ["IT", "Italian", ["AA9999999"], "YA1234567"],
  ["ES", "Spanish", ["AAA999999", "AA999999", "A9999999"], "ABC123456"],
  ["PT", "Portuguese", ["A999999", "AA999999"], "AB123456"],
  ["NL", "Dutch", ["AA******9"], "NW12B3KD5"],
  ["BE", "Belgian", ["AA999999"], "EJ123456"],
  ["CH", "Swiss", ["A9999999"], "X1234567"],
  ["AT", "Austrian", ["A9999999", "A 9999999", "AA9999999"], "P 1234567"],
  ["PL", "Polish", ["AA9999999", "AA 9999999"], "EH1234567"],
  ["CZ", "Czech", ["99999999"], "39123456"],
  ["HU", "Hungarian", ["AA999999", "AA9999999"], "BH123456"],
  ["RO", "Romanian", ["99999999", "999999999"], "051234567"],
  ["GR", "Greek", ["AA9999999"], "AE1234567"],
  ["SE", "Swedish", ["99999999", "AA999999"], "91234567"],
  ["NO", "Norwegian", ["99999999", "AAA999999"], "29123456"],
  ["DK", "Danish", ["999999999"], "209123456"],
  ["FI", "Finnish", ["AA9999999"], "FP1234567"],
  ["RU", "Russian", ["99 9999999", "999999999", "99 99 999999", "9999 999999", "9999999999"], "45 08 123456"],
  ["UA", "Ukrainian", ["AA999999", "999999999"], "FE123456"],
  ["TR", "Turkish", ["A99999999"], "U12345678"],
  ["IL", "Israeli", ["99999999"], "21234567"],
  ["IN", "Indian", ["A9999999", "A99 99999"], "K1234567"],
  ["PK", "Pakistani", ["AA9999999"], "AB1234567"],
  ["CN", "Chinese", ["A99999999", "AA9999999"], "E12345678"],
  ["TW", "Taiwanese", ["999999999"], "312345678"],
  ["HK", "Hong Kong", ["A99999999", "AA9999999"], "K12345678"],
  ["JP", "Japanese", ["AA9999999"], "TR1234567"],
  ["KR", "Korean", ["A99999999", "A999A9999"], "M123A4567"],
  ["SG", "Singaporean", ["A9999999A"], "K1234567M"],
  ["MY", "Malaysian", ["A99999999"], "A12345678"],
  ["TH", "Thai", ["AA9999999", "A999999"], "AA1234567"],
  ["ID", "Indonesian", ["A9999999", "AA999999"], "B1234567"],
  ["PH", "Philippine", ["A9999999A", "AA9999999"], "P1234567A"],
  ["VN", "Vietnamese", ["A9999999", "A99999999"], "C1234567"],
  ["BR", "Brazilian", ["AA999999"], "FX123456"],
  ["MX", "Mexican", ["A99999999", "99999999999"], "G12345678"],
  ["AR", "Argentine", ["AAA999999"], "AAF123456"],
  ["CO", "Colombian", ["AA999999"], "AT123456"],
  ["CL", "Chilean", ["A99999999", "A9999999"], "F12345678"],
  ["ZA", "South African", ["A99999999"], "M12345678"],
  ["NG", "Nigerian", ["A99999999"], "B50123456"],
  ["KE", "Kenyan", ["A999999", "AA999999", "AA9999999"], "AK123456"],
  ["EG", "Egyptian", ["A99999999"], "A12345678"],
  ["SA", "Saudi", ["A999999", "A99999999"], "R123456"],
  ["AE", "Emirati", ["A99999999", "AA9999999", "A9999999"], "N12345678"],
  ["IR", "Iranian", ["A99999999"], "E12345678"],
];

/** Says whether digits and letters are no number that merely fills a form. */
function isSerious(compact: string): boolean {
  return (
    compact.length > 5 &&
    compact.length < 12 &&
    /[1-9]/.test(compact) &&
    !/^[A-Z]*(\d)\1*[A-Z]*$/.test(compact)
  );
}

function toRow([country, name, formats, example]: Passport): NumberRow {
  return {
    id: `${country.toLowerCase()}_passport`,
    title: `${name} passport`,
    source: "https://www.consilium.europa.eu/prado/en/search-by-document-country.html",
    class: "passport",
    country,
    formats,
    isValid: isSerious,
    evidence: "near",
    words,
    examples: [example],
    counterExamples: [example.replaceAll(/\d/g, "0"), `${example}12345`],
  };
}

const german: NumberRow = {
  id: "de_passport",
  title: "German passport",
  source: "https://de.wikipedia.org/wiki/Deutscher_Reisepass",
  class: "passport",
  country: "DE",
  formats: ["A********", "A********9", "A********9A"],
  isValid: isGermanDocument,
  evidence: "near",
  words,
  examples: ["C01X00T47", "C01X00T478"],
  counterExamples: ["C01X00T479", "AEIOU1234"],
};

/** The passports of fifty countries. */
export const passportRows: readonly NumberRow[] = [german, ...passports.map(toRow)];
