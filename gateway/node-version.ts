// Says whether this Node is new enough. What is needed stands in package.json alone; this is loaded by Nodes that are not.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findPackageRoot } from "./config/package-root.ts";

/** Gives the version that `engines` of package.json asks for, without its `>=`. */
export function readNeededNode(): string {
  const manifest: { readonly engines: { readonly node: string } } = JSON.parse(
    readFileSync(join(findPackageRoot(), "package.json"), "utf8"),
  );
  return manifest.engines.node.replace(">=", "");
}

/** Tells whether a version is at least the needed one, by its first two numbers. */
export function isNewEnough(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split(".").map(Number);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
