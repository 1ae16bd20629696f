// Runs the rules' own tests, which must cover every line.

import { z } from "zod";
import { toError, type Problem } from "./problem.ts";
import type { Opa } from "./run-opa.ts";
import { listFolders } from "./sources.ts";

const range = z.object({ start: z.object({ row: z.int(), col: z.int() }) });
const covered = z.object({
  files: z.record(
    z.string(),
    z.object({ covered: z.array(z.unknown()).optional(), not_covered: z.array(range).optional() }),
  ),
});
const results = z.array(
  z.object({
    name: z.string(),
    location: z.object({ file: z.string(), row: z.int(), col: z.int() }),
    fail: z.boolean().optional(),
    skip: z.boolean().optional(),
    error: z.unknown().optional(),
  }),
);

/** Runs them in a folder that holds `gateway/`; gives every test that fails, else every line that none covers. */
export async function runUnitTests(
  opa: Opa,
  folder: string,
  capabilities: string,
): Promise<readonly Problem[]> {
  // The prefix keeps what else lies in the folder out of `data`.
  const folders = listFolders(folder).map((name) => `${name.replaceAll("/", ".")}:${name}`);
  const all = ["test", "--capabilities", capabilities, "--format", "json", ...folders];
  const { code, stdout } = await opa.ask([...all, "--coverage"], { cwd: folder });
  if (code === 0) return findUncovered(covered.parse(JSON.parse(stdout)));
  const said = await opa.ask(all, { cwd: folder });
  const failed = toFailed(said.stdout);
  if (failed.length > 0) return failed;
  // It says in its own way what no test could be run for.
  await opa.run(all, { cwd: folder });
  return [];
}

function toFailed(stdout: string): readonly Problem[] {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    return [];
  }
  const failed = (results.safeParse(value).data ?? []).filter(
    ({ fail, skip, error }) => fail === true || skip === true || error !== undefined,
  );
  return failed.map(({ name, location: { file, row, col }, skip }) =>
    toError(
      "test_failed",
      { file, line: row, column: col },
      `opa test refuses: the test ${name} ${skip === true ? "is left out" : "fails"}.`,
      {
        help: `\`tollgate policy opa test --verbose --explain fails --run ${name} gateway:gateway\` shows why`,
      },
    ),
  );
}

function findUncovered({ files }: z.infer<typeof covered>): readonly Problem[] {
  return Object.entries(files).flatMap(([file, { not_covered = [] }]) =>
    not_covered
      .filter(({ start }, index) => not_covered.findIndex((one) => one.start.row === start.row) === index)
      .map(({ start }) =>
        toError(
          "coverage",
          { file, line: start.row, column: start.col },
          "opa test refuses: no test covers this line (coverage).",
          { help: "write a test in the file beside it for which the line decides" },
        ),
      ),
  );
}
