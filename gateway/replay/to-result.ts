// A report with what a pipeline asked about, in the forms that it may be had in.
import type { Condition } from "./fail-on.ts";
import { meet } from "./fail-on.ts";
import { toHtml } from "./html-report.ts";
import { toJunit } from "./junit-report.ts";
import { toMarkdown } from "./markdown-report.ts";
import type { Report } from "./report.ts";

/** Gives the text of a report by its media type. */
export function toResult(report: Report, conditions: readonly Condition[]) {
  const met = meet(report, conditions);
  const texts = {
    "application/json": () => `${JSON.stringify({ ...report, conditions: met })}\n`,
    "text/html": () => toHtml(report, met),
    "text/markdown": () => toMarkdown(report, met),
    // White space before it keeps a connection open, and may not stand before a declaration.
    "application/xml": () => toJunit(report, met).replace(/^<\?xml[^\n]*\n/, ""),
  };
  return { toText: (type: keyof typeof texts): string => texts[type]() };
}
