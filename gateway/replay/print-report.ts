// Prints a report for a terminal.
import type { Named, Report, ReportedChange } from "./report.ts";
import { CAVEAT, QUIET, toExchanges, toNumber, toPercent, toTitle, toWords } from "./words.ts";

/** Gives the report as text, a line each; names in it are as they were recorded. */
export function toReportLines(report: Report): readonly string[] {
  const { coverage, exchanges, changes } = report;
  const lines = [toTitle(report), `  over ${report.scope}`, "", "Coverage"];
  const add = (indent: number, count: number, text: string): void => {
    lines.push(`${" ".repeat(indent)}${toNumber(count).padStart(10)}  ${text}`);
  };
  add(0, coverage.exchanges, "exchanges");
  add(0, coverage.judged, `judged by both (${toPercent(coverage.judged, coverage.exchanges)})`);
  for (const { text, count } of coverage.not_judged) add(0, count, `not judged: ${text}`);
  for (const { name, count } of coverage.errors) add(4, count, `ended with ${name}`);
  add(0, coverage.later, "decisions on their calls and answers, judged by both");
  for (const { text, count } of coverage.later_not_judged) add(0, count, `of those not judged: ${text}`);
  if (coverage.answers_without_a_decision > 0) add(0, coverage.answers_without_a_decision, QUIET);
  lines.push("", "Exchanges");
  add(0, exchanges.unchanged, "decided alike");
  add(0, exchanges.changed, "decided otherwise");
  add(0, exchanges.new_denials, `refused that were not${toExamples(exchanges.new_denial_examples)}`);
  add(0, exchanges.lifted_denials, `no longer refused${toExamples(exchanges.lifted_denial_examples)}`);
  if (changes.length === 0) return [...lines, "", "No rule does anything otherwise."];
  lines.push("", "Changes");
  for (const change of changes) lines.push(...toChangeLines(change));
  return [...lines, "", CAVEAT, "Open an example with: tollgate exchanges show ID"];
}

function toChangeLines(change: ReportedChange): readonly string[] {
  const { code, title, exchanges, times, callers, operations, examples } = change;
  const often = times === exchanges ? "" : `, ${toNumber(times)} times`;
  return [
    `  ${code} ${toWords(change)}: ${toExchanges(exchanges)}${often}`,
    ...(title === null ? [] : [`      ${title}`]),
    `      callers     ${toList(callers)}`,
    `      operations  ${toList(operations)}`,
    `      examples    ${examples.join("  ")}`,
  ];
}

function toExamples(ids: readonly string[]): string {
  return ids.length === 0 ? "" : `, for instance ${ids[0]}`;
}

function toList(named: readonly Named[]): string {
  return named.map(({ name, count }) => `${name} ${toNumber(count)}`).join(", ");
}
