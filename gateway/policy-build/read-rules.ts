// Reads the rules from their modules: METADATA, the effects that each contributes, and what its author may not write.

import { z } from "zod";
import { SETTABLE } from "../exchange.ts";
import { FIELD_CLASS } from "../field-name.ts";
import { placeOf, toMembers, toText, walk } from "./ast.ts";
import type { Module } from "./modules.ts";
import { toNearest } from "./nearest.ts";
import { PolicyProblem, toError, type Problem } from "./problem.ts";

/** The sets that a rule may contribute to, in the order of the decision. */
export const EFFECTS = [
  "allow",
  "deny",
  "require_approval",
  "limit",
  "mask",
  "set",
  "record",
  "label",
  "share",
  "forward",
  "need",
] as const;
export type EffectName = (typeof EFFECTS)[number];

/** The phases that METADATA may name; `whole` has the rules of all but `request`. */
export const RULE_PHASES = ["request", "answer", "finding", "tool_call", "end"] as const;

export type Rule = {
  readonly code: string;
  readonly title: string;
  readonly remedy: string;
  /** The sentence that a refused program is told; `{about}` in it stands for what the contributions are about. */
  readonly refusal?: string | undefined;
  readonly package: string;
  readonly phases: readonly (typeof RULE_PHASES)[number][];
  readonly effects: readonly EffectName[];
  /** The classes of values that it writes out, in masks and in what is kept. */
  readonly classes: readonly string[];
};

const custom = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9_]{2,63}$/, "a code is 3 to 64 lower-case letters, digits and _"),
  remedy: z.string().min(1),
  refusal: z.string().min(1).optional(),
  phases: z.array(z.enum(RULE_PHASES)).min(1),
});

/** Says whether a module is a rule. */
export function isRule({ path }: Pick<Module, "path">): boolean {
  return path.startsWith("gateway/rules/");
}

/** Reads every rule among the modules, sorted by package; throws `PolicyProblem` that lists all that is wrong. */
export function readRules(modules: readonly Module[]): readonly Rule[] {
  const problems: Problem[] = [];
  const rules: Rule[] = [];
  const codes = new Map<string, string>();
  for (const module of modules) {
    problems.push(...findHoistedCalls(module));
    if (!isRule(module)) continue;
    const rule = readRule(module, problems);
    if (rule === null) continue;
    const earlier = codes.get(rule.code);
    if (earlier !== undefined)
      problems.push(
        toError("code_twice", placeOf(null, module.path), `The code ${rule.code} is that of ${earlier} too.`),
      );
    codes.set(rule.code, module.path);
    rules.push(rule);
  }
  if (problems.length > 0) throw new PolicyProblem(problems);
  return rules.toSorted((a, b) => (a.package < b.package ? -1 : 1));
}

function readRule(module: Module, problems: Problem[]): Rule | null {
  const { path, name } = module;
  const say = (code: string, node: unknown, message: string, help?: string) =>
    void problems.push(toError(code, placeOf(node, path), message, { help }));
  const expected = `data.${path.split("/").slice(0, -1).join(".")}`;
  if (name !== expected) {
    say(
      "package_misplaced",
      Reflect.get(module.package.path[0] ?? {}, "location"),
      `The package ${name} does not fit the path, which wants ${expected}.`,
    );
    return null;
  }
  const annotation = module.annotations.find(({ scope }) => scope === "package");
  const checked = custom.safeParse(annotation?.custom);
  if (!checked.success || annotation?.title === undefined) {
    const why = checked.success ? "title: missing" : z.prettifyError(checked.error);
    say(
      "metadata",
      annotation,
      `The METADATA of a rule needs a title and custom {code, remedy, phases} and may have a refusal.\n${why}`,
    );
    return null;
  }
  const { phases } = checked.data;
  const effects = EFFECTS.filter((effect) =>
    module.rules.some(({ head }) => head.name === effect && head.key !== undefined),
  );
  if (effects.length === 0)
    say(
      "contributes_nothing",
      annotation,
      "The rule contributes nothing.",
      "write for instance `deny contains {} if …`",
    );
  for (const { head } of module.rules) {
    if (head.name !== "set") continue;
    if (phases.some((phase) => phase !== "request"))
      say("set_too_late", head, "Only before it goes on can a request be set: its phase is request.");
    for (const word of readWords(head.key, "parameter"))
      if (!(word.text in SETTABLE)) {
        const near = toNearest(word.text, Object.keys(SETTABLE));
        say(
          "parameter_not_settable",
          word.node,
          `the parameter ${word.text} can't be set; these can: ${Object.keys(SETTABLE).join(", ")}.`,
          near === null ? undefined : `did you mean ${near}?`,
        );
      }
  }
  const classes = [...new Set(listClasses(module).map(({ text }) => text))].toSorted();
  return { ...checked.data, title: annotation.title, package: name, effects, classes };
}

export type Word = { readonly node: unknown; readonly text: string };

/** Gives the classes that a rule's contributions name where they write them out. */
export function listClasses({ rules }: Pick<Module, "rules">): readonly Word[] {
  return rules.flatMap(({ head: { name, key } }) => {
    if (name === "mask") return readWords(key, "class");
    return name === "record" ? readWords(key, "originals").filter(({ text }) => text !== FIELD_CLASS) : [];
  });
}

/** Gives the words that stand under a name in a contribution. */
function readWords(key: unknown, under: string): readonly Word[] {
  return (toMembers(key, "object") ?? []).flatMap((member) => {
    const [name, node]: unknown[] = Array.isArray(member) ? member : [];
    const text = toText(node);
    return toText(name) === under && text !== null ? [{ node, text }] : [];
  });
}

/** Finds `not x in f(y)`: OPA evaluates the call before the `not`, so that where it is undefined the rule does not fire. */
function findHoistedCalls({ path, rules }: Module): readonly Problem[] {
  return rules.flatMap(({ head, body }) =>
    [...walk(body)].flatMap((node) => {
      const negated = negation.safeParse(node).data?.terms;
      if (!Array.isArray(negated) || !negated.slice(1).some((one) => holdsCall(one))) return [];
      return toError(
        "call_in_not",
        placeOf(node, path),
        `${head.name ?? "a rule"} calls a function inside the arguments of \`not\`. OPA evaluates it outside: where it is undefined the rule does not fire.`,
        { help: "put the condition into a rule of its own and negate that" },
      );
    }),
  );
}

const negation = z.object({ negated: z.literal(true), terms: z.unknown() });

function holdsCall(term: unknown): boolean {
  if (typeof term !== "object" || term === null) return false;
  if ("type" in term) {
    if (term.type === "call") return true;
    // What stands in a comprehension is evaluated there.
    if (typeof term.type === "string" && term.type.endsWith("comprehension")) return false;
  }
  return Object.values(term).some((child) => holdsCall(child));
}
