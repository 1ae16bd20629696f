// Numbers of people and taxpayers in Brazil, Argentina, Chile and Uruguay.

import { digitAt, isRepeated, weigh } from "./checksums.ts";
import type { NumberRow } from "./table.ts";

/** Eleven less the remainder by eleven, where what would take two digits is given by the caller. */
function elevenLess(sum: number, ten: number, eleven: number): number {
  const rest = 11 - (sum % 11);
  return rest === 10 ? ten : rest === 11 ? eleven : rest;
}

const cpfFirst = [10, 9, 8, 7, 6, 5, 4, 3, 2];
const cpfSecond = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];

function isCpf(compact: string): boolean {
  if (!/^\d{11}$/.test(compact) || isRepeated(compact)) return false;
  if (elevenLess(weigh(compact, cpfFirst), 0, 0) !== digitAt(compact, 9)) return false;
  return elevenLess(weigh(compact, cpfSecond), 0, 0) === digitAt(compact, 10);
}

const cnpjFirst = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
const cnpjSecond = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

// Since 2026 with letters, each of which counts as its place in ASCII less 48, as `weigh` has it.
function isCnpj(compact: string): boolean {
  if (!/^[\dA-Z]{12}\d{2}$/.test(compact) || isRepeated(compact.slice(0, 12))) return false;
  if (elevenLess(weigh(compact, cnpjFirst), 0, 0) !== digitAt(compact, 12)) return false;
  return elevenLess(weigh(compact, cnpjSecond), 0, 0) === digitAt(compact, 13);
}

function isPis(compact: string): boolean {
  if (!/^[12]\d{10}$/.test(compact) || isRepeated(compact)) return false;
  return elevenLess(weigh(compact, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]), 0, 0) === digitAt(compact, 10);
}

function isCuit(compact: string): boolean {
  if (!/^(?:2[03-7]|3[0347]|5[015])\d{9}$/.test(compact)) return false;
  return elevenLess(weigh(compact, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]), 9, 0) === digitAt(compact, 10);
}

function isArgentineDni(compact: string): boolean {
  return /^[1-9]\d{6,7}$/.test(compact) && !isRepeated(compact);
}

function isRut(compact: string): boolean {
  if (!/^[1-9]\d{6,7}[\dK]$/.test(compact) || isRepeated(compact)) return false;
  const number = compact.slice(0, -1).padStart(8, "0");
  const check = 11 - (weigh(number, [3, 2, 7, 6, 5, 4, 3, 2]) % 11);
  return (check === 10 ? "K" : check === 11 ? "0" : String(check)) === compact.at(-1);
}

function isUruguayanCitizen(compact: string): boolean {
  if (!/^[1-9]\d{6,7}$/.test(compact) || isRepeated(compact)) return false;
  const number = compact.padStart(8, "0");
  return (10 - (weigh(number, [2, 9, 8, 7, 6, 3, 4]) % 10)) % 10 === digitAt(number, 7);
}

function isUruguayanTaxpayer(compact: string): boolean {
  if (!/^(?:0[1-9]|1\d|2[0-2])(?!000000)\d{6}001\d$/.test(compact)) return false;
  const check = 11 - (weigh(compact, [4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return check !== 10 && check % 11 === digitAt(compact, 11);
}

/** The numbers of Brazil and the south of South America. */
export const southAmericanIds: readonly NumberRow[] = [
  {
    id: "br_cpf",
    title: "Brazilian CPF",
    source: "https://en.wikipedia.org/wiki/CPF_number",
    class: "national_id",
    country: "BR",
    formats: ["999.999.999-99", "999999999-99", "999 999 999 99", "99999999999"],
    isValid: isCpf,
    evidence: "written",
    words: ["cpf", "cadastro de pessoa"],
    examples: ["111.444.777-35", "529.982.247-25", "11144477735"],
    counterExamples: ["111.444.777-36", "111.111.111-11"],
  },
  {
    id: "br_cnpj",
    title: "Brazilian CNPJ",
    source: "https://en.wikipedia.org/wiki/CNPJ",
    class: "national_id",
    country: "BR",
    formats: ["**.***.***/****-99", "************-99", "**************"],
    isValid: isCnpj,
    evidence: "written",
    words: ["cnpj", "cadastro nacional"],
    examples: ["11.222.333/0001-81", "12.ABC.345/01DE-35", "11222333000181"],
    counterExamples: ["11.222.333/0001-82", "12.ABC.345/01DE-36"],
  },
  {
    id: "br_pis",
    title: "Brazilian PIS/PASEP/NIT",
    source: "https://pt.wikipedia.org/wiki/PIS/PASEP",
    class: "national_id",
    country: "BR",
    formats: ["999.99999.99-9", "99999999999"],
    isValid: isPis,
    evidence: "written",
    words: ["pis", "pasep", "nit", "nis"],
    examples: ["120.56412.54-5"],
    counterExamples: ["120.56412.54-6"],
  },
  {
    id: "ar_cuit",
    title: "Argentine CUIT or CUIL",
    source: "https://es.wikipedia.org/wiki/Clave_Única_de_Identificación_Tributaria",
    class: "national_id",
    country: "AR",
    formats: ["99-99999999-9", "99 99999999 9", "99.99999999.9", "99999999999"],
    isValid: isCuit,
    evidence: "written",
    words: ["cuit", "cuil", "tributaria"],
    examples: ["20-12345678-6", "20-26756539-3"],
    counterExamples: ["20-12345678-5", "21-12345678-6"],
  },
  {
    id: "ar_dni",
    title: "Argentine DNI",
    source: "https://es.wikipedia.org/wiki/Documento_Nacional_de_Identidad_(Argentina)",
    class: "national_id",
    country: "AR",
    formats: ["99.999.999", "9.999.999", "99999999", "9999999"],
    isValid: isArgentineDni,
    evidence: "near",
    words: ["dni", "documento", "d.n.i"],
    examples: ["20.123.456", "20123456"],
    counterExamples: ["00.123.456", "11.111.111"],
  },
  {
    id: "cl_rut",
    title: "Chilean RUT",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Chile",
    class: "national_id",
    country: "CL",
    formats: ["99.999.999-*", "9.999.999-*", "99999999-*", "9999999-*", "99999999*", "9999999*"],
    isValid: isRut,
    evidence: "written",
    words: ["rut", "r.u.t", "rol único", "rol unico"],
    examples: ["12.345.678-5", "12531909-2", "7.654.321-6"],
    counterExamples: ["12.345.678-6", "12531909-K"],
  },
  {
    id: "uy_ci",
    title: "Uruguayan cédula de identidad",
    source: "https://es.wikipedia.org/wiki/Cédula_de_Identidad_(Uruguay)",
    class: "national_id",
    country: "UY",
    formats: ["9.999.999-9", "999.999-9", "9999999-9", "99999999", "9999999"],
    isValid: isUruguayanCitizen,
    evidence: "written",
    words: ["cédula", "cedula", "c.i.", "documento"],
    examples: ["1.234.567-2"],
    counterExamples: ["1.234.567-3"],
  },
  {
    id: "uy_rut",
    title: "Uruguayan RUT",
    source:
      "https://www.oecd.org/tax/automatic-exchange/crs-implementation-and-assistance/tax-identification-numbers/",
    class: "national_id",
    country: "UY",
    formats: ["99-999999-999-9", "999999999999"],
    isValid: isUruguayanTaxpayer,
    evidence: "alone",
    words: ["rut", "tributario"],
    examples: ["21-100342-001-7"],
    counterExamples: ["21-100342-001-8", "21-100342-002-7"],
  },
];
