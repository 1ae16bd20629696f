// Shows problems as a compiler does: file, line and column, what is wrong, the line itself, what to do.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Place, Problem } from "./problem.ts";

/** Control characters and marks that turn the direction of a text, which a source may hold. A tab is shown as a blank. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
const LONGEST = 160;

export type ShowOptions = {
  /** The folder that the problems' files stand in. */
  readonly source: string;
  /** What stands before their names, so that an editor finds them from where the command runs. */
  readonly prefix: string;
  readonly hasColours: boolean;
};

/** Gives all problems as text, the errors last, and a line that counts them. */
export function showProblems(problems: readonly Problem[], options: ShowOptions): string {
  const sorted = [...problems].toSorted(
    (a, b) => Number(a.severity === "error") - Number(b.severity === "error"),
  );
  return `${sorted.map((problem) => showOne(problem, options)).join("\n")}\n${count(problems)}\n`;
}

function showOne(problem: Problem, { source, prefix, hasColours }: ShowOptions): string {
  const { severity, code, at, message, expected, help } = problem;
  const paint = (colour: number, text: string) => (hasColours ? `\u001b[${colour}m${text}\u001b[0m` : text);
  const where = at === null ? "" : toOneLine(`${prefix}${at.file}:${at.line}:${at.column}: `);
  const kind = paint(severity === "error" ? 31 : 33, `${severity}:`);
  const lines = [`${paint(1, where)}${kind} ${toSafe(message)} ${paint(2, `[${code}]`)}`];
  const line = at === null ? null : readLine(source, at);
  if (at !== null && line !== null) {
    const number = String(at.line).padStart(5);
    const before = Math.min(at.column - 1, line.length);
    lines.push(`${paint(2, `${number} |`)} ${line}`);
    lines.push(`${paint(2, "      |")} ${" ".repeat(before)}${paint(31, "^")}`);
  }
  for (const note of [expected, help])
    if (note !== undefined) lines.push(`      ${paint(2, "=")} ${toSafe(note)}`);
  return `${lines.join("\n")}\n`;
}

function readLine(source: string, { file, line, column }: Place): string | null {
  let text: string | undefined;
  try {
    text = readFileSync(join(source, file), "utf8").split("\n")[line - 1];
  } catch {
    return null;
  }
  // A caret under what is not shown would point at something else.
  return text === undefined || column > LONGEST ? null : toOneLine(text).slice(0, LONGEST);
}

function toSafe(text: string): string {
  return text
    .split("\n")
    .map((line) => toOneLine(line))
    .join("\n        ");
}

function toOneLine(text: string): string {
  return text.replaceAll("\t", " ").replaceAll(UNSAFE, "\ufffd");
}

function count(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const say = (number: number, word: string) => `${number} ${word}${number === 1 ? "" : "s"}`;
  return [errors > 0 && say(errors, "error"), warnings > 0 && say(warnings, "warning")]
    .filter((part) => part !== false)
    .join(", ");
}
