// Compares a bundle with the one that stands in the repository.

import { existsSync, readFileSync } from "node:fs";
import { PolicyProblem } from "./problem.ts";
import { untarFile } from "./untar.ts";

/**
 * Throws `PolicyProblem` that names the files that differ. Compared are the bytes that were packed, in their order:
 * gzip's own bytes depend on the Go that built OPA.
 */
export async function compareBundle(built: Buffer, path: string): Promise<void> {
  if (!existsSync(path))
    throw new PolicyProblem(`There is no ${path}; run scripts/build-bundle and commit it.`);
  const stands = readFileSync(path);
  if (stands.equals(built)) return;
  const [ours, theirs] = [await untarFile(built), await untarFile(stands)];
  const names = [...new Set([...ours.keys(), ...theirs.keys()])];
  const differing = names.filter(
    (name) => ours.get(name)?.equals(theirs.get(name) ?? Buffer.alloc(0)) !== true,
  );
  if (differing.length === 0 && [...ours.keys()].join("\0") === [...theirs.keys()].join("\0")) return;
  throw new PolicyProblem(
    `${path} is not what its sources give; run scripts/build-bundle and commit the result. Different: ${differing.join(", ") || "the order of files"}`,
  );
}
