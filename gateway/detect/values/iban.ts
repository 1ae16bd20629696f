// International bank account numbers (ISO 13616): a country's length and structure, and the check digits.

import { mod97 } from "./checksums.ts";

// What follows the country and the check digits, from SWIFT's IBAN registry: `n` digits, `a` letters, `c` either.
// https://www.swift.com/standards/data-standards/iban-international-bank-account-number
const registered =
  "AD:8n12c AE:19n AL:8n16c AT:16n AZ:4a20c BA:16n BE:12n BG:4a6n8c BH:4a14c BI:23n BR:23n1a1c BY:4c4n16c CH:5n12c " +
  "CR:18n CY:8n16c CZ:20n DE:18n DJ:23n DK:14n DO:4c20n EE:16n EG:25n ES:20n FI:14n FK:2a12n FO:14n FR:10n11c2n " +
  "GB:4a14n GE:2a16n GI:4a15c GL:14n GR:7n16c GT:24c HN:4a20n HR:17n HU:24n IE:4a14n IL:19n IQ:4a15n IS:22n " +
  "IT:1a10n12c JO:4a4n18c KW:4a22c KZ:3n13c LB:4n20c LC:4a24c LI:5n12c LT:16n LU:3n13c LV:4a13c LY:21n MC:10n11c2n " +
  "MD:20c ME:18n MK:3n10c2n MN:16n MR:23n MT:4a5n18c MU:4a19n3a NI:4a20n NL:4a10n NO:11n OM:3n16c PK:4a16c PL:24n " +
  "PS:4a21c PT:21n QA:4a21c RO:4a16c RS:18n RU:14n15c SA:2n18c SC:4a20n3a SD:14n SE:20n SI:15n SK:20n SM:1a10n12c " +
  "SO:19n ST:21n SV:4a20n TL:19n TN:20n TR:6n16c UA:6n19c VA:18n VG:4a16n XK:16n YE:4a4n18c";

// Countries outside of the registry whose banks write their numbers so: https://en.wikipedia.org/wiki/IBAN
const unregistered =
  "AO:21n BF:24c BJ:24c CF:23n CG:23n CI:24c CM:23n CV:21n DZ:22n GA:23n GQ:23n GW:21c IR:22n KM:23n MA:24n MG:23n " +
  "ML:24c MZ:21n NE:24c SN:24c TD:23n TG:24c";

const digitClasses = new Map([
  ["n", "[0-9]"],
  ["a", "[A-Z]"],
  ["c", "[0-9A-Z]"],
]);

type Structure = { readonly length: number; readonly shape: RegExp };

function readStructures(list: string): Map<string, Structure> {
  const structures = new Map<string, Structure>();
  for (const entry of list.split(" ")) {
    let length = 4;
    let body = "";
    for (const [, count = "", kind = ""] of entry.slice(3).matchAll(/(\d+)([nac])/g)) {
      length += Number(count);
      body += `${digitClasses.get(kind)}{${count}}`;
    }
    structures.set(entry.slice(0, 2), { length, shape: new RegExp(`^[A-Z]{2}[0-9]{2}${body}$`) });
  }
  return structures;
}

const structures = readStructures(`${registered} ${unregistered}`);

/** Gives how many characters an IBAN of a country has; null where the country has none. */
export function ibanLength(country: string): number | null {
  return structures.get(country)?.length ?? null;
}

/** Says whether letters and digits, in upper case and without blanks, are an IBAN. */
export function isIban(compact: string): boolean {
  if (structures.get(compact.slice(0, 2))?.shape.test(compact) !== true) return false;
  const check = compact.slice(2, 4);
  if (check < "02" || check > "98") return false;
  return mod97(compact.slice(4) + compact.slice(0, 4)) === 1;
}

// ISO 3166, and XK, which is in use for Kosovo: the fifth and sixth letter of a BIC.
const countries = new Set(
  (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA " +
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA " +
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS " +
    "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS " +
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW " +
    "TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
  ).split(" "),
);

/** Says whether eight or eleven characters have the structure of a BIC (ISO 9362); that it is in use nobody can tell. */
export function isBic(compact: string): boolean {
  return /^[A-Z]{6}[0-9A-Z]{2}(?:[0-9A-Z]{3})?$/.test(compact) && countries.has(compact.slice(4, 6));
}
