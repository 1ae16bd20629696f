// Sends stored bytes, whole or the range that is asked for.
import { createHash } from "node:crypto";
import { ApiError } from "./api-error.ts";
import type { Exchange } from "./send.ts";

const PIECE = 256 * 1024;

/** Sends bytes as a file: `Range` gives a part of it, and what the caller cannot take yet waits. */
export async function sendContent(
  exchange: Exchange,
  bytes: Buffer,
  {
    type = "application/octet-stream",
    filename,
  }: { readonly type?: string; readonly filename?: string } = {},
): Promise<void> {
  const { request, response, signal } = exchange;
  const range = readRange(request.headers.range, bytes.length);
  const body = range === null ? bytes : bytes.subarray(range.start, range.end + 1);
  response.writeHead(range === null ? 200 : 206, {
    "content-type": type,
    "content-length": body.length,
    "accept-ranges": "bytes",
    etag: `"${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}"`,
    ...(filename === undefined
      ? {}
      : { "content-disposition": `attachment; filename="${toQuoted(filename)}"` }),
    ...(range === null ? {} : { "content-range": `bytes ${range.start}-${range.end}/${bytes.length}` }),
  });
  for (let start = 0; start < body.length; start += PIECE) {
    if (signal.aborted) return;
    if (response.write(body.subarray(start, start + PIECE))) continue;
    await new Promise<void>((resolve) => {
      response.once("drain", resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  response.end();
}

/** Reads one range; null for the whole, as where several are asked for. */
function readRange(header: string | undefined, size: number): { start: number; end: number } | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  const [, from = "", to = ""] = match ?? [];
  if (match === null || (from === "" && to === "")) return null;
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (start <= end) return { start, end };
  throw new ApiError(416, "The range is not satisfiable.", {
    headers: { "content-range": `bytes */${size}` },
  });
}

function toQuoted(filename: string): string {
  return filename.replaceAll(/[^\x20-\x7e]|["\\]/g, "_");
}
