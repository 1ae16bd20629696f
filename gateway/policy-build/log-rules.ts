// Reads what a policy says of its own decision log: the package `system.log`, as OPA has it.

import { LOG_ROOT } from "../policy/manifest.ts";
import { placeOf } from "./ast.ts";
import type { Module } from "./modules.ts";
import { PolicyProblem, toError } from "./problem.ts";

const PACKAGE = `data.${LOG_ROOT.replaceAll("/", ".")}`;

/** Gives which of `drop` and `mask` there are; throws `PolicyProblem` for another package in their folder. */
export function readLogRules(modules: readonly Module[]): readonly string[] {
  const own = modules.filter(({ path }) => path.startsWith(`${LOG_ROOT}/`));
  const astray = own.find(({ name }) => name !== PACKAGE);
  if (astray !== undefined)
    throw new PolicyProblem([
      toError(
        "package_misplaced",
        placeOf(Reflect.get(astray.package.path[0] ?? {}, "location"), astray.path),
        `The package ${astray.name} does not fit the path, which wants ${PACKAGE}.`,
      ),
    ]);
  return ["drop", "mask"].filter((rule) =>
    own.some(({ rules }) => rules.some(({ head }) => head.name === rule)),
  );
}
