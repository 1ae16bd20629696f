// Writes a report as Markdown for a comment on a change: what it would do, by rule, and nobody's name.
import type { Met } from "./fail-on.ts";
import type { Report, ReportedChange } from "./report.ts";
import { CAVEAT, toNumber, toPercent, toTitle, toWords } from "./words.ts";

const MOST_CHANGES = 50;

/** Gives the text. Callers are not named in it: whoever reads a repository need not know them. */
export function toMarkdown(report: Report, conditions: readonly Met[]): string {
  const { coverage, exchanges, changes } = report;
  const rest = changes.length - MOST_CHANGES;
  const lines = [
    "### Policy replay",
    "",
    `${code(toTitle(report))}, over ${code(report.scope)}.`,
    "",
    ...conditions.map(
      ({ text, isMet, value }) => `- ${isMet ? "**Fails**" : "Passes"} on ${code(text)}: it is ${value}`,
    ),
    ...(conditions.length === 0 ? [] : [""]),
    "| | exchanges |",
    "|---|--:|",
    `| judged | ${toNumber(coverage.judged)} of ${toNumber(coverage.exchanges)} (${toPercent(coverage.judged, coverage.exchanges)}) |`,
    `| decided otherwise | ${toNumber(exchanges.changed)} |`,
    `| refused that were not | ${toNumber(exchanges.new_denials)} |`,
    `| no longer refused | ${toNumber(exchanges.lifted_denials)} |`,
    "",
    ...(changes.length === 0
      ? ["No rule does anything otherwise."]
      : [
          "| rule | change | exchanges | examples |",
          "|---|---|--:|---|",
          ...changes.slice(0, MOST_CHANGES).map(toRow),
          ...(rest > 0 ? ["", `And ${toNumber(rest)} more.`] : []),
        ]),
    ...toUnjudged(report),
    "",
    `<sub>${CAVEAT}</sub>`,
    "",
  ];
  return lines.join("\n");
}

function toRow(change: ReportedChange): string {
  const examples = change.examples.slice(0, 3).map(code).join(" ");
  return `| ${code(change.code)} | ${code(toWords(change))} | ${toNumber(change.exchanges)} | ${examples} |`;
}

function toUnjudged({ coverage }: Report): readonly string[] {
  if (coverage.not_judged.length === 0) return [];
  const rows = coverage.not_judged.map(({ text, count }) => `- ${toNumber(count)}: ${text}`);
  return ["", "<details><summary>Not judged, and why</summary>", "", ...rows, "", "</details>"];
}

/** Nothing in it is a mention, a link, a tag, or the end of a cell. */
function code(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Bidi_Control}`|\\]/gu, "\ufffd");
  return plain.trim() === "" ? "" : `\`${plain}\``;
}
