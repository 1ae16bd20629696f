// That a corpus is read as it was written, and refused where anything of it was changed, cut off or blown up.
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signCorpus } from "../bundle-signature/corpus-signature.ts";
import type { Signer } from "../bundle-signature/jws.ts";
import type { Trust } from "../config/signing.ts";
import { readLines } from "../replay/record-line.ts";
import { toHeader } from "./manifest.ts";
import type { CorpusManifest } from "./manifest.ts";
import { openCorpus } from "./read-corpus.ts";
import { writeCorpus } from "./write-corpus.ts";

const lines = Array.from({ length: 50 }, (_, index) =>
  JSON.stringify({
    id: `01a202c6-0000-7000-8000-${index.toString(16).padStart(12, "0")}`,
    subject: "caller-1",
    operation: "responses.create",
    stream: false,
    error: null,
    outcome: "completed",
    facts: { v: 1, name: "ü".repeat(index) },
    decision: { allow: [] },
    later: [],
  }),
);
const text = lines.map((line) => `${line}\n`).join("");
const about: Omit<CorpusManifest, "bytes" | "sha256"> = {
  format: 1,
  facts: 1,
  made_at: "2026-01-31T12:00:00.000Z",
  tollgate: "0.1.0",
  scope: "all exchanges",
  span: null,
  exchanges: lines.length,
  decisions: 0,
  operations: { "responses.create": lines.length },
  revisions: [{ revision: "r1", digest: null, exchanges: lines.length }],
  callers: "pseudonyms",
  sampling: null,
  left_out: [],
  connection_labels: ["internal"],
  recognised: [],
};
const pair = generateKeyPairSync("ed25519");
const signer: Signer = { algorithm: "EdDSA", privateKey: pair.privateKey, keyId: "one", scope: "" };
const trustIn = (key: typeof pair.publicKey): Trust => ({
  keys: [{ id: "one", algorithm: "EdDSA", key }],
  scope: "",
  fingerprint: "",
});

let folder = "";
let signed: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-corpus-"));
  signed = await write(about, text, true);
});
afterAll(() => rm(folder, { recursive: true }));

async function write(says: typeof about, content: string, isSigned = false): Promise<Buffer> {
  const path = join(folder, "written.gz");
  // Ends of lines and of what is written at once need not meet, nor characters be whole in a chunk of it.
  async function* give(): AsyncGenerator<string> {
    for (let at = 0; at < content.length; at += 4001) yield content.slice(at, at + 4001);
  }
  await writeCorpus(
    path,
    give(),
    async (totals) => {
      const manifest = { ...says, ...totals };
      return toHeader(manifest, isSigned ? await signCorpus(manifest, signer) : null);
    },
    new AbortController().signal,
  );
  return readFile(path);
}

/** Opens it and reads it to its end; gives the ids. */
async function read(bytes: Buffer, trust: Trust | null = null): Promise<readonly string[]> {
  const path = join(folder, "read.gz");
  await writeFile(path, bytes);
  const corpus = await openCorpus(path, trust);
  try {
    const ids: string[] = [];
    for await (const part of corpus.parts())
      if (part.kind === "lines") ids.push(...readLines(part.lines).map(({ id }) => id));
    return ids;
  } finally {
    corpus.close();
  }
}

/** Makes another header, with the digest of these lines, over them. */
function packed(header: object, content = text): Buffer {
  return gzipSync(`${JSON.stringify(header)}\n${content}`);
}

function toParts(bytes: Buffer): { readonly header: Record<string, unknown>; readonly content: string } {
  const all = gunzipSync(bytes).toString("utf8");
  const end = all.indexOf("\n");
  return { header: JSON.parse(all.slice(0, end)), content: all.slice(end + 1) };
}

