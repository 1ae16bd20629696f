// Makes a folder of policies to begin with: the gateway's own, and what a repository of them needs.

import { cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPackageRoot } from "../config/package-root.ts";
import { PolicyProblem, toError } from "./problem.ts";

/** The files of a repository, by where they go. */
const FILES: Readonly<Record<string, string>> = {
  "README.md": "README.md",
  ".gitignore": "gitignore",
  ".vscode/settings.json": "settings.json",
  ".vscode/extensions.json": "extensions.json",
  ".github/workflows/policy.yaml": "policy.yaml",
  "canaries.json": "canaries.json",
};

/** Makes it, and gives what was made. Throws `PolicyProblem` where something stands there: nothing is written over. */
export function initPolicy(folder: string): readonly string[] {
  const root = findPackageRoot();
  const standing = existsSync(folder) ? readdirSync(folder).filter((name) => name !== ".git") : [];
  if (standing.length > 0)
    throw new PolicyProblem([
      toError(
        "folder_not_empty",
        null,
        `There is something in ${folder} already: ${standing.slice(0, 5).join(", ")}.`,
        {
          help: "name a folder that is empty, or not there yet",
        },
      ),
    ]);
  for (const name of ["gateway", "schemas"])
    cpSync(join(root, "rego", name), join(folder, name), { recursive: true });
  for (const [path, name] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, "gateway/policy-build/repository", name), join(folder, path));
  }
  return ["gateway/", "schemas/", ...Object.keys(FILES)];
}
