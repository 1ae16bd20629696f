// Finds rules that ask for a pattern that there is not, and patterns that no rule asks for.

import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { placeOf, toText, walk } from "./ast.ts";
import { listParameters } from "./lint-data.ts";
import { listFacts } from "./lint-rules.ts";
import type { Module } from "./modules.ts";
import { toNearest } from "./nearest.ts";
import { toError, type Place, type Problem } from "./problem.ts";
import type { Source } from "./sources.ts";

const FILE = "gateway/patterns/data.yaml";

type Pattern = { readonly id: string; readonly className: string | null; readonly at: Place };

/** Finds both. */
export function lintPatterns(modules: readonly Module[], sources: readonly Source[]): readonly Problem[] {
  const patterns = listPatterns(sources);
  const ids = patterns.map(({ id }) => id);
  const asked = modules.flatMap((module) =>
    listFacts(module.rules).flatMap(({ path, node }) => {
      const [name, step = null] = path;
      return name === "patterns" || name === "findings"
        ? [{ name, step, at: placeOf(node, module.path) }]
        : [];
    }),
  );
  const unknown = asked.flatMap(({ name, step, at }) => {
    if (name !== "patterns" || step === null || ids.includes(step)) return [];
    const near = toNearest(step, ids);
    return toError("pattern_unknown", at, `There is no pattern ${step}.`, {
      help: near === null ? `write it in ${FILE}` : `did you mean ${near}?`,
    });
  });
  const isAsked = (name: string, word: string): boolean =>
    asked.some((one) => one.name === name && (one.step === null || one.step === word));
  const words = new Set<unknown>([
    ...modules.flatMap(({ ast }) => [...walk(ast)].map((node) => toText(node))),
    ...listParameters(sources).map(({ value }) => value),
  ]);
  const unread = patterns.flatMap(({ id, className, at }) => {
    if (isAsked("patterns", id) || className === null || isAsked("findings", className)) return [];
    // A mask, or a list that a rule goes through, names it.
    if (words.has(id) || words.has(className)) return [];
    const problem = toError(
      "pattern_unread",
      at,
      `No rule asks for the pattern ${id}, nor for its class ${className}.`,
      {
        help: `ask for input.patterns.${id} or input.findings.${className}, or mask the class`,
      },
    );
    return { ...problem, severity: "warning" as const };
  });
  return [...unknown, ...unread];
}

function listPatterns(sources: readonly Source[]): readonly Pattern[] {
  const source = sources.find(({ path }) => path === FILE);
  if (source === undefined) return [];
  const lines = new LineCounter();
  const { contents } = parseDocument(source.bytes.toString("utf8"), { lineCounter: lines });
  if (!isMap(contents)) return [];
  return contents.items.flatMap(({ key, value }) => {
    if (!isScalar(key)) return [];
    const { line, col: column } = lines.linePos(key.range?.[0] ?? 0);
    const className = isMap(value) ? value.get("class") : null;
    return {
      id: String(key.value),
      className: typeof className === "string" ? className : null,
      at: { file: FILE, line, column },
    };
  });
}
