// Holds the sources to OPA's own format.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { refuseOddFiles } from "./plain-files.ts";
import { toError, type Problem } from "./problem.ts";
import type { Opa } from "./run-opa.ts";
import { listFolders, writeFiles, type Source } from "./sources.ts";

/** Writes modules that are generated to the folder, and gives them as they are formatted there. */
export async function formatAll(
  opa: Opa,
  folder: string,
  modules: readonly Source[],
): Promise<readonly Source[]> {
  writeFiles(folder, modules);
  await opa.run(["fmt", "--write", ...modules.map(({ path }) => path)], { cwd: folder });
  return modules.map(({ path }) => ({ path, bytes: readFileSync(join(folder, path)) }));
}

/** Formats what stands in a policy's folder. */
export async function formatSources(opa: Opa, source: string): Promise<void> {
  refuseOddFiles(source);
  await opa.run(["fmt", "--write", ...listFolders(source)], { cwd: source });
}

/** Finds the modules in the folder that are formatted otherwise, and in each the first line. */
export async function findUnformatted(opa: Opa, folder: string): Promise<readonly Problem[]> {
  const listed = await opa.run(["fmt", "--list", ...listFolders(folder)], { cwd: folder });
  const files = listed.split("\n").filter((file) => file !== "");
  return Promise.all(
    files.map(async (file) => {
      const stands = readFileSync(join(folder, file), "utf8").split("\n");
      const formatted = (await opa.run(["fmt", file], { cwd: folder })).split("\n");
      const line = formatted.findIndex((text, index) => text !== stands[index]);
      const at = Math.max(line, 0);
      return toError(
        "format",
        { file, line: at + 1, column: toColumn(formatted[at] ?? "", stands[at] ?? "") },
        "It is not formatted as OPA does.",
        {
          expected: toExpected(formatted[at] ?? ""),
          help: "`--fix` formats all files",
        },
      );
    }),
  );
}

function toExpected(line: string): string {
  return line === "" ? "expected an empty line" : `expected: ${line}`;
}

/** Gives the first column in which two lines differ. */
function toColumn(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  return at + 1;
}
