// A report with what a pipeline asked about, in the forms that it may be had in.
import type { Condition, Met } from "./fail-on.ts";
import { meet } from "./fail-on.ts";
import { toHtml } from "./html-report.ts";
import { toJunit } from "./junit-report.ts";
import { toMarkdown } from "./markdown-report.ts";
import type { Report } from "./report.ts";

/** The report, and each condition with what it came to. */
export type JudgedReport = Report & { readonly conditions: readonly Met[] };

/** Gives the text of a report by its media type. */
export function toResult(
  report: Report,
  conditions: readonly Condition[],
): {
  toText(type: "application/json" | "text/html" | "application/xml" | "text/markdown"): string;
} {
  const met = meet(report, conditions);
  return {
    toText(type) {
      switch (type) {
        case "application/json":
          return `${JSON.stringify({ ...report, conditions: met } satisfies JudgedReport)}\n`;
        case "text/html":
          return toHtml(report, met);
        case "text/markdown":
          return toMarkdown(report, met);
        case "application/xml":
          // White space before it keeps a connection open, and may not stand before a declaration.
          return toJunit(report, met).replace(/^<\?xml[^\n]*\n/, "");
      }
    },
  };
}
