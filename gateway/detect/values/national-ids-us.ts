// Numbers of people, patients, prescribers and taxpayers in the United States.

import { digitAt, isLuhn, isRepeated, weigh } from "./checksums.ts";
import type { NumberRow } from "./table.ts";

// Both were printed in advertisements, and the agency withdrew them.
const advertisedSsns = new Set(["078051120", "219099999"]);

function isSsn(compact: string): boolean {
  if (isRepeated(compact) || advertisedSsns.has(compact)) return false;
  return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(compact);
}

function isItin(compact: string): boolean {
  return /^9\d{2}(?:5\d|6[0-5]|7\d|8[0-8]|9[0-2]|9[4-9])\d{4}$/.test(compact) && !isRepeated(compact);
}

// https://www.irs.gov/businesses/small-businesses-self-employed/how-eins-are-assigned-and-valid-ein-prefixes
const einPrefix = /^(?:0[1-6]|1[0-6]|2[0-7]|3\d|4[0-8]|5\d|6[0-8]|7[1-7]|8[0-8]|9[0-589])\d{7}$/;

function isNpi(compact: string): boolean {
  return /^[12]\d{9}$/.test(compact) && isLuhn(`80840${compact}`);
}

const mbi =
  /^[1-9][AC-HJKMNP-RT-Y][\dAC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][\dAC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2}$/;

function isDea(compact: string): boolean {
  if (!/^[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}$/.test(compact)) return false;
  return weigh(compact.slice(2), [1, 2, 1, 2, 1, 2]) % 10 === digitAt(compact, 8);
}

const taxWords = ["tax", "irs", "taxpayer"];

/** The numbers of the United States. */
export const usIds: readonly NumberRow[] = [
  {
    id: "us_ssn",
    title: "US social security number",
    source: "https://www.ssa.gov/employer/randomization.html",
    class: "national_id",
    country: "US",
    formats: ["999-99-9999", "999 99 9999", "999.99.9999", "999999999"],
    isValid: isSsn,
    evidence: "written",
    words: ["ssn", "social security", "social sec", "soc sec", "socsec", "ss#", "ss #", "ssnum"],
    examples: ["536-22-8145", "212 09 9999", "457.55.1234"],
    counterExamples: [
      "000-12-3456",
      "666-12-3456",
      "900-12-3456",
      "123-00-4567",
      "123-45-0000",
      "078-05-1120",
    ],
  },
  {
    id: "us_itin",
    title: "US individual taxpayer identification number",
    source: "https://en.wikipedia.org/wiki/Individual_Taxpayer_Identification_Number",
    class: "national_id",
    country: "US",
    formats: ["999-99-9999", "999 99 9999", "999999999", "999-999999", "99999-9999"],
    isValid: isItin,
    evidence: "written",
    words: ["itin", "taxpayer", "tax id", "taxid", "tin"],
    examples: ["912-90-3456", "900-70-0000", "911 54 1234"],
    counterExamples: ["912-93-3457", "912-89-1234", "123-70-1234"],
  },
  {
    id: "us_ein",
    title: "US employer identification number",
    source: "https://en.wikipedia.org/wiki/Employer_Identification_Number",
    class: "national_id",
    country: "US",
    formats: ["99-9999999", "999999999"],
    isValid: (compact) => einPrefix.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["ein", "fein", "employer identification", "employer id", "federal tax id", ...taxWords],
    examples: ["91-1144442", "04-2103594"],
    counterExamples: ["07-1144442", "89-1144442"],
  },
  {
    id: "us_npi",
    title: "US national provider identifier",
    source:
      "https://www.cms.gov/Regulations-and-Guidance/Administrative-Simplification/NationalProvIdentStand",
    class: "national_id",
    country: "US",
    formats: ["9999999999", "9999-999-999", "9999 999 999", "999-999-9999"],
    isValid: isNpi,
    evidence: "near",
    words: ["npi", "national provider", "provider"],
    examples: ["1234567893", "1245319599"],
    counterExamples: ["1234567890", "3234567893"],
  },
  {
    id: "us_mbi",
    title: "US Medicare beneficiary identifier",
    source: "https://www.cms.gov/medicare/new-medicare-card/understanding-the-mbi.pdf",
    class: "national_id",
    country: "US",
    formats: ["9A*9-A*9-AA99", "9A*9 A*9 AA99", "9A*9A*9AA99"],
    isValid: (compact) => mbi.test(compact),
    evidence: "alone",
    words: ["mbi", "medicare", "beneficiary"],
    examples: ["1EG4-TE5-MK73", "1EG4TE5MK73"],
    counterExamples: ["0EG4-TE5-MK73", "1SG4-TE5-MK73"],
  },
  {
    id: "us_dea",
    title: "US DEA registration of a prescriber",
    source: "https://en.wikipedia.org/wiki/DEA_number",
    class: "national_id",
    country: "US",
    formats: ["AA9999999", "A99999999"],
    isValid: isDea,
    evidence: "alone",
    words: ["dea", "prescriber", "medical license"],
    examples: ["F91234563", "BB1388568"],
    counterExamples: ["F91234562", "ZB1388568"],
  },
];
