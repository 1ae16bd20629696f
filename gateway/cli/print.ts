// Prints tables and JSON. Names in the record were sent by programs, so nothing is printed that could steer a terminal.
import type { Output } from "./context.ts";

/** Control characters, line ends, and marks that turn the direction of what follows. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** Makes a text safe for a terminal, on one line. */
export function toPlain(text: string): string {
  return text.replaceAll(UNSAFE, "\ufffd");
}

/** Prints a value as JSON, indented. */
export function printJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value, null, 2).replaceAll(UNSAFE, escapeJson)}\n`);
}

/** JSON escapes only what is below U+0020; the line feeds that are left are its indentation's. */
function escapeJson(character: string): string {
  return character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Prints rows under their headings, in columns as wide as needed. */
export function printTable(
  output: Output,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const lines = [headings, ...rows.map((row) => row.map(toPlain))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines) {
    output.write(
      `${line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()}\n`,
    );
  }
}

/** Prints names and values, one a line, indented. */
export function printFields(
  output: Output,
  fields: readonly (readonly [string, string | null])[],
  indent = 2,
): void {
  const width = Math.max(...fields.map(([name]) => name.length));
  for (const [name, value] of fields) {
    if (value !== null && value !== "")
      output.write(`${" ".repeat(indent)}${name.padEnd(width)}  ${toPlain(value)}\n`);
  }
}

/** Writes a moment in UTC: `2026-11-21 11:36:36.123`. */
export function toMoment(at: Date): string {
  return at.toISOString().replace("T", " ").replace("Z", "");
}
