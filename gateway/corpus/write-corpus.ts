// Writes a corpus: lines are packed as they come, and the manifest, which knows their digest, is put before them at the end.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";

/** What a manifest says of the lines that follow it. */
export type LineTotals = { readonly bytes: number; readonly sha256: string };

/**
 * Writes lines, whole ones at a time, behind the header that is asked for once all are known. The file is there whole or
 * not at all, for its owner alone.
 */
export async function writeCorpus(
  path: string,
  lines: AsyncIterable<string>,
  toHeader: (totals: LineTotals) => Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  const packed = `${path}.${process.pid}.lines.tmp`;
  const whole = `${path}.${process.pid}.tmp`;
  const hash = createHash("sha256");
  let bytes = 0;
  async function* count(): AsyncGenerator<Buffer> {
    for await (const text of lines) {
      const chunk = Buffer.from(text);
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    await pipeline(count(), createGzip(), createWriteStream(packed, OWN), { signal });
    const header = await toHeader({ bytes, sha256: hash.digest("hex") });
    // Members of a gzip file follow each other, and unpack as one.
    async function* join(): AsyncGenerator {
      yield gzipSync(header);
      yield* createReadStream(packed);
    }
    await pipeline(join(), createWriteStream(whole, { ...OWN, flush: true }), { signal });
    await rename(whole, path);
  } finally {
    await Promise.all([rm(packed, { force: true }), rm(whole, { force: true })]);
  }
}

const OWN = { flags: "wx", mode: 0o600 } as const;
