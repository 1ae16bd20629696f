// What a start and the process that builds a folder of policies for it tell each other.
import { z } from "zod";

/** What is built, and how problems are shown. */
export const toFollow = z.object({ source: z.string(), prefix: z.string(), hasColours: z.boolean() });

/** What came of a build. */
export const folderBuilt = z.object({
  since: z.number(),
  /** Null: it can't be built. */
  built: z
    .object({
      bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
      revision: z.string(),
      rules: z.number(),
    })
    .nullable(),
  /** Problems and warnings, as they are shown. */
  shown: z.string(),
  changes: z.array(z.string()),
});
export type FolderBuilt = z.infer<typeof folderBuilt>;
