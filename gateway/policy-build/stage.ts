// The folder in which a policy is checked and built: a copy, always under the same names, so that nothing of the place
// where it stands gets into the bundle, and what else lies beside it does not count.

import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuseOddFiles } from "./plain-files.ts";
import { PolicyProblem, toError } from "./problem.ts";
import { isSourceFile, listFolders, writeFiles, type Source } from "./sources.ts";

/** What is generated there: a phase that lost its last rule leaves none of it behind, and cases that are gone neither. */
const COLLECTOR =
  /gateway\/main\/(?:(?:request|answer|finding|tool_call|end|whole)(?:_test)?|cases_test)\.rego$/;

/** Says whether a path is a folder, or a file that an author writes and a build takes. */
export function isAuthored(path: string): boolean {
  return isSourceFile(path) && !COLLECTOR.test(path);
}

export type Stage = Disposable & {
  readonly folder: string;
  /** Puts a file there that is generated. */
  put(file: Source): void;
  /** Writes what was generated to the policy's own folder. */
  settle(): void;
  /** Says which generated files stand there otherwise, or not at all. */
  listStale(): readonly string[];
};

/** Copies the policy of the folder `source`. Throws `PolicyProblem` where there is none, or something else than files. */
export function createStage(source: string): Stage {
  refuseOddFiles(source);
  const policies = join(source, "gateway");
  if (!existsSync(policies))
    throw new PolicyProblem([
      toError("policy_missing", null, `There are no policies in ${policies}.`, {
        help: "`tollgate policy init DIR` makes a folder of policies to begin with.",
      }),
    ]);
  const folder = mkdtempSync(join(tmpdir(), "tollgate-policy-"));
  for (const part of listFolders(source)) {
    cpSync(join(source, part), join(folder, part), {
      recursive: true,
      filter: isAuthored,
    });
  }
  const generated: Source[] = [];
  const stands = ({ path, bytes }: Source) => {
    const file = join(source, path);
    return existsSync(file) && readFileSync(file).equals(bytes);
  };
  const listLeft = () =>
    readMain(policies)
      .map((name) => `gateway/main/${name}`)
      .filter((path) => COLLECTOR.test(path) && generated.every((file) => file.path !== path));
  return {
    folder,
    put(file) {
      writeFiles(folder, [file]);
      generated.push(file);
    },
    settle() {
      for (const file of generated) {
        if (stands(file)) continue;
        writeFiles(source, [file]);
      }
      for (const path of listLeft()) rmSync(join(source, path));
    },
    listStale: () => [...generated.filter((file) => !stands(file)).map(({ path }) => path), ...listLeft()],
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function readMain(policies: string): readonly string[] {
  const main = join(policies, "main");
  return existsSync(main) ? readdirSync(main) : [];
}
