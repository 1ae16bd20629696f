// A bundle on this machine: a file, or the folder that one was unpacked to. It is looked at again and again.
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { BUNDLE_LIMITS } from "../bundle-archive/unpack.ts";
import { toReason } from "../policy/load-error.ts";
import { SourceError } from "./source.ts";
import type { BundleSource } from "./source.ts";

const LOOK_MS = 500;

type Read = (path: string) => Promise<Buffer>;

/** Opens a file or a folder. */
export function createFileSource(path: string, lookMs = LOOK_MS, read: Read = readFile): BundleSource {
  let told: string | null = null;
  return {
    name: path,
    isRemote: false,
    async ask() {
      try {
        const files = await listFiles(path);
        const stamp = files.map((file) => file.stamp).join();
        if (stamp === told) return { bytes: null, pauseMs: lookMs };
        const [single] = files;
        if (single?.name === "" && single.size > BUNDLE_LIMITS.packed)
          throw new SourceError(`The bundle ${path} is longer than ${BUNDLE_LIMITS.packed} bytes.`);
        const bytes = single?.name === "" ? await read(path) : await packFolder(path, files);
        // What was written while it was read is looked at again, whole.
        const after = (await listFiles(path)).map((file) => file.stamp).join();
        if (after !== stamp && told !== null) return { bytes: null, pauseMs: lookMs };
        // What it was before it was read: another look tells whether that is still so.
        told = stamp;
        return { bytes, pauseMs: lookMs };
      } catch (cause) {
        throw cause instanceof SourceError
          ? cause
          : new SourceError(
              `The policy cannot be loaded: the bundle ${path} cannot be read (${toReason(cause)}).`,
              { cause },
            );
      }
    },
    forget() {
      told = null;
    },
  };
}

type Found = { readonly name: string; readonly stamp: string; readonly size: number };

/** Lists the files of a folder with what differs once they are written or replaced; a single file has an empty name. */
async function listFiles(path: string): Promise<readonly Found[]> {
  const top = await stat(path, { bigint: true });
  if (!top.isDirectory() && !top.isFile())
    throw new SourceError(`The bundle ${path} is neither a file nor a folder.`);
  if (top.isFile()) return [{ name: "", stamp: toStamp("", top), size: Number(top.size) }];
  const found: Found[] = [];
  for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
    if (entry.isDirectory()) continue;
    const full = join(entry.parentPath, entry.name);
    const name = relative(path, full).split(sep).join("/");
    // Links are followed: a volume of Kubernetes is made of them, beside folders that begin with two dots.
    if (name.split("/").some((part) => part.startsWith(".."))) continue;
    const one = await stat(full, { bigint: true });
    if (!one.isFile()) continue;
    found.push({ name, stamp: toStamp(name, one), size: Number(one.size) });
    if (found.length > BUNDLE_LIMITS.files)
      throw new SourceError(`The bundle ${path} holds more than ${BUNDLE_LIMITS.files} files.`);
  }
  return found.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function toStamp(name: string, of: { ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string {
  return `${name}:${of.ino}:${of.size}:${of.mtimeNs}:${of.ctimeNs}`;
}

/** Packs a folder, the same files always to the same bytes. */
async function packFolder(path: string, files: readonly Found[]): Promise<Buffer> {
  if (!files.some(({ name }) => name === ".manifest"))
    throw new SourceError(
      `The folder ${path} holds no bundle that is unpacked, for it has no .manifest: build one with "tollgate policy build".`,
    );
  if (files.reduce((sum, { size }) => sum + size, 0) > BUNDLE_LIMITS.unpacked)
    throw new SourceError(`The bundle ${path} is longer than ${BUNDLE_LIMITS.unpacked} bytes.`);
  const archive = pack();
  for (const { name } of files)
    archive.entry({ name, mtime: new Date(0), mode: 0o644 }, await readFile(join(path, name)));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  return gzipSync(Buffer.concat(chunks));
}
