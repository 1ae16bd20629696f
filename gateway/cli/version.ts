// Reads the version of this package.
import { readFileSync } from "node:fs";
import { z } from "zod";

/** Gives the version in package.json, which stands above both the sources and what is compiled of them. */
export function readOwnVersion(): string {
  for (const up of ["../../package.json", "../../../package.json"]) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      return z.object({ name: z.literal("tollgate"), version: z.string() }).parse(manifest).version;
    } catch {
      // One folder further up, where the sources were compiled into one of their own.
    }
  }
  return "0.0.0";
}
