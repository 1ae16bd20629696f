// Numbers of people and taxpayers in Colombia, Peru, Ecuador and Venezuela.

import { digitAt, isRepeated, weigh } from "./checksums.ts";
import type { NumberRow } from "./table.ts";

function isNit(compact: string): boolean {
  if (!/^[1-9]\d{8,9}$/.test(compact) || isRepeated(compact)) return false;
  const number = compact.slice(0, -1).padStart(9, "0");
  const rest = weigh(number, [41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11;
  return (rest > 1 ? 11 - rest : rest) === digitAt(compact, compact.length - 1);
}

function isColombianCitizen(compact: string): boolean {
  return /^(?:[1-9]\d{5,7}|1\d{9})$/.test(compact) && !isRepeated(compact);
}

function isPeruvianTaxpayer(compact: string): boolean {
  if (!/^(?:10|15|16|17|20)\d{9}$/.test(compact)) return false;
  return (11 - (weigh(compact, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === digitAt(compact, 10);
}

// The check stands as a digit or, on the card, as a letter.
function isPeruvianDni(compact: string): boolean {
  if (!/^\d{8}[\dA-K]$/.test(compact) || isRepeated(compact.slice(0, 8))) return false;
  const rest = weigh(compact, [3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return "65432110987"[rest] === compact[8] || "KJIHGFEDCBA"[rest] === compact[8];
}

function isEcuadorianCitizen(compact: string): boolean {
  if (!/^(?:0[1-9]|1\d|2[0-4]|30)[0-5]\d{7}$/.test(compact)) return false;
  let sum = 0;
  for (let at = 0; at < 10; at++) {
    const digit = digitAt(compact, at) * (at % 2 === 0 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

const rifKinds = new Map([
  ["V", 4],
  ["E", 8],
  ["J", 12],
  ["P", 16],
  ["G", 20],
]);

function isRif(compact: string): boolean {
  const kind = rifKinds.get(compact.slice(0, 1));
  if (kind === undefined || !/^.\d{9}$/.test(compact)) return false;
  const check = 11 - ((kind + weigh(compact.slice(1), [3, 2, 7, 6, 5, 4, 3, 2])) % 11);
  return (check > 9 ? 0 : check) === digitAt(compact, 9);
}

/** The numbers of the north of South America. */
export const andeanIds: readonly NumberRow[] = [
  {
    id: "co_nit",
    title: "Colombian NIT",
    source: "https://es.wikipedia.org/wiki/Número_de_Identificación_Tributaria",
    class: "national_id",
    country: "CO",
    formats: ["999.999.999-9", "999999999-9", "9999999999"],
    isValid: isNit,
    evidence: "written",
    words: ["nit", "tributaria"],
    examples: ["213.123.432-1", "800.197.268-4"],
    counterExamples: ["213.123.432-2"],
  },
  {
    id: "co_cedula",
    title: "Colombian cédula de ciudadanía",
    source: "https://es.wikipedia.org/wiki/Cédula_de_ciudadanía_(Colombia)",
    class: "national_id",
    country: "CO",
    formats: [
      "9.999.999.999",
      "99.999.999",
      "9.999.999",
      "999.999",
      "9999999999",
      "99999999",
      "9999999",
      "999999",
    ],
    isValid: isColombianCitizen,
    evidence: "near",
    words: ["cédula", "cedula", "c.c.", "ciudadanía", "ciudadania"],
    examples: ["1.023.456.789", "52345678"],
    counterExamples: ["2.023.456.789"],
  },
  {
    id: "pe_ruc",
    title: "Peruvian RUC",
    source: "https://es.wikipedia.org/wiki/Registro_Único_de_Contribuyentes",
    class: "national_id",
    country: "PE",
    formats: ["99999999999"],
    isValid: isPeruvianTaxpayer,
    evidence: "near",
    words: ["ruc", "contribuyente"],
    examples: ["20512333797", "20131312955"],
    counterExamples: ["20512333798"],
  },
  {
    id: "pe_dni",
    title: "Peruvian DNI with its check",
    source: "https://es.wikipedia.org/wiki/Documento_Nacional_de_Identidad_(Perú)",
    class: "national_id",
    country: "PE",
    formats: ["99999999-*", "99999999*"],
    isValid: isPeruvianDni,
    evidence: "near",
    words: ["dni", "cui", "documento"],
    examples: ["39785433-2", "14918866-E", "10117410-2", "10117410-G"],
    counterExamples: ["10117410-3"],
  },
  {
    id: "ec_ci",
    title: "Ecuadorian cédula",
    source: "https://es.wikipedia.org/wiki/Cédula_de_identidad_(Ecuador)",
    class: "national_id",
    country: "EC",
    formats: ["999999999-9", "999999-999-9", "9999999999"],
    isValid: isEcuadorianCitizen,
    evidence: "near",
    words: ["cédula", "cedula", "identidad"],
    examples: ["171430710-3", "1710034065"],
    counterExamples: ["171430710-4", "2550034065"],
  },
  {
    id: "ec_ruc",
    title: "Ecuadorian RUC of a person",
    source: "https://es.wikipedia.org/wiki/Registro_Único_de_Contribuyentes",
    class: "national_id",
    country: "EC",
    formats: ["9999999999001"],
    isValid: (compact) =>
      compact.length === 13 && compact.endsWith("001") && isEcuadorianCitizen(compact.slice(0, 10)),
    evidence: "alone",
    words: ["ruc", "contribuyente"],
    examples: ["1710034065001"],
    counterExamples: ["1710034064001", "1710034065002"],
  },
  {
    id: "ve_rif",
    title: "Venezuelan RIF",
    source: "https://es.wikipedia.org/wiki/Registro_de_Información_Fiscal",
    class: "national_id",
    country: "VE",
    formats: ["A-99999999-9", "A-999999999", "A999999999"],
    isValid: isRif,
    evidence: "alone",
    words: ["rif", "fiscal"],
    examples: ["J-26461939-3", "E-36534281-7", "V-11470283-4"],
    counterExamples: ["V-11470283-3", "X-11470283-4"],
  },
];
