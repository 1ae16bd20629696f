// Reads a body that may be only so long.

/** Gives the body; null: it is longer. */
export async function readBounded(request: Request, mostBytes: number): Promise<Buffer | null> {
  const said = Number(request.headers.get("content-length") ?? 0);
  if (said > mostBytes) return null;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
