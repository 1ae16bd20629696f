// Numbers of people and companies in Poland, Czechia, Slovakia and Hungary.

import { digitAt, isRepeated, valueAt, weigh } from "./checksums.ts";
import { isBirthDate, isYymmdd, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

/** Reads a month that says its century by what is added to it: 20 a century, from the one that is given. */
function isDateWithCentury(compact: string, centuries: readonly number[], step: number): boolean {
  const month = numberAt(compact, 2, 2);
  const century = centuries[Math.floor(month / step)];
  if (century === undefined) return false;
  return isBirthDate(century + numberAt(compact, 0, 2), month % step, numberAt(compact, 4, 2));
}

function isPesel(compact: string): boolean {
  if (!/^\d{11}$/.test(compact) || !isDateWithCentury(compact, [1900, 2000], 20)) return false;
  return weigh(compact, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

function isNip(compact: string): boolean {
  if (!/^[1-9]\d{9}$/.test(compact) || isRepeated(compact)) return false;
  return weigh(compact, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === digitAt(compact, 9);
}

function isRegon(compact: string): boolean {
  if (!/^\d{9}(?:\d{5})?$/.test(compact) || isRepeated(compact)) return false;
  if ((weigh(compact, [8, 9, 2, 3, 4, 5, 6, 7]) % 11) % 10 !== digitAt(compact, 8)) return false;
  if (compact.length === 9) return true;
  return (weigh(compact, [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11) % 10 === digitAt(compact, 13);
}

function isPolishCard(compact: string): boolean {
  if (!/^[A-Z]{3}\d{6}$/.test(compact)) return false;
  const weights = [7, 3, 1, 9, 7, 3, 1, 7, 3];
  return weights.reduce((sum, weight, at) => sum + weight * valueAt(compact, at), 0) % 10 === 0;
}

function isRodneCislo(compact: string): boolean {
  if (!/^\d{9,10}$/.test(compact)) return false;
  // Women's months have 50 more; where a day's numbers ran out, 20 more.
  const written = numberAt(compact, 2, 2) % 50;
  const month = written > 20 ? written - 20 : written;
  const year = numberAt(compact, 0, 2);
  const day = numberAt(compact, 4, 2);
  if (compact.length === 9)
    return isBirthDate(1900 + year, month, day) && year < 54 && !compact.endsWith("000");
  if (!isBirthDate((year < 54 ? 2000 : 1900) + year, month, day)) return false;
  const number = Number(compact);
  return (
    number % 11 === 0 ||
    (compact.endsWith("0") && year > 53 && year < 86 && Math.floor(number / 10) % 11 === 10)
  );
}

function isCzechCompany(compact: string): boolean {
  if (!/^\d{8}$/.test(compact) || isRepeated(compact)) return false;
  return (11 - (weigh(compact, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === digitAt(compact, 7);
}

function isTaj(compact: string): boolean {
  if (!/^\d{9}$/.test(compact) || isRepeated(compact)) return false;
  return weigh(compact, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === digitAt(compact, 8);
}

function isHungarianTax(compact: string): boolean {
  // Five digits count the days from 1867 to the birth.
  if (!/^8\d{9}$/.test(compact) || numberAt(compact, 1, 5) > 63_000) return false;
  return weigh(compact, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === digitAt(compact, 9);
}

function isHungarianPerson(compact: string): boolean {
  if (!/^[1-8]\d{10}$/.test(compact) || !isYymmdd(compact, 1)) return false;
  const check = digitAt(compact, 10);
  const rising = weigh(compact, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) % 11;
  return rising === check || weigh(compact, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === check;
}

function isHungarianCompany(compact: string): boolean {
  if (!/^[1-9]\d{7}[1-5](?:0[2-9]|[1-4]\d|51)$/.test(compact)) return false;
  return weigh(compact, [9, 7, 3, 1, 9, 7, 3, 1]) % 10 === 0;
}

/** The numbers of Poland, Czechia, Slovakia and Hungary. */
export const easternEuropeanIds: readonly NumberRow[] = [
  {
    id: "pl_pesel",
    title: "Polish PESEL",
    source: "https://en.wikipedia.org/wiki/PESEL",
    class: "national_id",
    country: "PL",
    formats: ["99999999999"],
    isValid: isPesel,
    evidence: "near",
    words: ["pesel"],
    examples: ["44051401359", "02070803628"],
    counterExamples: ["44051401358", "44131401359"],
  },
  {
    id: "pl_nip",
    title: "Polish NIP",
    source: "https://pl.wikipedia.org/wiki/Numer_identyfikacji_podatkowej",
    class: "national_id",
    country: "PL",
    formats: ["999-999-99-99", "999-99-99-999", "9999999999"],
    isValid: isNip,
    evidence: "written",
    words: ["nip", "podatkow"],
    examples: ["123-456-32-18", "8567346215"],
    counterExamples: ["123-456-32-17"],
  },
  {
    id: "pl_regon",
    title: "Polish REGON",
    source: "https://pl.wikipedia.org/wiki/REGON",
    class: "national_id",
    country: "PL",
    formats: ["999999999", "99999999999999", "999-999-999"],
    isValid: isRegon,
    evidence: "near",
    words: ["regon"],
    examples: ["123456785", "12345678512347"],
    counterExamples: ["123456786", "12345678512348"],
  },
  {
    id: "pl_id_card",
    title: "Polish identity card",
    source: "https://en.wikipedia.org/wiki/Polish_identity_card",
    class: "national_id",
    country: "PL",
    formats: ["AAA999999", "AAA 999999"],
    isValid: isPolishCard,
    evidence: "near",
    words: ["dowód", "dowod", "identity card", "osobist"],
    examples: ["KVO313893", "ABA300000"],
    counterExamples: ["ABA300001"],
  },
  {
    id: "cz_rodne_cislo",
    title: "Czech or Slovak birth number",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Czech_Republic_and_Slovakia",
    class: "national_id",
    country: "CZ",
    formats: ["999999/9999", "999999/999", "9999999999", "999999999"],
    isValid: isRodneCislo,
    evidence: "written",
    words: ["rodné číslo", "rodne cislo", "rodného čísla", "r.č.", "rč", "birth number"],
    examples: ["736028/5163", "530828/010"],
    counterExamples: ["736028/5164", "733128/5163"],
  },
  {
    id: "cz_ico",
    title: "Czech or Slovak company number",
    source: "https://cs.wikipedia.org/wiki/Identifikační_číslo_osoby",
    class: "national_id",
    country: "CZ",
    formats: ["99999999", "999 99 999"],
    isValid: isCzechCompany,
    evidence: "near",
    words: ["ičo", "ico", "ič", "dič"],
    examples: ["25123891"],
    counterExamples: ["25123892"],
  },
  {
    id: "hu_taj",
    title: "Hungarian TAJ number",
    source: "https://hu.wikipedia.org/wiki/Társadalombiztosítási_azonosító_jel",
    class: "national_id",
    country: "HU",
    formats: ["999 999 999", "999-999-999", "999999999"],
    isValid: isTaj,
    evidence: "near",
    words: ["taj", "társadalombiztosítás"],
    examples: ["111 111 110"],
    counterExamples: ["111 111 112"],
  },
  {
    id: "hu_adoazonosito",
    title: "Hungarian tax number of a person",
    source: "https://hu.wikipedia.org/wiki/Adóazonosító_jel",
    class: "national_id",
    country: "HU",
    formats: ["9999999999", "9 999 999 999"],
    isValid: isHungarianTax,
    evidence: "near",
    words: ["adóazonosító", "adoazonosito", "tax id"],
    examples: ["8071592153"],
    counterExamples: ["8071592154"],
  },
  {
    id: "hu_szemelyi",
    title: "Hungarian personal number",
    source: "https://hu.wikipedia.org/wiki/Személyi_szám",
    class: "national_id",
    country: "HU",
    formats: ["9-999999-9999", "9 999999 9999", "99999999999"],
    isValid: isHungarianPerson,
    evidence: "written",
    words: ["személyi", "szemelyi"],
    examples: ["2-141216-5375", "1-900821-3362"],
    counterExamples: ["1-801399-0010"],
  },
  {
    id: "hu_adoszam",
    title: "Hungarian company tax number",
    source: "https://hu.wikipedia.org/wiki/Adószám",
    class: "national_id",
    country: "HU",
    formats: ["99999999-9-99"],
    isValid: isHungarianCompany,
    evidence: "written",
    words: ["adószám", "adoszam"],
    examples: ["12892312-2-41"],
    counterExamples: ["12892313-2-41"],
  },
];
