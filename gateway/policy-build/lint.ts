// The bundle's linter: what types cannot tell, and how an author says that it is meant.

import { parse } from "yaml";
import { RECOGNISED_CLASSES } from "../exchange.ts";
import { isJsonObject } from "../policy/json.ts";
import { toKnownClasses } from "../policy/known-classes.ts";
import { lintData } from "./lint-data.ts";
import { lintPatterns } from "./lint-patterns.ts";
import { lintRules } from "./lint-rules.ts";
import type { Module } from "./modules.ts";
import type { Problem } from "./problem.ts";
import type { Rule } from "./read-rules.ts";
import type { Source } from "./sources.ts";

/** What stands on the line itself or the one above: `# tollgate ignore: data_unread (the next release reads it)`. */
const IGNORE = /# tollgate ignore: *([a-z_]+(?:, *[a-z_]+)*)/;

/** Finds what is wrong or idle, but for what its author says is meant. */
export function lint(
  modules: readonly Module[],
  rules: readonly Rule[],
  sources: readonly Source[],
): readonly Problem[] {
  const classes = toKnownClasses(readPatterns(sources), RECOGNISED_CLASSES);
  // What says how decisions are logged has another input.
  const deciding = modules.filter(({ path }) => path.startsWith("gateway/"));
  const found = [
    ...lintRules({ modules: deciding, rules, classes }),
    ...lintPatterns(deciding, sources),
    ...lintData({ modules, rules, sources, classes }),
  ];
  const texts = new Map(sources.map(({ path, bytes }) => [path, bytes.toString("utf8").split("\n")]));
  return found.filter(({ at, code }) => {
    const lines = texts.get(at?.file ?? "") ?? [];
    const line = at?.line ?? 0;
    return ![lines[line - 1], lines[line - 2]].some((text) =>
      IGNORE.exec(text ?? "")?.[1]
        ?.split(/, */)
        .includes(code),
    );
  });
}

function readPatterns(sources: readonly Source[]): Parameters<typeof toKnownClasses>[0] {
  const file = sources.find(({ path }) => path === "gateway/patterns/data.yaml");
  const value = file === undefined ? {} : parse(file.bytes.toString("utf8"));
  return isJsonObject(value) ? value : {};
}
