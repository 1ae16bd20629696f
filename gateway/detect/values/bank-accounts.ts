// Bank accounts as countries write them by themselves, bank codes, and BICs.

import { digitAt, isRepeated, weigh } from "./checksums.ts";
import { isBic, isIban } from "./iban.ts";
import type { NumberRow } from "./table.ts";

function isRouting(compact: string): boolean {
  if (!/^(?:0\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)\d{7}$/.test(compact) || isRepeated(compact))
    return false;
  return weigh(compact, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0;
}

function isAccount(compact: string): boolean {
  return /^\d{6,17}$/.test(compact) && !isRepeated(compact);
}

function isClabe(compact: string): boolean {
  if (!/^\d{18}$/.test(compact) || isRepeated(compact)) return false;
  let sum = 0;
  for (let at = 0; at < 17; at++) sum += (digitAt(compact, at) * ([3, 7, 1][at % 3] ?? 0)) % 10;
  return (10 - (sum % 10)) % 10 === digitAt(compact, 17);
}

function isCbu(compact: string): boolean {
  if (!/^\d{22}$/.test(compact) || isRepeated(compact)) return false;
  if (weigh(compact, [7, 1, 3, 9, 7, 1, 3, 1]) % 10 !== 0) return false;
  return weigh(compact.slice(8), [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3, 1]) % 10 === 0;
}

/** Gives the check digit of ten digits: eleven less the remainder, where ten is written 1 and eleven 0. */
function cccDigit(digits: string): number {
  const rest = 11 - (weigh(digits, [1, 2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11);
  return rest === 10 ? 1 : rest === 11 ? 0 : rest;
}

function isCcc(compact: string): boolean {
  if (!/^\d{20}$/.test(compact) || isRepeated(compact.slice(10))) return false;
  if (cccDigit(`00${compact.slice(0, 8)}`) !== digitAt(compact, 8)) return false;
  return cccDigit(compact.slice(10)) === digitAt(compact, 9);
}

function isNorwegianAccount(compact: string): boolean {
  return (
    /^\d{11}$/.test(compact) &&
    !isRepeated(compact) &&
    weigh(compact, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
}

const accountWords: readonly string[] = ["account", "acct", "a/c", "checking", "savings", "debit", "deposit"];

/** The bank accounts and codes that are no IBAN. */
export const bankRows: readonly NumberRow[] = [
  {
    id: "us_routing",
    title: "US bank routing number",
    source: "https://en.wikipedia.org/wiki/ABA_routing_transit_number",
    class: "bank_account",
    country: "US",
    formats: ["999999999", "9999-9999-9"],
    isValid: isRouting,
    evidence: "near",
    words: ["routing", "aba", "rtn", "wire", "ach", "transit"],
    examples: ["326661851", "111000025", "0210-0002-1"],
    counterExamples: ["111000026", "501000025"],
  },
  {
    id: "us_bank_account",
    title: "US bank account",
    source: "https://en.wikipedia.org/wiki/Bank_account",
    class: "bank_account",
    country: "US",
    formats: [8, 9, 10, 11, 12, 13, 14, 15, 16, 17].map((length) => "9".repeat(length)),
    isValid: isAccount,
    evidence: "near",
    words: [
      "bank account",
      "account number",
      "account no",
      "account#",
      "account #",
      "account_number",
      "acct",
      "checking",
      "savings account",
      "bank acct",
      "direct deposit",
    ],
    examples: ["945456787654", "1234567890"],
    counterExamples: ["00000000", "1234567"],
  },
  {
    id: "uk_bank_account",
    title: "British sort code and account",
    source: "https://en.wikipedia.org/wiki/Sort_code",
    class: "bank_account",
    country: "GB",
    formats: ["99-99-99 99999999", "99-99-99", "99 99 99", "999999", "99999999"],
    isValid: isAccount,
    evidence: "near",
    words: ["sort code", "sort-code", "sortcode", "account number", "account no", "bank account"],
    examples: ["12-34-56 12345678", "12-34-56"],
    counterExamples: ["00-00-00"],
  },
  {
    id: "mx_clabe",
    title: "Mexican CLABE",
    source: "https://en.wikipedia.org/wiki/CLABE",
    class: "bank_account",
    country: "MX",
    formats: ["999999999999999999", "999 999 99999999999 9"],
    isValid: isClabe,
    evidence: "near",
    words: ["clabe", "interbancaria", "cuenta"],
    examples: ["032180000118359719"],
    counterExamples: ["032180000118359718"],
  },
  {
    id: "ar_cbu",
    title: "Argentine CBU",
    source: "https://es.wikipedia.org/wiki/Clave_Bancaria_Uniforme",
    class: "bank_account",
    country: "AR",
    formats: ["9999999999999999999999", "99999999 99999999999999"],
    isValid: isCbu,
    evidence: "near",
    words: ["cbu", "cvu", "cuenta"],
    examples: ["2850590940090418135201"],
    counterExamples: ["2850590940090418135202"],
  },
  {
    id: "es_ccc",
    title: "Spanish account (CCC)",
    source: "https://es.wikipedia.org/wiki/Código_cuenta_cliente",
    class: "bank_account",
    country: "ES",
    formats: ["9999 9999 99 9999999999", "9999-9999-99-9999999999", "99999999999999999999"],
    isValid: isCcc,
    evidence: "written",
    words: ["ccc", "cuenta"],
    examples: ["1234 1234 16 1234567890"],
    counterExamples: ["1234 1234 17 1234567890"],
  },
  {
    id: "pl_nrb",
    title: "Polish account (NRB)",
    source: "https://pl.wikipedia.org/wiki/Numer_rachunku_bankowego",
    class: "bank_account",
    country: "PL",
    formats: ["99 9999 9999 9999 9999 9999 9999", "99999999999999999999999999"],
    isValid: (compact) => isIban(`PL${compact}`),
    evidence: "written",
    words: ["nrb", "konto", "rachunek", "rachunku"],
    examples: ["61 1090 1014 0000 0712 1981 2874"],
    counterExamples: ["62 1090 1014 0000 0712 1981 2874"],
  },
  {
    id: "no_account",
    title: "Norwegian account",
    source: "https://no.wikipedia.org/wiki/Kontonummer",
    class: "bank_account",
    country: "NO",
    formats: ["9999.99.99999", "9999 99 99999", "99999999999"],
    isValid: isNorwegianAccount,
    evidence: "written",
    words: ["konto"],
    examples: ["8601 11 17947"],
    counterExamples: ["8601 11 17948"],
  },
  {
    id: "in_ifsc",
    title: "Indian bank branch (IFSC)",
    source: "https://en.wikipedia.org/wiki/Indian_Financial_System_Code",
    class: "bank_account",
    country: "IN",
    formats: ["AAAA0******"],
    isValid: (compact) => /^[A-Z]{4}0[\dA-Z]{6}$/.test(compact) && !compact.endsWith("000000"),
    evidence: "near",
    words: ["ifsc", "branch", ...accountWords],
    examples: ["ABCD0123456"],
    counterExamples: ["ABCD1123456"],
  },
  {
    id: "in_bank_account",
    title: "Indian bank account",
    source: "https://en.wikipedia.org/wiki/Indian_Financial_System_Code",
    class: "bank_account",
    country: "IN",
    formats: ["999999999999", "9999999999999999", "99999999999999", "99999999999"],
    isValid: isAccount,
    evidence: "near",
    words: ["a/c", "account no", "account number", "bank account"],
    examples: ["123456789012"],
    counterExamples: ["000000000000"],
  },
  {
    id: "au_bsb",
    title: "Australian branch and account",
    source: "https://en.wikipedia.org/wiki/Bank_state_branch",
    class: "bank_account",
    country: "AU",
    formats: ["999-999", "999 999", "999-999 999999999", "999-999 99999999", "999999"],
    isValid: isAccount,
    evidence: "near",
    words: ["bsb"],
    examples: ["012-345", "012-345 123456789"],
    counterExamples: ["000-000"],
  },
  {
    id: "ca_bank_account",
    title: "Canadian transit number and account",
    source: "https://en.wikipedia.org/wiki/Routing_number_(Canada)",
    class: "bank_account",
    country: "CA",
    formats: ["99999-999", "999999999"],
    isValid: (compact) => /^(?:\d{8}|0\d{8})$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["transit", "institution number", "routing"],
    examples: ["12345-003"],
    counterExamples: ["00000-000"],
  },
  {
    id: "bic",
    title: "BIC (SWIFT code)",
    source: "https://www.swift.com/standards/data-standards/bic-business-identifier-code",
    class: "bank_account",
    country: null,
    formats: ["AAAAAA**", "AAAAAA*****"],
    isValid: isBic,
    evidence: "near",
    words: ["bic", "swift"],
    examples: ["AAAAUS33", "AAAADE2BXXX"],
    counterExamples: ["AAAAQQ33"],
  },
];
