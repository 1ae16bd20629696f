// Numbers of people and companies in Sweden, Norway and Denmark.

import { isLuhn, isRepeated, weigh } from "./checksums.ts";
import { isBirthDate, isDdmmyy, isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

// A coordination number adds 60 to the day.
function isSwedish(compact: string): boolean {
  if (!/^\d{10}$/.test(compact)) return false;
  const day = numberAt(compact, 4, 2);
  return (
    isShortDate(numberAt(compact, 0, 2), numberAt(compact, 2, 2), day > 60 ? day - 60 : day) &&
    isLuhn(compact)
  );
}

function isLongSwedish(compact: string): boolean {
  if (!/^(?:19|20)\d{10}$/.test(compact) || !isLuhn(compact.slice(2))) return false;
  const day = numberAt(compact, 6, 2);
  return isBirthDate(numberAt(compact, 0, 4), numberAt(compact, 4, 2), day > 60 ? day - 60 : day);
}

function isSwedishCompany(compact: string): boolean {
  return /^[1-35-9]\d[2-9]\d{7}$/.test(compact) && isLuhn(compact) && !isRepeated(compact);
}

/** Gives what the first check digit of a Norwegian number leaves over, or -1 where date or second check digit are wrong. */
function norwegianRest(compact: string, month: number): number {
  // Numbers for foreigners add 40 to the day.
  const day = numberAt(compact, 0, 2);
  if (!isShortDate(numberAt(compact, 4, 2), month, day > 40 ? day - 40 : day)) return -1;
  if (weigh(compact, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 !== 0) return -1;
  return weigh(compact, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11;
}

function isNorwegian(compact: string): boolean {
  return /^\d{11}$/.test(compact) && norwegianRest(compact, numberAt(compact, 2, 2)) === 0;
}

// From 2032 on the first check digit may leave 0, 1, 2 or 3:
// https://www.skatteetaten.no/deling/om-folkeregisteret/utvidelse-fodselsnummer/
function isNewNorwegian(compact: string): boolean {
  if (!/^\d{11}$/.test(compact)) return false;
  // Made numbers, which are for tests, add 40, 65 or 80 to the month.
  const month = numberAt(compact, 2, 2);
  const added = month > 80 ? 80 : month > 65 ? 65 : month > 40 ? 40 : 0;
  const rest = norwegianRest(compact, month - added);
  return rest >= 0 && rest < 4;
}

function isNorwegianCompany(compact: string): boolean {
  return (
    /^[89]\d{8}$/.test(compact) &&
    weigh(compact, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 &&
    !isRepeated(compact)
  );
}

// Since 2007 the check digit of a Danish number holds no longer: https://cpr.dk/cpr-systemet/personnumre-uden-kontrolciffer
function isCpr(compact: string): boolean {
  return /^\d{10}$/.test(compact) && isDdmmyy(compact, 0) && compact.slice(6) !== "0000";
}

function isCvr(compact: string): boolean {
  return (
    /^[1-9]\d{7}$/.test(compact) &&
    weigh(compact, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 &&
    !isRepeated(compact)
  );
}

/** The numbers of Scandinavia. */
export const northernEuropeanIds: readonly NumberRow[] = [
  {
    id: "se_personnummer",
    title: "Swedish personal identity number",
    source: "https://en.wikipedia.org/wiki/Personal_identity_number_(Sweden)",
    class: "national_id",
    country: "SE",
    formats: ["999999-9999", "999999+9999", "999999 9999", "9999999999"],
    isValid: isSwedish,
    evidence: "written",
    words: ["personnummer", "pnr", "samordningsnummer", "personal identity number", "ssn"],
    examples: ["811218-9876", "670919-9530", "811278-9873"],
    counterExamples: ["811218-9875", "811318-9876"],
  },
  {
    id: "se_personnummer_long",
    title: "Swedish personal identity number with its century",
    source: "https://en.wikipedia.org/wiki/Personal_identity_number_(Sweden)",
    class: "national_id",
    country: "SE",
    formats: ["99999999-9999", "99999999 9999", "999999999999"],
    isValid: isLongSwedish,
    evidence: "alone",
    words: ["personnummer", "pnr", "samordningsnummer"],
    examples: ["19811218-9876", "196709199530"],
    counterExamples: ["19811218-9875", "18111218-9876"],
  },
  {
    id: "se_organisationsnummer",
    title: "Swedish company number",
    source: "https://sv.wikipedia.org/wiki/Organisationsnummer",
    class: "national_id",
    country: "SE",
    formats: ["999999-9999", "9999999999"],
    isValid: isSwedishCompany,
    evidence: "written",
    words: ["organisationsnummer", "orgnr", "org nr", "org.nr", "företag"],
    examples: ["212000-0142", "556703-7485"],
    counterExamples: ["212000-0143", "551103-7485"],
  },
  {
    id: "no_fodselsnummer",
    title: "Norwegian national identity number",
    source: "https://www.skatteetaten.no/en/person/national-registry/identitetsnummer/",
    class: "national_id",
    country: "NO",
    formats: ["999999 99999", "999999-99999", "999999 999 99", "99999999999"],
    isValid: isNorwegian,
    evidence: "alone",
    words: ["fødselsnummer", "fodselsnummer", "personnummer", "fnr", "d-nummer"],
    examples: ["151086 95088", "15108695088"],
    counterExamples: ["151086 95077", "151386 95088"],
  },
  {
    id: "no_fodselsnummer_2032",
    title: "Norwegian national identity number by the rule of 2032",
    source: "https://www.skatteetaten.no/deling/om-folkeregisteret/utvidelse-fodselsnummer/",
    class: "national_id",
    country: "NO",
    formats: ["999999 99999", "999999-99999", "99999999999"],
    isValid: isNewNorwegian,
    evidence: "near",
    words: ["fødselsnummer", "fodselsnummer", "personnummer", "fnr", "d-nummer", "national identity"],
    examples: ["151086 95088"],
    counterExamples: ["151386 95088"],
  },
  {
    id: "no_orgnr",
    title: "Norwegian company number",
    source: "https://no.wikipedia.org/wiki/Organisasjonsnummer",
    class: "national_id",
    country: "NO",
    formats: ["999 999 999", "999999999"],
    isValid: isNorwegianCompany,
    evidence: "near",
    words: ["orgnr", "organisasjonsnummer", "org.nr", "org nr", "foretak"],
    examples: ["988 077 917"],
    counterExamples: ["988 077 918"],
  },
  {
    id: "dk_cpr",
    title: "Danish CPR number",
    source: "https://en.wikipedia.org/wiki/Personal_identification_number_(Denmark)",
    class: "national_id",
    country: "DK",
    formats: ["999999-9999", "999999 9999", "9999999999"],
    isValid: isCpr,
    evidence: "near",
    words: ["cpr", "personnummer", "sygesikring"],
    examples: ["211062-5629"],
    counterExamples: ["211362-5629"],
  },
  {
    id: "dk_cvr",
    title: "Danish company number",
    source: "https://da.wikipedia.org/wiki/CVR-nummer",
    class: "national_id",
    country: "DK",
    formats: ["99 99 99 99", "99999999"],
    isValid: isCvr,
    evidence: "near",
    words: ["cvr", "virksomhed"],
    examples: ["13 58 56 28"],
    counterExamples: ["13 58 56 29"],
  },
];
