// Numbers of people and companies in Spain and Portugal.

import { digitAt, isRepeated, valueAt, weigh } from "./checksums.ts";
import { numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

const dniLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

function isDni(compact: string): boolean {
  if (!/^(?:\d{7,8}|[KLM]\d{7})[A-Z]$/.test(compact) || isRepeated(compact.slice(1, -1))) return false;
  return dniLetters[Number(compact.slice(0, -1).replace(/^[KLM]/, "")) % 23] === compact.at(-1);
}

function isNie(compact: string): boolean {
  if (!/^[XYZ]\d{7,8}[A-Z]$/.test(compact) || isRepeated(compact.slice(1, -1))) return false;
  const digits = String(compact.charCodeAt(0) - 88) + compact.slice(1, -1);
  return dniLetters[Number(digits) % 23] === compact.at(-1);
}

function isCif(compact: string): boolean {
  if (!/^[ABCDEFGHJNPQRSUVW]\d{7}[\dA-J]$/.test(compact) || isRepeated(compact.slice(1, 8))) return false;
  let sum = 0;
  for (let at = 1; at < 8; at++) {
    const product = digitAt(compact, at) * (at % 2 === 1 ? 2 : 1);
    sum += product > 9 ? product - 9 : product;
  }
  const check = (10 - (sum % 10)) % 10;
  const last = compact[8];
  if (/[NPQRSW]/.test(compact.slice(0, 1))) return last === "JABCDEFGHI"[check];
  return last === String(check) || (last === "JABCDEFGHI"[check] && !/[ABEH]/.test(compact.slice(0, 1)));
}

function isSpanishSocial(compact: string): boolean {
  if (!/^(?:0[1-9]|[1-4]\d|5[0-3]|66)\d{10}$/.test(compact)) return false;
  const serial = numberAt(compact, 2, 8);
  const province = numberAt(compact, 0, 2);
  const number = serial < 10_000_000 ? province * 10_000_000 + serial : province * 100_000_000 + serial;
  return serial > 0 && number % 97 === numberAt(compact, 10, 2);
}

function isPortugueseTax(compact: string): boolean {
  if (!/^[1-35689]\d{8}$|^45\d{7}$/.test(compact) || isRepeated(compact)) return false;
  const check = 11 - (weigh(compact, [9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return (check > 9 ? 0 : check) === digitAt(compact, 8);
}

function isCartaoDeCidadao(compact: string): boolean {
  if (!/^\d{9}[\dA-Z]{2}\d$/.test(compact) || isRepeated(compact.slice(0, 8))) return false;
  let sum = 0;
  for (let at = 0; at < 12; at++) {
    const value = valueAt(compact, at) * (at % 2 === 0 ? 2 : 1);
    sum += at % 2 === 0 && value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

function isNiss(compact: string): boolean {
  if (!/^[12]\d{10}$/.test(compact) || isRepeated(compact)) return false;
  return 9 - (weigh(compact, [29, 23, 19, 17, 13, 11, 7, 5, 3, 2]) % 10) === digitAt(compact, 10);
}

/** The numbers of Spain and Portugal. */
export const iberianIds: readonly NumberRow[] = [
  {
    id: "es_dni",
    title: "Spanish DNI",
    source: "https://es.wikipedia.org/wiki/Documento_nacional_de_identidad_(España)",
    class: "national_id",
    country: "ES",
    formats: [
      "99999999A",
      "99999999-A",
      "99999999 A",
      "99.999.999-A",
      "99.999.999 A",
      "9999999A",
      "9999999-A",
      "A9999999A",
    ],
    isValid: isDni,
    evidence: "alone",
    words: ["dni", "nif", "documento nacional", "identificación"],
    examples: ["12345678Z", "54362315-K", "99.999.018-D"],
    counterExamples: ["12345678A", "54362315-Z"],
  },
  {
    id: "es_nie",
    title: "Spanish NIE",
    source: "https://es.wikipedia.org/wiki/Número_de_identidad_de_extranjero",
    class: "national_id",
    country: "ES",
    formats: ["A9999999A", "A-9999999-A", "A9999999-A", "A-9999999A", "A99999999A", "A 9999999 A"],
    isValid: isNie,
    evidence: "alone",
    words: ["nie", "extranjero", "residencia"],
    examples: ["X1234567L", "Z-8078221-M", "X2482300W"],
    counterExamples: ["X1234567A", "W1234567L"],
  },
  {
    id: "es_cif",
    title: "Spanish company number (CIF)",
    source: "https://es.wikipedia.org/wiki/Código_de_identificación_fiscal",
    class: "national_id",
    country: "ES",
    formats: ["A99999999", "A-99999999", "A9999999A", "A-9999999-A", "A-9999999-9"],
    isValid: isCif,
    evidence: "written",
    words: ["cif", "nif", "identificación fiscal"],
    examples: ["A13585625", "J-9921658-2"],
    counterExamples: ["A13585626", "A1358562E"],
  },
  {
    id: "es_nss",
    title: "Spanish social security number",
    source: "https://es.wikipedia.org/wiki/Número_de_la_Seguridad_Social",
    class: "national_id",
    country: "ES",
    formats: ["99/99999999/99", "99/9999999999", "99 99999999 99", "99-99999999-99", "999999999999"],
    isValid: isSpanishSocial,
    evidence: "written",
    words: ["seguridad social", "nss", "naf", "afiliación"],
    examples: ["42/37103782/28", "191754501833"],
    counterExamples: ["28/12345678/41"],
  },
  {
    id: "pt_nif",
    title: "Portuguese NIF",
    source: "https://pt.wikipedia.org/wiki/Número_de_identificação_fiscal",
    class: "national_id",
    country: "PT",
    formats: ["999999999", "999 999 999", "999.999.999"],
    isValid: isPortugueseTax,
    evidence: "near",
    words: ["nif", "contribuinte", "identificação fiscal"],
    examples: ["123456789", "501 964 843"],
    counterExamples: ["501 964 842", "723456789"],
  },
  {
    id: "pt_cc",
    title: "Portuguese citizen card",
    source: "https://pt.wikipedia.org/wiki/Cartão_de_cidadão",
    class: "national_id",
    country: "PT",
    formats: ["99999999 9 AA9", "999999999AA9", "99999999 9AA9", "99999999-9AA9", "99999999 9 *A9"],
    isValid: isCartaoDeCidadao,
    evidence: "alone",
    words: ["cartão de cidadão", "cartao de cidadao", "cartão", "bilhete de identidade"],
    examples: ["12345678 9 ZZ1"],
    counterExamples: ["00000000 0 ZZ4", "12345678 9 ZZ2"],
  },
  {
    id: "pt_niss",
    title: "Portuguese social security number",
    source: "https://pt.wikipedia.org/wiki/Número_de_Identificação_de_Segurança_Social",
    class: "national_id",
    country: "PT",
    formats: ["99999999999"],
    isValid: isNiss,
    evidence: "near",
    words: ["niss", "segurança social"],
    examples: ["28524416275"],
    counterExamples: ["31111111111"],
  },
];
