// Reads the rules from their modules: METADATA, the effects that each contributes, and what its author may not write.

import { join } from "node:path";
import { z } from "zod";
import { SETTABLE } from "../../gateway/exchange.ts";
import { FIELD_CLASS } from "../../gateway/field-name.ts";
import { PolicyProblem } from "./problem.ts";
import { collectPatterns } from "./rego-patterns.ts";
import type { Opa } from "./run-opa.ts";
import type { Source } from "./sources.ts";

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

export type Rules = {
  readonly rules: readonly Rule[];
  /** How many regular expressions and globs stand in all modules. */
  readonly regoPatterns: number;
};

const custom = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9_]{2,63}$/, "a code is 3 to 64 lower-case letters, digits and _"),
  remedy: z.string().min(1),
  refusal: z.string().min(1).optional(),
  phases: z.array(z.enum(RULE_PHASES)).min(1),
});

const moduleShape = z.object({
  package: z.object({ path: z.array(z.object({ value: z.string() })) }),
  annotations: z
    .array(z.object({ scope: z.string(), title: z.string().optional(), custom: z.unknown().optional() }))
    .default([]),
  rules: z
    .array(
      z.object({
        head: z.object({ name: z.string().optional(), key: z.unknown().optional() }),
        body: z.unknown().optional(),
      }),
    )
    .default([]),
});

/** Reads every rule package among the sources, sorted by package; throws `PolicyProblem` that names the file. */
export async function readRules(opa: Opa, root: string, sources: readonly Source[]): Promise<Rules> {
  const rules: Rule[] = [];
  const codes = new Map<string, string>();
  const patterns = new Set<string>();
  const modules = await Promise.all(
    sources.filter(isAuthored).map(async ({ path }): Promise<readonly [string, string, unknown]> => {
      const file = join(root, path);
      return [path, file, JSON.parse(await opa.run(["parse", "--format", "json", file]))];
    }),
  );
  for (const [path, file, module] of modules) {
    collectPatterns(file, module, patterns);
    const parsed = moduleShape.parse(module);
    refuseHoistedCalls(file, parsed.rules);
    const name = parsed.package.path.map(({ value }) => value).join(".");
    if (!path.startsWith("gateway/rules/")) continue;
    if (name !== `data.${path.split("/").slice(0, -1).join(".")}`)
      throw new PolicyProblem(`${file}: the package ${name} does not fit the path.`);
    const annotation = parsed.annotations.find(({ scope }) => scope === "package");
    const checked = custom.safeParse(annotation?.custom);
    if (!checked.success || annotation?.title === undefined) {
      const why = checked.success ? "title: missing" : z.prettifyError(checked.error);
      throw new PolicyProblem(
        `${file}: its METADATA needs a title and custom {code, remedy, phases} and may have a refusal.\n${why}`,
      );
    }
    const effects = EFFECTS.filter((effect) =>
      parsed.rules.some(({ head }) => head.name === effect && head.key !== undefined),
    );
    if (effects.includes("set") && checked.data.phases.some((phase) => phase !== "request"))
      throw new PolicyProblem(`${file}: only before it goes on can a request be set: its phase is request.`);
    for (const { head } of parsed.rules) if (head.name === "set") refuseUnsettable(file, head.key);
    if (effects.length === 0)
      throw new PolicyProblem(`${file}: contributes nothing; write for instance \`deny contains {} if …\`.`);
    const earlier = codes.get(checked.data.code);
    if (earlier !== undefined)
      throw new PolicyProblem(`${file}: the code ${checked.data.code} is that of ${earlier} too.`);
    codes.set(checked.data.code, file);
    const classes = [...new Set(parsed.rules.flatMap(({ head }) => readClasses(head)))].toSorted();
    rules.push({ ...checked.data, title: annotation.title, package: name, effects, classes });
  }
  return { rules: rules.toSorted((a, b) => (a.package < b.package ? -1 : 1)), regoPatterns: patterns.size };
}

/** Refuses a parameter that no gateway sets, where the rule writes it out. */
function refuseUnsettable(file: string, key: unknown): void {
  for (const value of readWords(key, "parameter"))
    if (!(value in SETTABLE))
      throw new PolicyProblem(
        `${file}: the parameter ${value} can't be set; these can: ${Object.keys(SETTABLE).join(", ")}.`,
      );
}

/** Gives the classes that a contribution names where it writes them out. */
function readClasses({ name, key }: { name?: string | undefined; key?: unknown }): readonly string[] {
  if (name === "mask") return readWords(key, "class");
  return name === "record" ? readWords(key, "originals").filter((one) => one !== FIELD_CLASS) : [];
}

/** Gives the words that stand under a name in a contribution. */
function readWords(key: unknown, under: string): readonly string[] {
  const members = contribution.safeParse(key).data?.value ?? [];
  return members.flatMap(([name, value]) =>
    name?.value === under && typeof value?.value === "string" ? [value.value] : [],
  );
}

const contribution = z.object({
  type: z.literal("object"),
  value: z.array(z.array(z.object({ value: z.unknown() }))),
});

/**
 * Refuses `not x in f(y)`: OPA evaluates the call before the `not`, so that where it is undefined the rule does not fire.
 */
function refuseHoistedCalls(
  file: string,
  rules: readonly { head: { name?: string | undefined }; body?: unknown }[],
): void {
  for (const rule of rules) {
    for (const expression of negated(rule.body)) {
      if (!Array.isArray(expression)) continue;
      if (expression.slice(1).some((term) => holdsCall(term)))
        throw new PolicyProblem(
          `${file}: ${rule.head.name ?? "a rule"} calls a function inside the arguments of \`not\`. OPA evaluates it ` +
            "outside: where it is undefined the rule does not fire. Put the condition into a rule of its own and negate that.",
        );
    }
  }
}

function* negated(value: unknown): Generator {
  if (typeof value !== "object" || value === null) return;
  if ("negated" in value && value.negated === true && "terms" in value) yield value.terms;
  for (const child of Object.values(value)) yield* negated(child);
}

function holdsCall(term: unknown): boolean {
  if (typeof term !== "object" || term === null) return false;
  if ("type" in term) {
    if (term.type === "call") return true;
    // What stands in a comprehension is evaluated there.
    if (typeof term.type === "string" && term.type.endsWith("comprehension")) return false;
  }
  return Object.values(term).some((child) => holdsCall(child));
}

function isAuthored({ path }: Source): boolean {
  return path.endsWith(".rego") && !path.startsWith("gateway/main/");
}
