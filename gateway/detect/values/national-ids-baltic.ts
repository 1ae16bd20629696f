// Numbers of people and companies in Finland, Iceland and the Baltic countries.

import { digitAt, isRepeated, weigh } from "./checksums.ts";
import { isBirthDate, isDdmmyy, numberAt } from "./dates.ts";
import type { NumberRow } from "./table.ts";

const hetuChecks = "0123456789ABCDEFHJKLMNPRSTUVWXY";

function isHetu(compact: string): boolean {
  const parts = /^(\d{6})[A-FU-Y]?(\d{3})([0-9A-FHJ-NPR-Y])$/.exec(compact);
  if (parts === null || !isDdmmyy(compact, 0)) return false;
  const [, date = "", serial = "", check = ""] = parts;
  return serial > "001" && hetuChecks[Number(date + serial) % 31] === check;
}

function isYTunnus(compact: string): boolean {
  if (!/^\d{8}$/.test(compact) || isRepeated(compact)) return false;
  return weigh(compact, [7, 9, 10, 5, 8, 4, 2, 1]) % 11 === 0;
}

function isKennitala(compact: string): boolean {
  if (!/^\d{9}[09]$/.test(compact)) return false;
  const century = compact.endsWith("9") ? 1900 : 2000;
  if (!isBirthDate(century + numberAt(compact, 4, 2), numberAt(compact, 2, 2), numberAt(compact, 0, 2)))
    return false;
  return weigh(compact, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
}

function isBaltic(compact: string): boolean {
  if (!/^[1-6]\d{10}$/.test(compact)) return false;
  const century = 1800 + 100 * Math.floor((digitAt(compact, 0) - 1) / 2);
  if (!isBirthDate(century + numberAt(compact, 1, 2), numberAt(compact, 3, 2), numberAt(compact, 5, 2)))
    return false;
  const first = weigh(compact, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
  const check = first < 10 ? first : (weigh(compact, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10;
  return check === digitAt(compact, 10);
}

function isLatvian(compact: string): boolean {
  if (!/^\d{11}$/.test(compact)) return false;
  // Since 2017 a number begins with 32 and holds no date.
  if (!compact.startsWith("32") && !(isDdmmyy(compact, 0) && digitAt(compact, 6) < 3)) return false;
  return ((1 + weigh(compact, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11) % 10 === digitAt(compact, 10);
}

/** The numbers of Finland, Iceland and the Baltic countries. */
export const balticIds: readonly NumberRow[] = [
  {
    id: "fi_hetu",
    title: "Finnish personal identity code",
    source: "https://dvv.fi/en/personal-identity-code",
    class: "national_id",
    country: "FI",
    formats: ["999999-999*", "999999+999*", "999999A999*"],
    isValid: isHetu,
    evidence: "alone",
    words: ["hetu", "henkilötunnus", "personbeteckning", "personal identity code"],
    examples: ["131052-308T", "131052A308T", "131052+308T", "131052Y308T"],
    counterExamples: ["131052-308U", "131352-308T", "131052G308T"],
  },
  {
    id: "fi_y_tunnus",
    title: "Finnish business identity code",
    source: "https://fi.wikipedia.org/wiki/Y-tunnus",
    class: "national_id",
    country: "FI",
    formats: ["9999999-9"],
    isValid: isYTunnus,
    evidence: "near",
    words: ["y-tunnus", "fo-nummer", "business id", "ly-tunnus"],
    examples: ["2077474-0"],
    counterExamples: ["2077474-1"],
  },
  {
    id: "is_kennitala",
    title: "Icelandic kennitala",
    source: "https://en.wikipedia.org/wiki/Kennitala",
    class: "national_id",
    country: "IS",
    formats: ["999999-9999", "999999 9999", "9999999999"],
    isValid: isKennitala,
    evidence: "alone",
    words: ["kennitala", "kt."],
    examples: ["120174-3399", "1201743399"],
    counterExamples: ["120174-3389", "121374-3399"],
  },
  {
    id: "ee_isikukood",
    title: "Estonian personal identification code",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Estonia",
    class: "national_id",
    country: "EE",
    formats: ["99999999999"],
    isValid: isBaltic,
    evidence: "near",
    words: ["isikukood", "ik", "personal code", "personal identification"],
    examples: ["37605030299", "38001085718"],
    counterExamples: ["37605030298", "37613030299"],
  },
  {
    id: "lt_asmens_kodas",
    title: "Lithuanian personal code",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Lithuania",
    class: "national_id",
    country: "LT",
    formats: ["99999999999"],
    isValid: isBaltic,
    evidence: "near",
    words: ["asmens kod", "a.k.", "personal code", "personal identification"],
    examples: ["33309240064"],
    counterExamples: ["33309240065"],
  },
  {
    id: "lv_personas_kods",
    title: "Latvian personal code",
    source: "https://en.wikipedia.org/wiki/National_identification_number#Latvia",
    class: "national_id",
    country: "LV",
    formats: ["999999-99999", "99999999999"],
    isValid: isLatvian,
    evidence: "written",
    words: ["personas kod", "p.k.", "personal code"],
    examples: ["161175-19997"],
    counterExamples: ["161175-19996", "161375-19997"],
  },
];
