// Hands out the record of a database part by part, so that no process holds more of it than one.
import type { Database } from "../../db/client.ts";
import type { ExchangeFilter } from "../../db/queries/exchange-filter.ts";
import { findReplayPart } from "../../db/queries/replay-rows.ts";
import type { ReplayRange } from "../../db/queries/replay-rows.ts";
import type { Part } from "./run-replay.ts";

/** How many exchanges a part holds. */
export const PART_SIZE = 2000;

/** Gives the parts of a range, oldest first; null: nothing. */
export async function* listRecordParts(
  db: Database,
  filter: ExchangeFilter,
  range: ReplayRange | null,
): AsyncGenerator<Part & { readonly kind: "range" }> {
  if (range === null) return;
  let { after } = range;
  while (after < range.until) {
    const until = await findReplayPart(db, filter, { after, until: range.until }, PART_SIZE);
    yield { kind: "range", range: { after, until } };
    after = until;
  }
}
