// Reads a corpus as a stream and believes nothing of it before its manifest, and no result before its digest.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { verifyCorpus } from "../bundle-signature/corpus-signature.ts";
import type { Trust } from "../config/signing.ts";
import { ReplayError } from "../replay/replay-error.ts";
import type { Part } from "../replay/run-replay.ts";
import { LONGEST_HEADER, LONGEST_LINE, MOST_BYTES } from "./limits.ts";
import { parseHeader } from "./manifest.ts";
import type { CorpusManifest } from "./manifest.ts";

/** A corpus whose manifest was read and, where keys were given, verified. */
export type Corpus = {
  readonly manifest: CorpusManifest;
  /** By which key it was signed; null: none was asked for. */
  readonly keyId: string | null;
  /** Whether it has a signature. */
  readonly isSigned: boolean;
  /** Gives its exchanges part by part, once. Throws a `ReplayError` at its end where they are not what the manifest says. */
  parts(): AsyncGenerator<Part>;
  close(): void;
};

const NEWLINE = 10;
/** So many bytes make a part. */
const PART_BYTES = 8 << 20;

/** Opens a file. Rejects with a `ReplayError`, or a `PolicyLoadError` where `trust` asks for a signature that is not there. */
export async function openCorpus(path: string, trust: Trust | null): Promise<Corpus> {
  const file = createReadStream(path);
  const gunzip = file.pipe(createGunzip());
  // `pipe` passes no errors on.
  file.on("error", (error) => gunzip.destroy(error));
  const close = (): void => {
    file.destroy();
    gunzip.destroy();
  };
  try {
    const chunks = readChunks(gunzip);
    const { line, rest } = await readHeader(chunks);
    const { manifest, signed, signature } = parseHeader(line);
    if (manifest.bytes > MOST_BYTES)
      throw new ReplayError(`The corpus says that it unpacks to more than ${MOST_BYTES} bytes.`);
    const keyId = trust === null ? null : (await verifyCorpus(signed, signature, trust)).keyId;
    return {
      manifest,
      keyId,
      isSigned: signature !== null,
      parts: () => listParts(chunks, rest, manifest),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

async function* readChunks(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) if (chunk instanceof Buffer) yield chunk;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (code.startsWith("Z_")) throw new ReplayError("The corpus is no gzip, is damaged, or is cut short.");
    throw new ReplayError(`The corpus can't be read (${code === "" ? "a fault" : code}).`);
  }
}

async function readHeader(chunks: AsyncGenerator<Buffer>): Promise<{ line: string; rest: Buffer }> {
  const read: Buffer[] = [];
  let length = 0;
  // Not `for await`: what follows is read later.
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    const at = next.value.indexOf(NEWLINE);
    read.push(at === -1 ? next.value : next.value.subarray(0, at));
    length += at === -1 ? next.value.byteLength : at;
    if (length > LONGEST_HEADER) throw new ReplayError("That is no corpus: its first line does not end.");
    if (at !== -1) return { line: Buffer.concat(read).toString("utf8"), rest: next.value.subarray(at + 1) };
  }
  throw new ReplayError("That is no corpus: it has no manifest, or is cut short.");
}

async function* listParts(
  chunks: AsyncGenerator<Buffer>,
  rest: Buffer,
  manifest: CorpusManifest,
): AsyncGenerator<Part> {
  const hash = createHash("sha256");
  let [bytes, lines] = [0, 0];
  let held: Buffer[] = [];
  let heldBytes = 0;
  let sinceNewline = 0;
  function take(chunk: Buffer): void {
    bytes += chunk.byteLength;
    if (bytes > manifest.bytes)
      throw new ReplayError(`The corpus unpacks to more than the ${manifest.bytes} bytes of its manifest.`);
    hash.update(chunk);
    const last = chunk.lastIndexOf(NEWLINE);
    sinceNewline = last === -1 ? sinceNewline + chunk.byteLength : chunk.byteLength - last - 1;
    if (sinceNewline > LONGEST_LINE)
      throw new ReplayError("The corpus is damaged: a line of it is too long.");
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
    held.push(chunk);
    heldBytes += chunk.byteLength;
  }
  /** Takes the whole lines out of what is held. */
  function release(): Part {
    const all = Buffer.concat(held);
    const end = all.byteLength - sinceNewline;
    held = [all.subarray(end)];
    heldBytes = sinceNewline;
    return { kind: "lines", lines: all.subarray(0, end) };
  }
  take(rest);
  for await (const chunk of chunks) {
    take(chunk);
    if (heldBytes - sinceNewline >= PART_BYTES) yield release();
  }
  const isWhole =
    bytes === manifest.bytes && lines === manifest.exchanges && hash.digest("hex") === manifest.sha256;
  if (!isWhole || sinceNewline > 0)
    throw new ReplayError("The corpus is damaged or cut short: it is not what its manifest says.");
  if (heldBytes > 0) yield release();
}
