// Finds in rules what can never match or is never applied.

import { placeOf, toMembers, toName, toReference, toText, toVariable, walk } from "./ast.ts";
import { createFactValues, hasNoBody, isOfBody, toPhases, type FactPath } from "./facts-tree.ts";
import type { Module } from "./modules.ts";
import { toNearest } from "./nearest.ts";
import { toError, type Problem } from "./problem.ts";
import { EFFECTS, isRule, listClasses, type Rule } from "./read-rules.ts";

export type LintRules = {
  readonly modules: readonly Module[];
  readonly rules: readonly Rule[];
  /** The classes that detectors and patterns find. */
  readonly classes: ReadonlySet<string>;
};

/** What a gateway does for requests alone. */
const OF_REQUESTS: ReadonlySet<string> = new Set(["limit", "require_approval"]);

/** Finds them in all modules. */
export function lintRules({ modules, rules, classes }: LintRules): readonly Problem[] {
  const valuesOf = createFactValues();
  return modules.flatMap((module) => {
    const rule = rules.find(({ package: name }) => name === module.name && isRule(module)) ?? null;
    return [
      ...module.rules.flatMap((one) => lintOne(one, module, rule, valuesOf)),
      ...(rule === null ? [] : [...lintEffects(module, rule), ...lintPhases(module, rule)]),
      ...lintClasses(module, classes),
    ];
  });
}

type Comparison = {
  readonly path: FactPath;
  readonly literal: unknown;
  readonly text: string;
  readonly how: string;
};

/** Compares what one rule compares with the values that there are. */
function lintOne(
  one: Module["rules"][number],
  { path: file }: Module,
  rule: Rule | null,
  valuesOf: ReturnType<typeof createFactValues>,
): readonly Problem[] {
  const problems: Problem[] = [];
  const operations: string[] = [];
  for (const { path, literal, text, how } of listComparisons(one)) {
    const values = valuesOf(path);
    if (values === null) continue;
    const isPrefix = how === "startswith";
    const name = `input.${path.map((step) => step ?? "_").join(".")}`;
    if (!values.some((value) => (isPrefix ? value.startsWith(text) : value === text))) {
      const near = toNearest(text, values);
      problems.push(
        toError(
          path.join() === "operation" ? "operation_unknown" : "value_unknown",
          placeOf(literal, file),
          isPrefix ? `${name} never begins with "${text}".` : `${name} is never "${text}".`,
          {
            expected: values.length > 20 ? undefined : `expected one of ${values.join(", ")}`,
            help: near === null ? undefined : `did you mean ${near}?`,
          },
        ),
      );
    } else if (path.join() === "phase" && rule !== null && !phasesOf(rule).some((phase) => phase === text))
      problems.push(
        toError("never_matches", placeOf(literal, file), `The rule is not asked in the phase ${text}.`, {
          expected: `its METADATA names the phases ${rule.phases.join(", ")}`,
        }),
      );
    else if (path.join() === "operation" && how === "equal") operations.push(text);
  }
  if (operations.length > 0 && operations.every((operation) => hasNoBody(operation)))
    for (const { path, node } of listFacts(one))
      if (isOfBody(path))
        problems.push({
          ...toError(
            "fact_not_of_operation",
            placeOf(node, file),
            `Requests of ${operations.join(", ")} have no body: input.${path[0] ?? ""} says nothing of them.`,
          ),
          severity: "warning",
        });
  return problems;
}

function phasesOf({ phases }: Rule): readonly string[] {
  return phases.some((phase) => phase !== "request") ? [...phases, "whole"] : phases;
}

/** Finds facts that are not there when the rule is asked. */
function lintPhases(module: Module, rule: Rule): readonly Problem[] {
  return listFacts(module.rules).flatMap(({ path, node }) => {
    const there = toPhases(path);
    if (there === null || rule.phases.some((phase) => there.includes(phase))) return [];
    const name = `input.${path[0] ?? ""}`;
    const isWhole = phasesOf(rule).includes("whole") && there.includes("whole");
    const message = isWhole
      ? `${name} is there only in answers that are read whole, never while one streams.`
      : `${name} is not there in the phases of this rule, which can never match by it.`;
    const problem = toError("fact_not_in_phase", placeOf(node, module.path), message, {
      expected: `it is there in ${there.filter((phase) => phase !== "whole").join(", ")}; the METADATA names ${rule.phases.join(", ")}`,
    });
    return isWhole ? { ...problem, severity: "warning" as const } : problem;
  });
}

