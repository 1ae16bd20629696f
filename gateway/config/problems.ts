// What is wrong with a configuration: every problem at once, each with its place and what was expected.

/** One problem. `path` is a key in dotted form or a variable's name; `expected` never repeats the value. */
export type Problem = { readonly path: string; readonly line: number | null; readonly expected: string };

/** Says that a configuration can't be used. The message lists every problem. */
export class ConfigError extends Error {
  readonly file: string | null;
  readonly problems: readonly Problem[];

  constructor(file: string | null, found: readonly Problem[]) {
    const last = Number.POSITIVE_INFINITY;
    const problems = found.toSorted((a, b) =>
      (a.line ?? last) === (b.line ?? last) ? 0 : (a.line ?? last) - (b.line ?? last),
    );
    super(
      [
        `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:`,
        ...problems.map((problem) => `  ${toPlace(file, problem)}: ${problem.expected}`),
      ].join("\n"),
    );
    this.name = "ConfigError";
    this.file = file;
    this.problems = problems;
  }
}

function toPlace(file: string | null, problem: Problem): string {
  return file !== null && problem.line !== null ? `${file}:${problem.line}: ${problem.path}` : problem.path;
}

/** Writes a path of keys and indexes as `connections[0].base_url`. */
export function toDotted(path: readonly PropertyKey[]): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? String(step) : `.${String(step)}`;
  }
  return text === "" ? "(the whole file)" : text;
}

/** Says whether `path` is `above` or lies below it. */
export function isBelow(path: readonly PropertyKey[], above: readonly PropertyKey[]): boolean {
  return above.every((step, index) => path[index] === step);
}
