// Numbers for value added tax, which begin with the country: of companies, and of people who trade in their own name.

import { isMod11And10 } from "./checksums.ts";
import type { NumberRow } from "./table.ts";

// https://taxation-customs.ec.europa.eu/document/download/e5b7a9c0-6b8b-4ed1-8d6d-fa1bfc66cd21_en
const shapes =
  /^(?:ATU\d{8}|BE[01]\d{9}|BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}|DK\d{8}|EE\d{9}|EL\d{9}|ES[\dA-Z]\d{7}[\dA-Z]|FI\d{8}|FR[\dA-Z]{2}\d{9}|GB(?:\d{9}|\d{12})|HR\d{11}|HU\d{8}|IE\d{7}[A-W][A-I]?|IT\d{11}|LT(?:\d{9}|\d{12})|LU\d{8}|LV\d{11}|MT\d{8}|NL\d{9}B\d{2}|NO\d{9}MVA|PL\d{10}|PT\d{9}|RO\d{2,10}|SE\d{12}|SI\d{8}|SK\d{10}|XI\d{9})$/;

function isVat(compact: string): boolean {
  return shapes.test(compact) && !/(\d)\1{6}/.test(compact);
}

/** The numbers for value added tax. */
export const vatRows: readonly NumberRow[] = [
  {
    id: "de_vat",
    title: "German number for value added tax",
    source: "https://de.wikipedia.org/wiki/Umsatzsteuer-Identifikationsnummer",
    class: "national_id",
    country: "DE",
    formats: [
      "DE999999999",
      "DE 999999999",
      "DE 999 999 999",
      "DE-999999999",
      "DE999 999 999",
      "DE 999.999.999",
    ],
    isValid: (compact) => /^DE[1-9]\d{8}$/.test(compact) && isMod11And10(compact.slice(2)),
    evidence: "alone",
    words: ["ust", "umsatzsteuer", "vat", "mwst"],
    examples: ["DE136695976", "DE 136 695 976"],
    counterExamples: ["DE136695977", "DE036695976"],
  },
  {
    id: "eu_vat",
    title: "Number for value added tax",
    source: "https://en.wikipedia.org/wiki/VAT_identification_number",
    class: "national_id",
    country: null,
    formats: [
      "AA99999999",
      "AA999999999",
      "AA9999999999",
      "AA99999999999",
      "AA999999999999",
      "AAA99999999",
      "AA99999999A",
      "AA9999999A",
      "AA9999999AA",
      "AAA9999999A",
      "AA*9999999*",
      "AA**999999999",
      "AA999999999A99",
      "AA999999999AAA",
      "AA 999999999",
      "AA 99999999",
      "AA 9999999999",
      "AA 99999999999",
      "AA 999 9999 99",
      "AA 9999.999.999",
      "AA999.999.999A99",
    ],
    isValid: isVat,
    evidence: "near",
    words: [
      "vat",
      "ust",
      "umsatzsteuer",
      "tva",
      "iva",
      "btw",
      "moms",
      "dph",
      "ptu",
      "pvn",
      "ddv",
      "mva",
      "αφμ",
    ],
    examples: ["ATU13585627", "GB980780684", "NL123456789B13", "BE 0123.456.749"],
    counterExamples: ["XX123456789", "GB000000000"],
  },
];