test("reads what was written, for its owner alone, and leaves nothing else behind", async () => {
  const ids = await read(signed, trustIn(pair.publicKey));
  expect(ids).toHaveLength(lines.length);
  expect((await stat(join(folder, "written.gz"))).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  expect(await read(await write({ ...about, exchanges: 0 }, ""))).toEqual([]);
});

test("leaves nothing behind where it is stopped", async () => {
  async function* give(): AsyncGenerator<string> {
    yield text;
    throw new Error("The database went away.");
  }
  const path = join(folder, "stopped.gz");
  const { signal } = new AbortController();
  await expect(writeCorpus(path, give(), async () => "", signal)).rejects.toThrow("went away");
  expect((await readdir(folder)).filter((name) => name.includes("stopped"))).toEqual([]);
});

test("refuses one that is cut off anywhere", async () => {
  for (let end = 0; end < signed.length; end += 97)
    await expect(read(signed.subarray(0, end)), `${end} bytes`).rejects.toThrow(/cut short|no manifest/);
});

test("refuses one of which a byte was changed", async () => {
  const { header, content } = toParts(signed);
  const changed = [
    content.replace("responses.create", "responses.delete"),
    content.slice(0, -(lines[0] ?? "").length),
    `${content}${lines[0]}\n`,
    `${content} `,
    content.replace("\n", ""),
  ];
  for (const one of changed)
    await expect(read(packed(header, one))).rejects.toThrow(/damaged|unpacks to more/);
  const raw = Buffer.from(signed);
  raw.writeUInt8(raw.readUInt8(raw.length - 200) ^ 1, raw.length - 200);
  await expect(read(raw)).rejects.toThrow("damaged");
});

test("refuses lines that are no exchanges, though the manifest is right about them", async () => {
  const bytes = await write({ ...about, exchanges: 1 }, '{"id":"x"}\n');
  await expect(read(bytes)).rejects.toThrow("a line that is no exchange");
});

test("refuses what is no corpus, or of a later version", async () => {
  for (const bytes of [
    Buffer.from("hello"),
    gzipSync("hello\n"),
    gzipSync("{}\n"),
    gzipSync('{"tollgate_corpus":1}\n'),
  ])
    await expect(read(bytes)).rejects.toThrow(/no corpus|no gzip/);
  const { header } = toParts(signed);
  const later = { ...Object(header["tollgate_corpus"]), format: 2 };
  await expect(read(packed({ tollgate_corpus: later }))).rejects.toThrow("another version");
  await expect(
    read(packed({ tollgate_corpus: { ...Object(header["tollgate_corpus"]), more: 1 } })),
  ).rejects.toThrow("its manifest is malformed");
  await expect(openCorpus(join(folder, "missing.gz"), null)).rejects.toThrow("can't be read (ENOENT)");
});

test("refuses one that unpacks to more than it says, before it has", async () => {
  const { header } = toParts(signed);
  const bomb = Buffer.concat([
    packed(header),
    ...Array.from({ length: 20 }, () => gzipSync(Buffer.alloc(1 << 20))),
  ]);
  await expect(read(bomb)).rejects.toThrow("unpacks to more than");
  await expect(read(gzipSync(Buffer.alloc(8 << 20, "a")))).rejects.toThrow("its first line does not end");
  const huge = { ...Object(header["tollgate_corpus"]), bytes: 2 ** 40 };
  await expect(read(packed({ tollgate_corpus: huge }))).rejects.toThrow("unpacks to more than");
  const long = { ...Object(header["tollgate_corpus"]), bytes: 2 ** 30 };
  await expect(read(packed({ tollgate_corpus: long }, "a".repeat(5 << 20)))).rejects.toThrow("too long");
});

test("refuses one that was not signed by the key that is named", async () => {
  const trust = trustIn(pair.publicKey);
  await expect(read(await write(about, text), trust)).rejects.toThrow("the corpus is not signed");
  await expect(read(signed, trustIn(generateKeyPairSync("ed25519").publicKey))).rejects.toThrow("of no key");
  const { header } = toParts(signed);
  const other = { ...Object(header["tollgate_corpus"]), scope: "something else" };
  await expect(read(packed({ ...header, tollgate_corpus: other }), trust)).rejects.toThrow(
    "not what was signed",
  );
  const asBundle = { ...header, signature: "e30.e30.e30" };
  await expect(read(packed(asBundle), trust)).rejects.toThrow("of no key");
});
