// Names what a request carries: JSON by its bytes, a form by its parts whatever the boundary, everything else by what is sent.
import { createHash } from "node:crypto";
import type { TakenBody } from "./request-body.ts";

/** Gives a text that is the same for the same content alone. */
export async function digestContent({ bytes, form, spooled }: TakenBody): Promise<string> {
  if (form !== null) {
    const parts: unknown[] = [];
    for (const { name, filename, type, from, to } of form.parts)
      parts.push([name, filename, type, await digestBytes(form.spool.read(from, to))]);
    return JSON.stringify(["form", parts]);
  }
  if (bytes.length > 0 || spooled === null) return JSON.stringify(["json", await digestBytes([bytes])]);
  return JSON.stringify(["body", spooled.contentType, await digestBytes(spooled.stream())]);
}

async function digestBytes(pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of pieces) hash.update(piece);
  return hash.digest("base64url");
}
