// Lists and copies the files that go into a bundle.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { LOG_ROOT } from "../policy/manifest.ts";

export type Source = { readonly path: string; readonly bytes: Buffer };

/** Gives the folders below `root` that hold policy: the decisions', and where there is one the decision log's. */
export function listFolders(root: string): readonly string[] {
  return ["gateway", LOG_ROOT].filter((folder) => existsSync(join(root, folder)));
}

/** Reads the policy's sources below `root` (modules without their tests, data), sorted by path; paths have `/`. */
export function readSources(root: string): readonly Source[] {
  return listFolders(root)
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && isPolicy(entry.name) && !entry.name.endsWith("_test.rego"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ path: relative(root, file).split(sep).join("/"), bytes: readFileSync(file) }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Says whether a path is a folder, or a file that a policy is made of, its tests included. */
export function isSourceFile(path: string): boolean {
  // Editors put files of their own beside those that they change.
  if (basename(path).startsWith(".")) return false;
  return isPolicy(basename(path)) || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isPolicy(name: string): boolean {
  return name.endsWith(".rego") || /^data\.(?:json|ya?ml)$/.test(name);
}

/** Gives the digest of the sources and of what else decides about the bundle's bytes. */
export function digestSources(sources: readonly Source[], besides: readonly string[]): string {
  const hash = createHash("sha256");
  for (const { path, bytes } of sources) {
    hash.update(`${path}\0${bytes.length}\0`);
    hash.update(bytes);
  }
  for (const text of besides) hash.update(`\0${text.length}\0${text}`);
  return hash.digest("hex");
}

/** Writes files below `folder`. */
export function writeFiles(folder: string, files: readonly Source[]): void {
  for (const { path, bytes } of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}