/** Finds contributions that nobody applies, and sets that are none but look like one. */
function lintEffects({ path, rules }: Module, rule: Rule): readonly Problem[] {
  const parts = rules.flatMap(({ head, body }) => [head.key, head.value, body]);
  const used = new Set([...walk(parts)].map((node) => toVariable(node)));
  return rules.flatMap(({ head }) => {
    const { name = "" } = head;
    if (head.key === undefined) return [];
    if (OF_REQUESTS.has(name) && phasesOf(rule).some((phase) => phase !== "request"))
      return toError(
        "effect_unsupported",
        placeOf(head, path),
        `Only before a request goes on does a gateway apply ${name}: in answers what it is said about is refused.`,
        { expected: "the METADATA names the phase request alone" },
      );
    if (EFFECTS.some((effect) => effect === name) || used.has(name)) return [];
    const near = toNearest(name, EFFECTS);
    return toError("contribution_unknown", placeOf(head, path), `Nobody reads the set ${name}.`, {
      expected: `what counts are ${EFFECTS.join(", ")}`,
      help: near === null ? undefined : `did you mean ${near}?`,
    });
  });
}

function lintClasses(module: Module, classes: ReadonlySet<string>): readonly Problem[] {
  const counted = listFacts(module.rules).flatMap(({ path, node }) => {
    const at = path.indexOf("findings");
    const text = path[at + 1] ?? null;
    return at === -1 || at > 1 || text === null ? [] : [{ node, text }];
  });
  return [...listClasses(module), ...counted].flatMap(({ node, text }) =>
    classes.has(text) ? [] : toUnknownClass(text, classes, placeOf(node, module.path)),
  );
}

/** Says that nothing finds a class. */
export function toUnknownClass(name: string, classes: ReadonlySet<string>, at: Problem["at"]): Problem {
  const near = toNearest(name, classes);
  return toError("class_unknown", at, `No detector and no pattern finds the class ${name}.`, {
    expected: `the classes are ${[...classes].toSorted().join(", ")}`,
    help: near === null ? undefined : `did you mean ${near}?`,
  });
}

/** Gives the facts that a node reads, those behind its own variables too. */
export function listFacts(node: unknown): readonly { readonly path: FactPath; readonly node: unknown }[] {
  return [...walk(node)].flatMap((term) => {
    const reference = toReference(term);
    return reference?.root === "input" && reference.steps.length > 0
      ? [{ path: reference.steps, node: term }]
      : [];
  });
}

/** Gives what a rule compares with words: `==`, `=`, `in` and `startswith`. */
function* listComparisons(rule: unknown): Generator<Comparison> {
  const calls = [...walk(rule)].flatMap((term) => {
    const [name, ...terms]: unknown[] = Array.isArray(term) ? term : [];
    const how = toName(name);
    return how === null || terms.length < 2 ? [] : [{ how, terms }];
  });
  const own = new Map<string, FactPath>();
  const resolve = (term: unknown): FactPath | null => {
    const reference = toReference(term);
    if (reference === null) return null;
    if (reference.root === "input") return reference.steps;
    const base = own.get(reference.root);
    return base === undefined ? null : [...base, ...reference.steps];
  };
  for (const { how, terms } of calls) {
    const [left, right] = terms;
    const name = toVariable(left);
    const path = resolve(right);
    if (name === null || path === null || name === "input") continue;
    if (how === "assign") own.set(name, path);
    if (how === "internal.member_2") own.set(name, [...path, null]);
  }
  for (const { how, terms } of calls) {
    const [left, right] = terms;
    const pairs: readonly (readonly [unknown, unknown])[] =
      how === "equal" || how === "eq"
        ? [
            [left, right],
            [right, left],
          ]
        : how === "startswith"
          ? [[left, right]]
          : how === "internal.member_2"
            ? (toMembers(right, "set") ?? toMembers(right, "array") ?? []).map((member) => [left, member])
            : [];
    for (const [fact, literal] of pairs) {
      const [path, text] = [resolve(fact), toText(literal)];
      if (path !== null && text !== null)
        yield { path, literal, text, how: how === "startswith" ? how : "equal" };
    }
  }
}
