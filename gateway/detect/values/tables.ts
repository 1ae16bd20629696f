// The tables that come with the gateway.
import { COINS } from "./coins.ts";
import type { Tables } from "./compile.ts";
import { NAMED_SECRETS } from "./named-secrets.ts";
import { isPlaceholder } from "./no-secret.ts";
import { numberRows } from "./number-rows.ts";
import { TOKENS } from "./tokens.ts";

/** All detectors that come with the gateway. */
export const TABLES: Tables = {
  tokens: TOKENS,
  named: NAMED_SECRETS,
  numbers: numberRows,
  coins: COINS,
  isNoSecret: isPlaceholder,
};
