// The table of the tokens that their own shape gives away.
import { ACCESS_TOKENS } from "./tokens-access.ts";
import { CLOUD_TOKENS } from "./tokens-clouds.ts";
import { CODE_TOKENS } from "./tokens-code.ts";
import { DATA_TOKENS } from "./tokens-data.ts";
import { MESSAGE_TOKENS } from "./tokens-messages.ts";
import { MODEL_TOKENS } from "./tokens-models.ts";
import { MONEY_TOKENS } from "./tokens-money.ts";
import { WORK_TOKENS } from "./tokens-work.ts";
import type { TokenRow } from "./table.ts";

/** The tokens with a shape of their own. An id begins with the provider's name in one word. */
export const TOKENS: readonly TokenRow[] = [
  ...MODEL_TOKENS,
  ...CLOUD_TOKENS,
  ...CODE_TOKENS,
  ...MONEY_TOKENS,
  ...MESSAGE_TOKENS,
  ...DATA_TOKENS,
  ...ACCESS_TOKENS,
  ...WORK_TOKENS,
];
