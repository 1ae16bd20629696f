// Writes the page about a policy's rules from their METADATA and the comments of its parameters.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { listParameters, type Entry } from "./lint-data.ts";
import { PolicyProblem, toError } from "./problem.ts";
import { readSources, type Source } from "./sources.ts";

const metadata = z.looseObject({
  title: z.string(),
  description: z.string().default(""),
  custom: z.looseObject({
    code: z.string(),
    remedy: z.string(),
    refusal: z.string().optional(),
    phases: z.array(z.string()),
  }),
});
type Documented = z.infer<typeof metadata> & {
  readonly path: string;
  readonly parameters: readonly string[];
};

/** How a rule names a parameter. */
const NAMED = /settings\.(list|limit)\("(\w+)"\)|data\.gateway\.params\.(\w+)/g;

/** Gives the page; `note` stands below its title. Throws `PolicyProblem` for a rule that says nothing of itself. */
export function toReference(source: string, note: string | null): string {
  if (!existsSync(join(source, "gateway")))
    throw new PolicyProblem([toError("policy_missing", null, `There are no policies in ${source}.`)]);
  const sources = readSources(source);
  const rules = sources
    .filter(({ path }) => /^gateway\/rules\/.*\.rego$/.test(path))
    .map((one) => readRule(one));
  const entries = listParameters(sources);
  const areas = [...new Set(rules.map(({ path }) => path.split("/")[2] ?? ""))];
  const lines = ["# Rules", ...(note === null ? [] : [note]), ""];
  lines.push("| code | phases | what |", "|---|---|---|");
  for (const { title, custom } of rules.toSorted((a, b) => (a.custom.code < b.custom.code ? -1 : 1)))
    lines.push(`| [\`${custom.code}\`](#${custom.code}) | ${custom.phases.join(", ")} | ${title} |`);
  for (const area of areas) {
    lines.push("", `## ${area.charAt(0).toUpperCase()}${area.slice(1)}`);
    for (const rule of rules)
      if (rule.path.split("/")[2] === area) lines.push("", ...toSection(rule, entries));
  }
  return `${lines.join("\n")}\n`;
}

function toSection(
  { title, description, custom, path, parameters }: Documented,
  entries: readonly Entry[],
): string[] {
  const { code, phases, remedy, refusal } = custom;
  const lines = [`### \`${code}\``, "", `**${title}.** ${toParagraph(description)}`.trimEnd(), ""];
  if (refusal !== undefined) lines.push(`- A refused program is told: ${refusal}`);
  lines.push(`- Remedy: ${remedy}`, `- Phases: ${phases.join(", ")}. Source: \`${path}\``);
  for (const name of parameters) {
    const about = toParagraph(entries.find((entry) => entry.path === name)?.comment ?? "");
    lines.push(`- Parameter \`${name.replaceAll("/", ".")}\`${about === "" ? "" : `: ${about}`}`);
  }
  return lines;
}

function readRule({ path, bytes }: Source): Documented {
  const text = bytes.toString("utf8");
  const [, block = ""] = /^# METADATA\n((?:#.*\n)+)/m.exec(text) ?? [];
  const read = metadata.safeParse(parse(block.replaceAll(/^# ?/gm, "")));
  if (!read.success)
    throw new PolicyProblem([
      toError(
        "metadata",
        { file: path, line: 1, column: 1 },
        "The METADATA of a rule needs a title and custom {code, remedy, phases}.",
      ),
    ]);
  const names = [...text.matchAll(NAMED)].map(([, kind, name = "", section = ""]) =>
    kind === undefined ? section : `${kind}s/${name}`,
  );
  return { ...read.data, path, parameters: [...new Set(names)].toSorted() };
}

function toParagraph(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
