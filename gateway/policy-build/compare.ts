// Compares a bundle with the one that stands in the repository.

import { existsSync, readFileSync } from "node:fs";
import { unpackBundle } from "../bundle-archive/unpack.ts";
import { PolicyProblem, toError } from "./problem.ts";

const HELP = "build it without --check, and commit the result";

/**
 * Throws `PolicyProblem` that names the files that differ. Compared are the bytes that were packed, in their order:
 * gzip's own bytes depend on the Go that built OPA.
 */
export async function compareBundle(built: Buffer, path: string): Promise<void> {
  if (!existsSync(path))
    throw new PolicyProblem([toError("bundle_missing", null, `There is no ${path}.`, { help: HELP })]);
  const stands = readFileSync(path);
  if (stands.equals(built)) return;
  const [ours, theirs] = [await unpackBundle(built), await unpackBundle(stands)];
  const names = [...new Set([...ours.keys(), ...theirs.keys()])];
  const differing = names.filter(
    (name) => ours.get(name)?.equals(theirs.get(name) ?? Buffer.alloc(0)) !== true,
  );
  if (differing.length === 0 && [...ours.keys()].join("\0") === [...theirs.keys()].join("\0")) return;
  const what = differing.join(", ") || "the order of files";
  throw new PolicyProblem([
    toError("bundle_stale", null, `${path} is not what its sources give. Different: ${what}`, { help: HELP }),
  ]);
}
