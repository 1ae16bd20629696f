// Writes the bytes of a part anew: up to the first change they lie where they came, behind it at the spool's end.
import type { Spool } from "../spool/spool.ts";
import type { Stretch, Stretches } from "./write-form.ts";

/** Takes a part's bytes in order, those that stay and those that take others' place. */
export type Rewriter = {
  /** The next bytes stay as they came. */
  keep(bytes: Buffer): Promise<void>;
  /** These bytes stand in the place of the next ones. */
  put(bytes: Buffer): Promise<void>;
  /** Gives what the part is now; null where nothing changed. */
  end(): Stretches | null;
};

/** Opens the rewriter of a part; no other one may be open for the same spool. */
export function createRewriter(spool: Spool, { from }: Stretch): Rewriter {
  let to = from;
  let start: number | null = null;
  return {
    async keep(bytes) {
      if (start === null) to += bytes.length;
      else await spool.write(bytes);
    },
    async put(bytes) {
      start ??= spool.size;
      await spool.write(bytes);
    },
    end: () => (start === null ? null : { from, to, more: { from: start, to: spool.size } }),
  };
}
