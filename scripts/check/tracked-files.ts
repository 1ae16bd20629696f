// Reads the texts that Git tracks, or would track.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export type TrackedFile = { readonly path: string; readonly text: string };

/** Reads the files that are tracked or not ignored; binary ones and those that are gone are left out. */
export async function readTrackedFiles(root: string): Promise<TrackedFile[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { stdout } = await promisify(execFile)("git", args, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
  const paths = [...new Set(stdout.split("\0"))].filter((path) => path !== "");
  const files = await Promise.all(
    paths.map(async (path) => {
      const bytes = await readFile(join(root, path)).catch(() => null);
      return bytes === null || bytes.includes(0) ? null : { path, text: bytes.toString("utf8") };
    }),
  );
  return files.filter((file) => file !== null);
}

/** Names a place in a file as tools do. */
export function toPlace(file: TrackedFile, index: number): string {
  return `${file.path}:${file.text.slice(0, index).split("\n").length}`;
}
