// Numbers of people and companies in Ukraine, Russia, Belarus, Moldova, Georgia and Central Asia.

import { digitAt, isRepeated, weigh } from "./checksums.ts";
import { isBirthDate, isDdmmyy, isShortDate, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

function isUkrainianTax(compact: string): boolean {
  // Five digits count the days from 1900 to the birth.
  if (!/^\d{10}$/.test(compact) || isRepeated(compact)) return false;
  const days = numberAt(compact, 0, 5);
  if (days < 1 || days > 51_500) return false;
  const rest = weigh(compact, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11;
  return ((rest + 11) % 11) % 10 === digitAt(compact, 9);
}

function isUnzr(compact: string): boolean {
  if (!/^(?:19|20)\d{11}$/.test(compact)) return false;
  return isBirthDate(numberAt(compact, 0, 4), numberAt(compact, 4, 2), numberAt(compact, 6, 2));
}

function isInn(compact: string): boolean {
  if (!/^(?!00)\d{10}(?:\d{2})?$/.test(compact) || isRepeated(compact)) return false;
  if (compact.length === 10)
    return (weigh(compact, [2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === digitAt(compact, 9);
  if ((weigh(compact, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 !== digitAt(compact, 10)) return false;
  return (weigh(compact, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === digitAt(compact, 11);
}

function isSnils(compact: string): boolean {
  if (!/^\d{11}$/.test(compact) || isRepeated(compact) || compact < "00100199900") return false;
  return (weigh(compact, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === numberAt(compact, 9, 2);
}

function isOgrn(compact: string): boolean {
  if (!/^[1-9]\d{12}(?:\d{2})?$/.test(compact)) return false;
  const number = Number(compact.slice(0, -1));
  return (number % (compact.length === 13 ? 11 : 13)) % 10 === digitAt(compact, compact.length - 1);
}

function isBelarusian(compact: string): boolean {
  const parts = /^([1-6])\d{6}[ABCEHKM]\d{3}(?:PB|BA|BI)\d$/.exec(compact);
  return parts !== null && isDdmmyy(compact, 1);
}

function isMoldovan(compact: string): boolean {
  if (!/^[012]\d{12}$/.test(compact) || isRepeated(compact)) return false;
  return weigh(compact, [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 === digitAt(compact, 12);
}

function isKazakh(compact: string): boolean {
  if (!/^\d{6}[1-6]\d{5}$/.test(compact)) return false;
  const century = 1800 + 100 * Math.floor((digitAt(compact, 6) - 1) / 2);
  if (!isBirthDate(century + numberAt(compact, 0, 2), numberAt(compact, 2, 2), numberAt(compact, 4, 2)))
    return false;
  const first = weigh(compact, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
  const check = first < 10 ? first : weigh(compact, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11;
  return check === digitAt(compact, 11);
}

function isUzbek(compact: string): boolean {
  if (!/^[3-6]\d{13}$/.test(compact)) return false;
  return isShortDate(numberAt(compact, 5, 2), numberAt(compact, 3, 2), numberAt(compact, 1, 2));
}

/** The numbers of the countries of the former Soviet Union but the Baltic ones. */
export const formerUnionIds: readonly NumberRow[] = [
  {
    id: "ua_rnokpp",
    title: "Ukrainian tax number of a person",
    source: "https://uk.wikipedia.org/wiki/Реєстраційний_номер_облікової_картки_платника_податків",
    class: "national_id",
    country: "UA",
    formats: ["9999999999"],
    isValid: isUkrainianTax,
    evidence: "near",
    words: ["рнокпп", "іпн", "ідентифікаційний", "податк", "rnokpp", "tax"],
    examples: ["3215783865", "1759013776"],
    counterExamples: ["1759013777"],
  },
  {
    id: "ua_unzr",
    title: "Ukrainian record number",
    source: "https://uk.wikipedia.org/wiki/Унікальний_номер_запису_в_реєстрі",
    class: "national_id",
    country: "UA",
    formats: ["99999999-99999", "9999999999999"],
    isValid: isUnzr,
    evidence: "alone",
    words: ["унзр", "запис"],
    examples: ["19800101-12344"],
    counterExamples: ["19801301-12345"],
  },
  {
    id: "ru_inn",
    title: "Russian INN",
    source: "https://ru.wikipedia.org/wiki/Идентификационный_номер_налогоплательщика",
    class: "national_id",
    country: "RU",
    formats: ["9999999999", "999999999999"],
    isValid: isInn,
    evidence: "near",
    words: ["инн", "inn", "налогоплательщик"],
    examples: ["2477981354", "123456789047", "7830002293", "500100732259"],
    counterExamples: ["7830002294", "123456789037"],
  },
  {
    id: "ru_snils",
    title: "Russian SNILS",
    source: "https://ru.wikipedia.org/wiki/Страховой_номер_индивидуального_лицевого_счёта",
    class: "national_id",
    country: "RU",
    formats: ["999-999-999 99", "999-999-999-99", "999 999 999 99", "99999999999"],
    isValid: isSnils,
    evidence: "written",
    words: ["снилс", "snils", "страхов"],
    examples: ["112-233-445 95", "087-654-303 00"],
    counterExamples: ["112-233-445 96"],
  },
  {
    id: "ru_ogrn",
    title: "Russian OGRN",
    source: "https://ru.wikipedia.org/wiki/Основной_государственный_регистрационный_номер",
    class: "national_id",
    country: "RU",
    formats: ["9999999999999", "999999999999999"],
    isValid: isOgrn,
    evidence: "near",
    words: ["огрн", "ogrn"],
    examples: ["1022200525819"],
    counterExamples: ["1022200525818"],
  },
  {
    id: "by_id",
    title: "Belarusian identification number",
    source: "https://be.wikipedia.org/wiki/Ідэнтыфікацыйны_нумар",
    class: "national_id",
    country: "BY",
    formats: ["9999999A999AA9"],
    isValid: isBelarusian,
    evidence: "alone",
    words: ["идентификационный", "ідэнтыфікацыйны"],
    examples: ["3140285B003PB1"],
    counterExamples: ["3141385B003PB1", "3140285B003XX1"],
  },
  {
    id: "md_idnp",
    title: "Moldovan IDNP",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Moldova",
    class: "national_id",
    country: "MD",
    formats: ["9999999999999"],
    isValid: isMoldovan,
    evidence: "near",
    words: ["idnp", "idno", "cod personal"],
    examples: ["2929919542479", "1008600038413"],
    counterExamples: ["1008600038412"],
  },
  {
    id: "kz_iin",
    title: "Kazakh IIN",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Kazakhstan",
    class: "national_id",
    country: "KZ",
    formats: ["999999999999"],
    isValid: isKazakh,
    evidence: "near",
    words: ["иин", "жсн", "iin"],
    examples: ["971119343533", "830925434353", "620714319943"],
    counterExamples: ["901301300018"],
  },
  {
    id: "uz_pinfl",
    title: "Uzbek PINFL",
    source: "https://uz.wikipedia.org/wiki/JSHSHIR",
    class: "national_id",
    country: "UZ",
    formats: ["99999999999999"],
    isValid: isUzbek,
    evidence: "near",
    words: ["pinfl", "пинфл", "jshshir"],
    examples: ["31208588143135", "42005015948855"],
    counterExamples: ["33213901234567"],
  },
  {
    id: "ge_id",
    title: "Georgian personal number",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Georgia",
    class: "national_id",
    country: "GE",
    formats: ["99999999999"],
    isValid: (compact) => /^[0-6]\d{10}$/.test(compact) && !isRepeated(compact),
    evidence: "near",
    words: ["პირადი ნომერი", "personal number"],
    examples: ["01234567891"],
    counterExamples: ["91234567891"],
  },
];
