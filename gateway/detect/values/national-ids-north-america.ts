// Numbers of people and taxpayers in Canada, Mexico, Central America and the Caribbean.

import { digitAt, isLuhn, isRepeated, valueAt } from "./checksums.ts";
import { isShortDate, isYymmdd, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isSin(compact: string): boolean {
  return /^[1-79]\d{8}$/.test(compact) && !isRepeated(compact) && isLuhn(compact);
}

function isCanadianBusiness(compact: string): boolean {
  return /^\d{9}(?:R[CMPRTZ]|RZ)\d{4}$/.test(compact) && isLuhn(compact.slice(0, 9));
}

function isOntarioHealth(compact: string): boolean {
  return /^[1-9]\d{9}[A-Z]{0,2}$/.test(compact) && isLuhn(compact.slice(0, 10));
}

const curpShape =
  /^[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX](?:AS|B[CS]|C[CLMSH]|D[FG]|G[TR]|HG|JC|M[CNS]|N[ETL]|OC|PL|Q[TR]|S[PLR]|T[CSL]|VZ|YN|ZS)[B-DF-HJ-NP-TV-Z]{3}[\dA-Z]\d$/;

function isCurp(compact: string): boolean {
  if (!curpShape.test(compact) || !isYymmdd(compact, 4)) return false;
  let sum = 0;
  for (let at = 0; at < 17; at++) {
    const value = valueAt(compact, at);
    // The letter Ñ stands between N and O.
    sum += (value > 23 ? value + 1 : value) * (18 - at);
  }
  return (10 - (sum % 10)) % 10 === digitAt(compact, 17);
}

function isRfc(compact: string): boolean {
  if (!/^[A-Z]{3,4}\d{6}[\dA-Z]{2}[\dA]$/.test(compact)) return false;
  return isYymmdd(compact, compact.length - 9);
}

function isDominican(compact: string): boolean {
  return (
    /^\d{11}$/.test(compact) && compact.slice(3, 10) !== "0000000" && isLuhn(compact) && !isRepeated(compact)
  );
}

function isCostaRican(compact: string): boolean {
  return /^[1-9]\d{8}$/.test(compact) && !isRepeated(compact);
}

function isSalvadoran(compact: string): boolean {
  if (!/^\d{14}$/.test(compact)) return false;
  return isShortDate(numberAt(compact, 8, 2), numberAt(compact, 6, 2), numberAt(compact, 4, 2));
}

/** The numbers of North America outside of the United States. */
export const northAmericanIds: readonly NumberRow[] = [
  {
    id: "ca_sin",
    title: "Canadian social insurance number",
    source: "https://en.wikipedia.org/wiki/Social_insurance_number",
    class: "national_id",
    country: "CA",
    formats: ["999-999-999", "999 999 999", "999999999"],
    isValid: isSin,
    evidence: "written",
    words: ["sin", "social insurance", "nas", "assurance sociale", "numéro d'assurance"],
    examples: ["130-692-544", "123 456 782", "193456787"],
    counterExamples: ["123-456-789", "046-454-286", "111-111-111"],
  },
  {
    id: "ca_business",
    title: "Canadian business number",
    source:
      "https://www.canada.ca/en/revenue-agency/services/tax/businesses/topics/registering-your-business/business-number.html",
    class: "national_id",
    country: "CA",
    formats: ["999999999AA9999", "999999999 AA9999", "99999 9999 AA9999", "99999 9999 AA 9999"],
    isValid: isCanadianBusiness,
    evidence: "alone",
    words: ["business number", "gst", "hst", "numéro d'entreprise"],
    examples: ["123456782RC0001", "123456782 RT0001"],
    counterExamples: ["123456783RC0001", "123456782XX0001"],
  },
  {
    id: "ca_ontario_health",
    title: "Ontario health card",
    source: "https://en.wikipedia.org/wiki/Ontario_Health_Insurance_Plan",
    class: "national_id",
    country: "CA",
    formats: [
      "9999-999-999-AA",
      "9999-999-999",
      "9999 999 999 AA",
      "9999 999 999",
      "9999999999AA",
      "9999999999",
    ],
    isValid: isOntarioHealth,
    evidence: "near",
    words: ["ohip", "health card", "health number", "carte santé"],
    examples: ["9876-543-217", "9876543217AB"],
    counterExamples: ["9876-543-210", "0876-543-217"],
  },
  {
    id: "mx_curp",
    title: "Mexican CURP",
    source: "https://en.wikipedia.org/wiki/Unique_Population_Registry_Code",
    class: "national_id",
    country: "MX",
    formats: ["AAAA999999AAAAAA*9"],
    isValid: isCurp,
    evidence: "alone",
    words: ["curp"],
    examples: ["BOXW310820HNERXN09", "HEGG560427MVZRRL04"],
    counterExamples: ["BOXW310820HNERXN08", "BOXW311320HNERXN09", "BOXW310820HXXRXN09"],
  },
  {
    id: "mx_rfc",
    title: "Mexican RFC",
    source: "https://es.wikipedia.org/wiki/Registro_Federal_de_Contribuyentes",
    class: "national_id",
    country: "MX",
    formats: ["AAAA999999***", "AAAA-999999-***", "AAAA 999999 ***", "AAA999999***", "AAA-999999-***"],
    isValid: isRfc,
    evidence: "alone",
    words: ["rfc", "contribuyente"],
    examples: ["GODE561231GR8", "MAB9307148T4", "GODE-561231-GR8"],
    counterExamples: ["GODE561331GR8", "GODE561231GRB"],
  },
  {
    id: "do_cedula",
    title: "Dominican cédula",
    source: "https://es.wikipedia.org/wiki/Cédula_de_identidad",
    class: "national_id",
    country: "DO",
    formats: ["999-9999999-9", "99999999999"],
    isValid: isDominican,
    evidence: "written",
    words: ["cédula", "cedula"],
    examples: ["001-1391820-5", "00113918205"],
    counterExamples: ["001-1391820-4"],
  },
  {
    id: "cr_cedula",
    title: "Costa Rican cédula",
    source:
      "https://www.oecd.org/tax/automatic-exchange/crs-implementation-and-assistance/tax-identification-numbers/",
    class: "national_id",
    country: "CR",
    formats: ["9-9999-9999", "999999999"],
    isValid: isCostaRican,
    evidence: "near",
    words: ["cédula", "cedula"],
    examples: ["3-0455-0175", "304550175"],
    counterExamples: ["0-0455-0175"],
  },
  {
    id: "sv_nit",
    title: "Salvadoran NIT",
    source: "https://es.wikipedia.org/wiki/Número_de_Identificación_Tributaria",
    class: "national_id",
    country: "SV",
    formats: ["9999-999999-999-9", "99999999999999"],
    isValid: isSalvadoran,
    evidence: "written",
    words: ["nit", "tributaria"],
    examples: ["0614-050707-104-8"],
    counterExamples: ["0614-051307-104-8"],
  },
];
