// How decisions are told to a collector.
import { resolve } from "node:path";
import { z } from "zod";
import { bytes, secretReference, trustedUrl } from "./fields.ts";

const label = z
  .string()
  .regex(/^[a-zA-Z_][\w.-]{0,63}$/, { error: "expected a name, for instance environment" });

/** The key `decision_log`. */
export const decisionLog = z
  .strictObject({
    to: z
      .union([z.literal("stdout"), z.string().regex(/^file:.+$/), trustedUrl], {
        error: "expected an https URL, file:PATH, or stdout",
      })
      .meta({
        description:
          "The collector's URL, to which gzipped JSON arrays are posted as OPA does; or `file:PATH` or `stdout`, for a line of JSON each.",
      }),
    credential: secretReference.optional().meta({
      description: "What the collector is shown as a bearer token. It is read anew for each batch.",
    }),
    labels: z
      .record(label, z.string().max(256))
      .default({})
      .meta({ description: "Labels of every event, besides `app` and `version`." }),
    batch_bytes: bytes("1MiB", "Longest batch, before it is packed.", "64MiB"),
  })
  .meta({
    description:
      "Decisions are told to a collector in the format of OPA's decision logs, each at least once (docs/decision-logs.md). Absent: none is.",
  });

/** Where decisions are told, without secrets. */
export type DecisionLogConfig = {
  readonly to: { readonly url: string } | { readonly file: string } | "stdout";
  /** The reference, whose file is named from the root. */
  readonly credential: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly batchBytes: number;
};

/** Makes paths whole, which stand in relation to the file's folder. */
export function toDecisionLog(
  file: z.output<typeof decisionLog> | undefined,
  folder: string,
): DecisionLogConfig | null {
  if (file === undefined) return null;
  const { to, credential, labels, batch_bytes } = file;
  const place = (reference: string): string => resolve(folder, reference.slice("file:".length));
  return {
    to: to === "stdout" ? to : to.startsWith("file:") ? { file: place(to) } : { url: to },
    credential: credential?.startsWith("file:") === true ? `file:${place(credential)}` : (credential ?? null),
    labels,
    batchBytes: batch_bytes,
  };
}
