// All numbers that a state or a bank gives out, in one list.

import { andeanIds } from "./national-ids-andes.ts";
import { balkanIds } from "./national-ids-balkans.ts";
import { balticIds } from "./national-ids-baltic.ts";
import { britishIds } from "./national-ids-britain.ts";
import { centralEuropeanIds } from "./national-ids-central-europe.ts";
import { easternEuropeanIds } from "./national-ids-eastern-europe.ts";
import { iberianIds } from "./national-ids-iberia.ts";
import { northAmericanIds } from "./national-ids-north-america.ts";
import { northernEuropeanIds } from "./national-ids-northern-europe.ts";
import { southAmericanIds } from "./national-ids-south-america.ts";
import { southernEuropeanIds } from "./national-ids-southern-europe.ts";
import { usIds } from "./national-ids-us.ts";
import { westernEuropeanIds } from "./national-ids-western-europe.ts";
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
];
