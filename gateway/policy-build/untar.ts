// Unpacks what OPA built.

import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";

/** Gives the files of a `.tar.gz` by name, without a leading slash. */
export async function untarFile(packed: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const archive = extract();
  Readable.from([gunzipSync(packed)]).pipe(archive);
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    files.set(entry.header.name.replace(/^\/+/, ""), Buffer.concat(chunks));
  }
  return files;
}
