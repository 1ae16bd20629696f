// Refuses what stands in a policy's folder and is no plain file: a link would bring in, or write over, what lies elsewhere.

import { lstatSync, readdirSync, type Stats } from "node:fs";
import { join } from "node:path";
import { BUNDLE_LIMITS } from "../bundle-archive/unpack.ts";
import { LOG_ROOT } from "../policy/manifest.ts";
import { PolicyProblem, toError, type Problem } from "./problem.ts";

/** What is read or written below a policy's folder; the rest of it is nobody's. */
const PARTS = ["gateway", "schemas", "system", LOG_ROOT, "canaries.json", "cases"];

/** Throws `PolicyProblem` with each link, each device, each name that no terminal should be shown, and too many bytes. */
export function refuseOddFiles(source: string): void {
  const problems: Problem[] = [];
  let bytes = 0;
  const look = (path: string): void => {
    const stats = lookAt(join(source, path));
    if (stats === null) return;
    const name = JSON.stringify(path);
    if (/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.test(path))
      problems.push(toError("file_name", null, `The name ${name} holds a character that can't be shown.`));
    if (!stats.isFile() && !stats.isDirectory())
      problems.push(
        toError("file_not_plain", null, `${name} is a link, or something else than a file or a folder.`, {
          help: "put the file itself there: what lies elsewhere is no part of a policy",
        }),
      );
    if (stats.isFile()) bytes += stats.size;
    if (!stats.isDirectory() || path === "system") return;
    for (const child of readdirSync(join(source, path))) look(`${path}/${child}`);
  };
  for (const part of PARTS) look(part);
  if (bytes > BUNDLE_LIMITS.unpacked)
    problems.push(
      toError(
        "too_large",
        null,
        `The policy is longer than the ${BUNDLE_LIMITS.unpacked} bytes that a bundle may have.`,
      ),
    );
  if (problems.length > 0) throw new PolicyProblem(problems);
}

function lookAt(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
