// Numbers of people and companies in France and the Low Countries.

import { isLuhn, isRepeated, isVerhoeff, weigh } from "./checksums.ts";
import { isBirthDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isNir(compact: string): boolean {
  if (!/^[1278]\d{2}(?:0[1-9]|1[0-2]|20)(?:\d{2}|2[AB])\d{8}$/.test(compact)) return false;
  if (compact.slice(5, 7) === "00" || compact.slice(7, 10) === "000" || compact.slice(10, 13) === "000")
    return false;
  const number = compact.slice(0, 13).replace("2A", "19").replace("2B", "18");
  return 97 - (Number(number) % 97) === numberAt(compact, 13, 2);
}

function isFrenchTax(compact: string): boolean {
  return (
    /^[0-3]\d{12}$/.test(compact) &&
    Number(compact.slice(0, 10)) % 511 === numberAt(compact, 10, 3) &&
    !isRepeated(compact)
  );
}

function isSiren(compact: string): boolean {
  return /^\d{9}$/.test(compact) && isLuhn(compact) && !isRepeated(compact);
}

function isSiret(compact: string): boolean {
  if (!/^\d{14}$/.test(compact) || isRepeated(compact.slice(0, 9))) return false;
  // The post office has more establishments than Luhn's formula leaves numbers for.
  if (compact.startsWith("356000000") && !isLuhn(compact)) return weigh(compact, Array(14).fill(1)) % 5 === 0;
  return isLuhn(compact.slice(0, 9)) && isLuhn(compact);
}

function isBsn(compact: string): boolean {
  if (!/^\d{8,9}$/.test(compact) || isRepeated(compact)) return false;
  const number = compact.padStart(9, "0");
  return number > "001000000" && weigh(number, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

function hasBelgianCheck(compact: string, year: number): boolean {
  const number = numberAt(compact, 0, 9) + (year < 2000 ? 0 : 2_000_000_000);
  return 97 - (number % 97) === numberAt(compact, 9, 2);
}

function isBelgianOf(compact: string, month: number): boolean {
  const year = numberAt(compact, 0, 2);
  const day = numberAt(compact, 4, 2);
  if (compact.slice(6, 9) === "000" || compact.slice(6, 9) === "999") return false;
  const inCentury = (century: number): boolean =>
    isBirthDate(century + year, month, day) && hasBelgianCheck(compact, century + year);
  return inCentury(1900) || inCentury(2000);
}

function isBelgian(compact: string): boolean {
  return /^\d{11}$/.test(compact) && isBelgianOf(compact, numberAt(compact, 2, 2));
}

function isBelgianBis(compact: string): boolean {
  if (!/^\d{11}$/.test(compact)) return false;
  const month = numberAt(compact, 2, 2);
  return isBelgianOf(compact, month > 40 ? month - 40 : month - 20);
}

function isLuxembourgish(compact: string): boolean {
  if (!/^(?:19|20)\d{11}$/.test(compact)) return false;
  if (!isBirthDate(numberAt(compact, 0, 4), numberAt(compact, 4, 2), numberAt(compact, 6, 2))) return false;
  return isLuhn(compact.slice(0, 12)) && isVerhoeff(compact.slice(0, 11) + compact.slice(12));
}

/** The numbers of France and the Low Countries. */
export const westernEuropeanIds: readonly NumberRow[] = [
  {
    id: "fr_nir",
    title: "French social security number (NIR)",
    source: "https://fr.wikipedia.org/wiki/Numéro_de_sécurité_sociale_en_France",
    class: "national_id",
    country: "FR",
    formats: ["9 99 99 99 999 999 99", "9 99 99 9A 999 999 99"],
    loose: true,
    isValid: isNir,
    evidence: "alone",
    words: ["nir", "sécurité sociale", "securite sociale", "numéro de sécu", "insee"],
    examples: ["2 55 08 14 168 025 38", "255081416802538", "1 84 12 2A 451 089 33"],
    counterExamples: ["2 55 08 14 168 025 39", "2 55 13 14 168 025 38"],
  },
  {
    id: "fr_spi",
    title: "French tax number (SPI)",
    source:
      "https://www.oecd.org/tax/automatic-exchange/crs-implementation-and-assistance/tax-identification-numbers/",
    class: "national_id",
    country: "FR",
    formats: ["99 99 999 999 999", "9999999999999"],
    isValid: isFrenchTax,
    evidence: "alone",
    words: ["fiscal", "spi", "impôt", "impot"],
    examples: ["30 23 217 600 053"],
    counterExamples: ["30 23 217 600 054", "40 23 217 600 053"],
  },
  {
    id: "fr_siren",
    title: "French company number (SIREN)",
    source: "https://fr.wikipedia.org/wiki/Système_d'identification_du_répertoire_des_entreprises",
    class: "national_id",
    country: "FR",
    formats: ["999 999 999", "999999999"],
    isValid: isSiren,
    evidence: "near",
    words: ["siren", "rcs"],
    examples: ["732 829 320"],
    counterExamples: ["732 829 321"],
  },
  {
    id: "fr_siret",
    title: "French establishment number (SIRET)",
    source: "https://fr.wikipedia.org/wiki/Système_d'identification_du_répertoire_des_établissements",
    class: "national_id",
    country: "FR",
    formats: ["999 999 999 99999", "99999999999999"],
    isValid: isSiret,
    evidence: "near",
    words: ["siret"],
    examples: ["732 829 320 00074", "73282932000074"],
    counterExamples: ["732 829 320 00075"],
  },
  {
    id: "nl_bsn",
    title: "Dutch citizen service number (BSN)",
    source: "https://nl.wikipedia.org/wiki/Burgerservicenummer",
    class: "national_id",
    country: "NL",
    formats: ["999999999", "9999.99.999", "999 999 999", "9999 99 999", "999.999.999", "99999999"],
    isValid: isBsn,
    evidence: "near",
    words: ["bsn", "burgerservice", "sofi", "citizen service"],
    examples: ["111222333", "1234.56.782"],
    counterExamples: ["111222334", "111111111"],
  },
  {
    id: "be_nn",
    title: "Belgian national register number",
    source: "https://fr.wikipedia.org/wiki/Numéro_de_registre_national",
    class: "national_id",
    country: "BE",
    formats: [
      "99.99.99-999.99",
      "999999-999-99",
      "999999-999.99",
      "99.99.99.999.99",
      "99 99 99 999 99",
      "99999999999",
    ],
    isValid: isBelgian,
    evidence: "alone",
    words: ["rijksregister", "registre national", "insz", "niss", "numéro national", "national register"],
    examples: ["85.07.30-033.28", "85073003328", "17.07.30-033.84"],
    counterExamples: ["85.07.30-033.29", "85.13.30-033.28"],
  },
  {
    id: "be_bis",
    title: "Belgian BIS number",
    source: "https://nl.wikipedia.org/wiki/Rijksregisternummer",
    class: "national_id",
    country: "BE",
    formats: ["99.99.99-999.99", "99999999999"],
    isValid: isBelgianBis,
    evidence: "written",
    words: ["bis-", "insz", "niss", "rijksregister", "registre national"],
    examples: ["29.47.04-645.08", "17.31.01-587.54"],
    counterExamples: ["85.07.30-033.28"],
  },
  {
    id: "lu_id",
    title: "Luxembourgish national number",
    source:
      "https://guichet.public.lu/fr/citoyens/citoyennete/registre-national/numero-matricule/numero-matricule.html",
    class: "national_id",
    country: "LU",
    formats: ["9999999999999", "9999 99 99 999 99", "99999999 99999"],
    isValid: isLuxembourgish,
    evidence: "alone",
    words: ["matricule", "cnss"],
    examples: ["1983081210471", "1983 08 12 104 71"],
    counterExamples: ["1983081200000"],
  },
];
