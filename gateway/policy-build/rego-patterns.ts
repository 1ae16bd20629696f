// Counts the regular expressions and globs in the rules: each is compiled anew in every evaluation, and too many break the engine.

import { placeOf, toName, toText, walk } from "./ast.ts";
import type { Module } from "./modules.ts";
import { PolicyProblem, toError } from "./problem.ts";

/** How many a bundle may have; the gateway refuses more. */
const MAXIMUM = 50;

/** Counts the distinct literals of all modules; throws `PolicyProblem` for one that is no literal, and for too many. */
export function countPatterns(modules: readonly Module[]): number {
  const found = new Set<string>();
  for (const { path, ast } of modules) {
    for (const node of walk(ast)) {
      if (!Array.isArray(node)) continue;
      const [first, pattern]: unknown[] = node;
      const name = toName(first);
      if (name === null || !/^(?:regex|glob)\./.test(name)) continue;
      const text = toText(pattern);
      if (text === null)
        throw new PolicyProblem([
          toError(
            "pattern_not_literal",
            placeOf(first, path),
            `The pattern of ${name} must stand there as text.`,
            {
              help: "so that it can be counted and checked; patterns as data stand under gateway.patterns",
            },
          ),
        ]);
      found.add(`${name} ${text}`);
      if (found.size > MAXIMUM)
        throw new PolicyProblem([
          toError(
            "patterns_too_many",
            placeOf(first, path),
            `There are more than ${MAXIMUM} regular expressions and globs.`,
            {
              help: "write them as data under gateway.patterns",
            },
          ),
        ]);
    }
  }
  return found.size;
}
