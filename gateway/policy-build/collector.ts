// Writes the collector: one module a phase that puts the contributions of its rules into the decision.

import { EFFECTS, RULE_PHASES, type EffectName, type Rule } from "./read-rules.ts";
import type { Source } from "./sources.ts";

/** Every phase for which the collector has an entrypoint. */
export const PHASES = [...RULE_PHASES, "whole"] as const;
export type CollectedPhase = (typeof PHASES)[number];

const WHEN = {
  request: "before a request is forwarded",
  answer: "when a streamed answer begins",
  finding: "when a streamed answer shows a class of finding that it has not shown before",
  tool_call: "for each whole tool call of a streamed answer",
  end: "when a streamed answer ends",
  whole: "for an answer that is read whole, by the rules of all phases but the request",
} as const satisfies Record<CollectedPhase, string>;

/** Gives the rules of a phase. */
function rulesOf(rules: readonly Rule[], phase: CollectedPhase): readonly Rule[] {
  if (phase === "whole") return rules.filter(({ phases }) => phases.some((name) => name !== "request"));
  return rules.filter(({ phases }) => phases.includes(phase));
}

/** Gives the phases for which there are rules. */
export function phasesOf(rules: readonly Rule[]): readonly CollectedPhase[] {
  return PHASES.filter((phase) => rulesOf(rules, phase).length > 0);
}

/**
 * Gives the collector's modules and their tests. References are static: they cost half of what `data.gateway.rules[area][rule]` does,
 * and `opa deps` sees through them.
 */
export function toCollector(rules: readonly Rule[]): readonly Source[] {
  return PHASES.flatMap((phase) => {
    const own = rulesOf(rules, phase);
    const collector = { path: `gateway/main/${phase}.rego`, bytes: Buffer.from(toModule(phase, own)) };
    const tests = { path: `gateway/main/${phase}_test.rego`, bytes: Buffer.from(toTests(phase, own)) };
    return own.length === 0 ? [collector] : [collector, tests];
  });
}

function toModule(phase: CollectedPhase, rules: readonly Rule[]): string {
  const contributed = EFFECTS.filter((effect) => rules.some(({ effects }) => effects.includes(effect)));
  const has = (effect: EffectName) => contributed.includes(effect);
  const observable = contributed.filter((effect) => effect !== "allow" && effect !== "need");
  const fields: readonly [string, string][] = [
    ["v", "input.v"],
    ["data_rev", "data.gateway.rev"],
    ["allow", has("allow") ? `${phase}_allow` : "set()"],
    [
      "deny",
      toUnion([
        has("deny") && `decision.denied(${phase}_deny)`,
        has("require_approval") && `decision.hardened_to_denial(${phase}_require_approval)`,
      ]),
    ],
    ["observe", toUnion(observable.map((effect) => `decision.observed(${phase}_${effect})`))],
    [
      "require_approval",
      toUnion([
        has("require_approval") && `decision.awaiting(${phase}_require_approval)`,
        has("deny") && `decision.softened_to_approval(${phase}_deny)`,
      ]),
    ],
    ...(["limit", "mask", "set", "record", "label", "share", "forward"] as const).map(
      (effect): [string, string] => [effect, has(effect) ? `decision.kept(${phase}_${effect})` : "set()"],
    ),
    ["need", has("need") ? `decision.needed(${phase}_need)` : "set()"],
  ];
  const contributions = contributed.map((effect) => toContributions(phase, effect, rules));
  const imports = contributed.length > 0 ? "\nimport data.gateway.lib.decision\n" : "";
  return `# Written by the build from the METADATA of the rules.
package gateway.main
${imports}
# METADATA
# title: The decision ${WHEN[phase]}
# description: Taken from the input and the data, \`v\` and \`data_rev\` leave it undefined where either is missing.
# entrypoint: true
${phase} := {
${fields.map(([name, value]) => `\t"${name}": ${value},\n`).join("")}}
${contributions.join("")}`;
}

function toUnion(parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false).join(" | ") || "set()";
}

function toContributions(phase: CollectedPhase, effect: EffectName, rules: readonly Rule[]): string {
  return rules
    .filter(({ effects }) => effects.includes(effect))
    .map(
      ({ code, package: name }) =>
        `\n${phase}_${effect} contains object.union(e, {"code": "${code}"}) if some e in ${name}.${effect}\n`,
    )
    .join("");
}

/** A test for each contribution: that it arrives in the decision's set, with its code. */
function toTests(phase: CollectedPhase, rules: readonly Rule[]): string {
  const tests = rules.flatMap(({ code, effects, package: name }) =>
    effects.map(
      (effect) => `
test_${effect}_of_${code}_is_collected if {
	main.${phase}_${effect}[{"code": "${code}", "fact": "given"}] with ${name}.${effect} as {{"fact": "given"}}
}
`,
    ),
  );
  return `# Written by the build from the METADATA of the rules.
package gateway.main.${phase}_test

import data.gateway.main
${tests.join("")}`;
}
