// Writes a report as JUnit's XML, which CI systems show: a test a condition, else one that nothing is decided otherwise.
import type { Met } from "./fail-on.ts";
import type { Report } from "./report.ts";
import { toNumber, toTitle, toWords } from "./words.ts";

/** Gives the XML. */
export function toJunit(report: Report, conditions: readonly Met[]): string {
  const tests = conditions.map(({ text, isMet, value }) => ({
    name: text,
    message: isMet ? `${text}: it is ${value}` : null,
  }));
  const isChanged = report.changes.length > 0;
  const cases =
    tests.length > 0
      ? tests
      : [
          {
            name: "nothing is decided otherwise",
            message: isChanged ? `${toNumber(report.exchanges.changed)} exchanges are` : null,
          },
        ];
  const details = report.changes.map(
    (change) =>
      `${change.code} ${toWords(change)}: ${change.exchanges} exchanges, e.g. ${change.examples.join(" ")}`,
  );
  const failures = cases.filter(({ message }) => message !== null).length;
  const name = escape(toTitle(report));
  const counts = `tests="${cases.length}" failures="${failures}" time="${report.seconds}"`;
  const lines = cases.map(({ name: test, message }) =>
    message === null
      ? `    <testcase classname="tollgate.policy.replay" name="${escape(test)}"/>`
      : `    <testcase classname="tollgate.policy.replay" name="${escape(test)}"><failure message="${escape(message)}">${escape(details.join("\n"))}</failure></testcase>`,
  );
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites ${counts}>`,
    `  <testsuite name="${name}" ${counts}>`,
    ...lines,
    `  </testsuite>`,
    `</testsuites>`,
    "",
  ].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** XML 1.0 knows no control characters but tab and line ends, escaped or not. */
function escape(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
