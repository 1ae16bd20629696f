// Counts the regular expressions and globs in the rules: each is compiled anew in every evaluation, and too many break the engine.

import { PolicyProblem } from "./problem.ts";

/** How many a bundle may have; the gateway refuses more. */
const MAXIMUM = 50;

/** Collects the distinct literals of a module, as `opa parse` gives it; throws `PolicyProblem` for one that is no literal. */
export function collectPatterns(file: string, module: unknown, found: Set<string>): void {
  for (const [name, pattern] of calls(module)) {
    if (pattern === null)
      throw new PolicyProblem(
        `${file}: the pattern of ${name} must stand there as text, so that it can be counted and checked.`,
      );
    found.add(`${name} ${pattern}`);
    if (found.size > MAXIMUM)
      throw new PolicyProblem(
        `${file}: more than ${MAXIMUM} regular expressions and globs; write them as data under gateway.patterns.`,
      );
  }
}

function* calls(value: unknown): Generator<readonly [string, string | null]> {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    const [first, pattern]: unknown[] = value;
    const name = toFunctionName(first);
    if (name !== null) yield [name, textOf(pattern)];
  }
  for (const child of Object.values(value)) yield* calls(child);
}

function toFunctionName(term: unknown): string | null {
  if (
    typeof term !== "object" ||
    term === null ||
    !("type" in term) ||
    term.type !== "ref" ||
    !("value" in term)
  )
    return null;
  const parts = Array.isArray(term.value)
    ? term.value.map((part) => textOf(part, "var") ?? textOf(part))
    : [];
  return parts[0] === "regex" || parts[0] === "glob" ? parts.join(".") : null;
}

function textOf(term: unknown, type = "string"): string | null {
  if (
    typeof term !== "object" ||
    term === null ||
    !("type" in term) ||
    term.type !== type ||
    !("value" in term)
  )
    return null;
  return typeof term.value === "string" ? term.value : null;
}
