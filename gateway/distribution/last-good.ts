// Keeps the last good bundle of a URL on this machine, for a start when its source is away.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

/** The copy, in one file: a line of JSON that says what it is, then the bytes. */
export type LastGood = {
  /** Keeps a bundle in place of the one before, whole or not at all. */
  write(bytes: Buffer): Promise<void>;
  /** Gives the copy; null where there is none, or what there is isn't what was written. */
  read(): Promise<{ readonly bytes: Buffer; readonly at: Date } | null>;
};

const head = z.strictObject({ source: z.string(), digest: z.string(), at: z.iso.datetime() });

/** Opens the copy of one source; that of another one counts as none. */
export function createLastGood(path: string, source: string): LastGood {
  return {
    async write(bytes) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const temporary = `${path}.${randomBytes(6).toString("hex")}`;
      const line = JSON.stringify({ source, digest: toDigest(bytes), at: new Date().toISOString() });
      try {
        await using file = await open(temporary, "wx", 0o600);
        await file.writeFile(Buffer.concat([Buffer.from(`${line}\n`), bytes]));
        await file.sync();
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async read() {
      try {
        const content = await readFile(path);
        const end = content.indexOf("\n");
        const told = head.parse(JSON.parse(content.toString("utf8", 0, end)));
        const bytes = content.subarray(end + 1);
        if (told.source !== source || told.digest !== toDigest(bytes)) return null;
        return { bytes, at: new Date(told.at) };
      } catch {
        return null;
      }
    },
  };
}

function toDigest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
