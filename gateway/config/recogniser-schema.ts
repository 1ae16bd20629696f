// How the recogniser of names and addresses is configured.
import { z } from "zod";
import { RECOGNISED_CLASSES, VALUE_CLASSES } from "../exchange.ts";
import { bytes, count, milliseconds, url } from "./fields.ts";

/** A recogniser with the HTTP API of Presidio's analyzer. */
export const recogniser = z.strictObject({
  url: url.meta({
    description:
      "Where it is, without `/analyze`, for instance `http://presidio:3000`. It is sent every text as it came: leave it nothing that others can listen to.",
  }),
  languages: z
    .array(
      z
        .string()
        .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?$/, { error: "expected a language, for instance en" }),
    )
    .min(1)
    .max(8)
    .default(["en"])
    .meta({
      description: "Languages that each text is searched in; the recogniser must have a model for each.",
    }),
  classes: z
    .record(
      z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, { error: "expected an entity, for instance PERSON" }),
      z.enum([...RECOGNISED_CLASSES, ...VALUE_CLASSES]),
    )
    .refine((classes) => Object.keys(classes).length > 0, { error: "expected an entity" })
    .default({ PERSON: "person_name", LOCATION: "address" })
    .meta({
      description:
        "The recogniser's entities, and the class that policy knows each by. Others are not asked for.",
    }),
  score_threshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .meta({ description: "What it is less sure of counts as not found." }),
  on_error: z.enum(["refuse", "ignore"]).default("refuse").meta({
    description:
      "What becomes of a text that it cannot be asked about: away, too slow, too long, an answer that cannot be read. `refuse` refuses it; `ignore` lets it pass with its names and addresses.",
  }),
  timeout_ms: milliseconds(
    5_000,
    "Time for all texts of a request or of a whole answer together, and for each passage of a stream.",
    600_000,
  ),
  pause_after: count(
    5,
    "So many calls fail in a row, and then one about a sentence of the gateway's own, until it is not asked for a while.",
  ),
  pause_ms: milliseconds(
    10_000,
    "So long it is not asked then: `on_error` applies at once. After it the gateway tries its own sentence first.",
    600_000,
  ),
  max_chars: count(200_000, "Longest text that it is asked about."),
  concurrency: z
    .int()
    .min(1)
    .max(256)
    .default(4)
    .meta({ description: "Calls at once, for each worker; others wait, within the time limit." }),
  texts_per_call: z
    .int()
    .min(1)
    .max(500)
    .default(32)
    .meta({ description: "Passages that are sent in one call; 1 for Presidio before 2.2.356." }),
  cache_bytes: bytes("16MiB", "Memory for what is known of passages that come again, for each worker."),
});
