// How a gateway stands with a bundle, as it tells the database and people.
import { z } from "zod";

const moment = z.iso.datetime();

/** What decides of one bundle in a gateway, and how it stands with its source. */
export const bundleState = z.object({
  bundle: z.string(),
  revision: z.string(),
  digest: z.string(),
  serial: z.number().nullable(),
  /** Since when it decides. */
  since: moment,
  /** What brought it: its source, an order, the copy that is kept. */
  by: z.string(),
  source: z.string(),
  /** When the source last confirmed what it has. */
  confirmed: moment.nullable(),
  /** The order that holds it, whatever the source has. */
  held: z
    .object({ kind: z.enum(["activate", "rollback"]), by: z.string(), why: z.string().nullable() })
    .nullable(),
  /** Attempts to ask the source that failed since it last answered. */
  failures: z.number(),
  problem: z.object({ at: moment, message: z.string() }).nullable(),
});

export type BundleState = z.infer<typeof bundleState>;
