// Reads the version of this package.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { findPackageRoot } from "../config/package-root.ts";

/** Gives the version in package.json. */
export function readOwnVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(findPackageRoot(), "package.json"), "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
