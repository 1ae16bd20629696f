// Numbers of people and companies in Italy, Greece, Cyprus and Malta.

import { digitAt, isLuhn, isRepeated, valueAt, weigh } from "./checksums.ts";
import { isDdmmyy, isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

// Someone whose code is taken already gets letters in place of digits: https://it.wikipedia.org/wiki/Omocodia
const fiscalShape = /^[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2}[A-MZ][\dLMNP-V]{3}[A-Z]$/;
const omocodia = "LMNPQRSTUV";
const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

function isCodiceFiscale(compact: string): boolean {
  if (!fiscalShape.test(compact)) return false;
  const digits = compact.slice(6, 11).replaceAll(/[LMNP-V]/g, (letter) => String(omocodia.indexOf(letter)));
  // The letter of the month stands at place 8 and may be L, M, P, R, S or T itself.
  const month = "ABCDEHLMPRST".indexOf(compact.slice(8, 9)) + 1;
  const day = numberAt(digits, 3, 2);
  if (!isShortDate(numberAt(digits, 0, 2), month, day > 40 ? day - 40 : day)) return false;
  let sum = 0;
  for (let at = 0; at < 15; at++) {
    const value = valueAt(compact, at);
    const place = value > 9 ? value - 10 : value;
    sum += at % 2 === 0 ? (oddValues[place] ?? 0) : place;
  }
  return compact.charCodeAt(15) - 65 === sum % 26;
}

function isPartitaIva(compact: string): boolean {
  if (!/^\d{7}(?:0(?!00)\d\d|100|12[01]|888|999)\d$/.test(compact) || compact.startsWith("0000000"))
    return false;
  return isLuhn(compact);
}

function isAmka(compact: string): boolean {
  return /^\d{11}$/.test(compact) && isDdmmyy(compact, 0) && isLuhn(compact);
}

function isAfm(compact: string): boolean {
  if (!/^\d{9}$/.test(compact) || isRepeated(compact)) return false;
  return (weigh(compact, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === digitAt(compact, 8);
}

function isCypriotTax(compact: string): boolean {
  if (!/^[013-59]\d{7}[A-Z]$/.test(compact) || compact.startsWith("12")) return false;
  let sum = 0;
  for (let at = 0; at < 8; at++) {
    const digit = digitAt(compact, at);
    sum += at % 2 === 0 ? (oddValues[digit] ?? 0) : digit;
  }
  return compact.charCodeAt(8) - 65 === sum % 26;
}

/** The numbers of Italy, Greece, Cyprus and Malta. */
export const southernEuropeanIds: readonly NumberRow[] = [
  {
    id: "it_codice_fiscale",
    title: "Italian codice fiscale",
    source: "https://it.wikipedia.org/wiki/Codice_fiscale",
    class: "national_id",
    country: "IT",
    formats: ["AAAAAA**A**A***A", "AAA AAA **A** A***A"],
    isValid: isCodiceFiscale,
    evidence: "alone",
    words: ["codice fiscale", "c.f.", "fiscale"],
    examples: ["RSSMRA85T10A562S", "MRTMTT91D08F205J"],
    counterExamples: ["RSSMRA85T10A562T", "RSSMRA85T34A562S"],
  },
  {
    id: "it_partita_iva",
    title: "Italian partita IVA",
    source: "https://it.wikipedia.org/wiki/Partita_IVA",
    class: "national_id",
    country: "IT",
    formats: ["99999999999"],
    isValid: isPartitaIva,
    evidence: "near",
    words: ["partita iva", "p.iva", "piva", "p. iva", "p.i.", "vat"],
    examples: ["01333550323", "00743110157"],
    counterExamples: ["01333550324"],
  },
  {
    id: "it_id_card",
    title: "Italian identity card",
    source: "https://it.wikipedia.org/wiki/Carta_d'identità_elettronica_italiana",
    class: "national_id",
    country: "IT",
    formats: ["AA9999999", "AA 9999999", "AA99999AA", "9999999AA"],
    isValid: (compact) => /^[A-Z]{2}\d{7}$|^[A-Z]{2}\d{5}[A-Z]{2}$|^\d{7}[A-Z]{2}$/.test(compact),
    evidence: "near",
    words: ["carta d'identit", "carta di identit", "carta d’identit", "identità", "carta", "cie"],
    examples: ["CA00000AA", "AA1234567", "1234567AA"],
    counterExamples: ["A12345678"],
  },
  {
    id: "gr_amka",
    title: "Greek AMKA",
    source: "https://el.wikipedia.org/wiki/Αριθμός_Μητρώου_Κοινωνικής_Ασφάλισης",
    class: "national_id",
    country: "GR",
    formats: ["99999999999", "999999 99999"],
    isValid: isAmka,
    evidence: "near",
    words: ["amka", "αμκα"],
    examples: ["01013099997"],
    counterExamples: ["01013099998", "01133099997"],
  },
  {
    id: "gr_afm",
    title: "Greek AFM",
    source: "https://el.wikipedia.org/wiki/Αριθμός_Φορολογικού_Μητρώου",
    class: "national_id",
    country: "GR",
    formats: ["999999999", "999 999 999"],
    isValid: isAfm,
    evidence: "near",
    words: ["afm", "αφμ", "α.φ.μ", "vat", "tax"],
    examples: ["094259216"],
    counterExamples: ["094259217"],
  },
  {
    id: "cy_tax",
    title: "Cypriot tax number",
    source:
      "https://www.oecd.org/tax/automatic-exchange/crs-implementation-and-assistance/tax-identification-numbers/",
    class: "national_id",
    country: "CY",
    formats: ["99999999A"],
    isValid: isCypriotTax,
    evidence: "alone",
    words: ["tic", "tin", "vat", "tax"],
    examples: ["10259033P"],
    counterExamples: ["10259033Z"],
  },
  {
    id: "mt_id",
    title: "Maltese identity card",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Malta",
    class: "national_id",
    country: "MT",
    formats: ["9999999A", "999999A"],
    isValid: (compact) => /^\d{6,7}[ABGHLMPZ]$/.test(compact) && !isRepeated(compact.slice(0, -1)),
    evidence: "near",
    words: ["identity card", "id card", "karta tal-identit"],
    examples: ["1234567M"],
    counterExamples: ["1234567X"],
  },
];
