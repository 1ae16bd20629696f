// Packs a bundle's archive: the same files give the same bytes.

import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import type { BundleFiles } from "./unpack.ts";

/** Packs files into a `.tar.gz` as OPA does: names begin with a slash, times are 0. */
export async function packBundle(files: BundleFiles): Promise<Buffer> {
  const archive = pack();
  for (const [name, bytes] of files)
    archive.entry({ name: `/${name}`, mode: 0o600, mtime: new Date(0), uid: 0, gid: 0 }, bytes);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive.pipe(createGzip())) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
