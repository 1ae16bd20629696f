// All numbers that a state or a bank gives out, in one list.

import { bankRows } from "./bank-accounts.ts";
import { americanLicenceRows } from "./driving-licences-america.ts";
import { drivingLicenceRows } from "./driving-licences.ts";
import { africanIds } from "./national-ids-africa.ts";
import { andeanIds } from "./national-ids-andes.ts";
import { balkanIds } from "./national-ids-balkans.ts";
import { balticIds } from "./national-ids-baltic.ts";
import { britishIds } from "./national-ids-britain.ts";
import { centralEuropeanIds } from "./national-ids-central-europe.ts";
import { chineseIds } from "./national-ids-china.ts";
import { eastAsianIds } from "./national-ids-east-asia.ts";
import { easternEuropeanIds } from "./national-ids-eastern-europe.ts";
import { formerUnionIds } from "./national-ids-former-union.ts";
import { iberianIds } from "./national-ids-iberia.ts";
import { middleEasternIds } from "./national-ids-middle-east.ts";
import { northAmericanIds } from "./national-ids-north-america.ts";
import { northernEuropeanIds } from "./national-ids-northern-europe.ts";
import { oceanianIds } from "./national-ids-oceania.ts";
import { southAmericanIds } from "./national-ids-south-america.ts";
import { southAsianIds } from "./national-ids-south-asia.ts";
import { southEastAsianIds } from "./national-ids-south-east-asia.ts";
import { southernEuropeanIds } from "./national-ids-southern-europe.ts";
import { usIds } from "./national-ids-us.ts";
import { westernEuropeanIds } from "./national-ids-western-europe.ts";
import { passportRows } from "./passports.ts";
import { vatRows } from "./vat-numbers.ts";
import type { NumberRow } from "./table.ts";

/** Every row of the tables of numbers; where two read the same number, the former stands first. */
export const numberRows: readonly NumberRow[] = [
  ...usIds,
  ...northAmericanIds,
  ...southAmericanIds,
  ...andeanIds,
  ...britishIds,
  ...westernEuropeanIds,
  ...centralEuropeanIds,
  ...iberianIds,
  ...southernEuropeanIds,
  ...northernEuropeanIds,
  ...balticIds,
  ...easternEuropeanIds,
  ...balkanIds,
  ...formerUnionIds,
  ...middleEasternIds,
  ...africanIds,
  ...southAsianIds,
  ...chineseIds,
  ...eastAsianIds,
  ...southEastAsianIds,
  ...oceanianIds,
  ...passportRows,
  ...americanLicenceRows,
  ...drivingLicenceRows,
  ...bankRows,
  ...vatRows,
];
