// Unpacks a bundle's archive in a stream, within limits: what it does not hold yet is not believed.

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { PolicyLoadError } from "../policy/load-error.ts";

export type BundleLimits = {
  /** Bytes as packed, as unpacked, and files. */
  readonly packed: number;
  readonly unpacked: number;
  readonly files: number;
};

/** The files of a bundle by name, without a leading slash, in the archive's order. */
export type BundleFiles = ReadonlyMap<string, Buffer>;

/** What a bundle may measure. */
export const BUNDLE_LIMITS: BundleLimits = { packed: 16 << 20, unpacked: 64 << 20, files: 2000 };

/** So many times its packed length no bundle unpacks to, once it is longer than `SHORT`. */
const MOST_TIMES = 100;
const SHORT = 4 << 20;

const CHUNK = 64 << 10;

type Entry = AsyncIterable<unknown> & {
  readonly header: { readonly name: string; readonly type?: string | null; readonly size?: number };
};

/** Unpacks a `.tar.gz`, and lets others be served meanwhile. Throws `PolicyLoadError` that says what is wrong with it. */
export async function unpackBundle(
  packed: Buffer,
  limits: BundleLimits = BUNDLE_LIMITS,
): Promise<BundleFiles> {
  if (packed.byteLength > limits.packed)
    throw new PolicyLoadError(`it is longer than ${limits.packed} bytes`);
  const files = new Map<string, Buffer>();
  const archive = extract();
  // What ends the pipeline ends the loop below with the same error.
  const flow = pipeline(Readable.from(inflate(packed, limits)), archive).catch(() => {});
  try {
    for await (const entry of archive) await keepFile(files, entry, limits);
  } catch (cause) {
    if (cause instanceof PolicyLoadError) throw cause;
    throw new PolicyLoadError("it is no tar archive, or is cut short", { cause });
  } finally {
    archive.destroy();
    await flow;
  }
  return files;
}

async function* inflate(packed: Buffer, limits: BundleLimits): AsyncGenerator<Buffer> {
  const most = Math.min(limits.unpacked, Math.max(SHORT, packed.byteLength * MOST_TIMES));
  const gunzip = createGunzip({ chunkSize: CHUNK });
  gunzip.end(packed);
  let length = 0;
  try {
    for await (const chunk of gunzip) {
      if (!Buffer.isBuffer(chunk)) continue;
      length += chunk.byteLength;
      if (length > most) throw new PolicyLoadError(`it unpacks to more than ${most} bytes`);
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof PolicyLoadError) throw cause;
    throw new PolicyLoadError("it is no gzip, or is cut short", { cause });
  } finally {
    gunzip.destroy();
  }
}

async function keepFile(files: Map<string, Buffer>, entry: Entry, limits: BundleLimits): Promise<void> {
  const { type, size = 0, name: written } = entry.header;
  const chunks: Buffer[] = [];
  if (size > limits.unpacked) throw new PolicyLoadError(`it unpacks to more than ${limits.unpacked} bytes`);
  for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  if (type === "directory") return;
  const name = toFileName(written);
  if (type !== "file") throw new PolicyLoadError(`it holds ${JSON.stringify(name)}, which is no plain file`);
  if (isOdd(name) || files.has(name))
    throw new PolicyLoadError(`it holds ${JSON.stringify(name)} in an odd place or twice`);
  files.set(name, Buffer.concat(chunks));
  if (files.size > limits.files) throw new PolicyLoadError(`it holds more than ${limits.files} files`);
}

/** Gives the name of a file as OPA writes it into a signature: without a leading slash. */
export function toFileName(path: string): string {
  return path.replace(/^(?:\.?\/)+/, "");
}

/** A name that two programs could read as two places. */
function isOdd(name: string): boolean {
  return /[\\\p{Cc}]/u.test(name) || name.split("/").some((part) => /^\.{0,2}$/.test(part));
}
