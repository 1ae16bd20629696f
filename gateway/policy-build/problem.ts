// A problem of the policy's sources, told to its author.

/** Where something stands: a path below the policy's folder with `/`, line and column from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

export type Problem = {
  readonly severity: "error" | "warning";
  /** Tells the kind of problem to programs: `rego_type_error`, `coverage`, `fact_value_unknown`. */
  readonly code: string;
  readonly at: Place | null;
  /** What is wrong. */
  readonly message: string;
  /** What was expected in its place. */
  readonly expected?: string;
  /** What to do. */
  readonly help?: string;
};

/** Gives an error; without a place where it is about the whole. */
export function toError(
  code: string,
  at: Place | null,
  message: string,
  more: { readonly expected?: string | undefined; readonly help?: string | undefined } = {},
): Problem {
  const { expected, help } = more;
  return {
    severity: "error",
    code,
    at,
    message,
    ...(expected !== undefined && { expected }),
    ...(help !== undefined && { help }),
  };
}

/** Says what is wrong with the sources and what to do; the command line shows it without a stack. */
export class PolicyProblem extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[] | string, options?: { cause: unknown }) {
    const list = typeof problems === "string" ? [toError("policy", null, problems)] : problems;
    super(list.map((problem) => toText(problem)).join("\n"), options);
    this.name = "PolicyProblem";
    this.problems = list;
  }
}

/** Runs a step for each of several things, and throws what all of them complain about at once. */
export async function gather<T, R>(things: readonly T[], step: (thing: T) => Promise<R>): Promise<R[]> {
  const settled = await Promise.allSettled(things.map(step));
  const problems: Problem[] = [];
  for (const one of settled) {
    if (one.status === "fulfilled") continue;
    if (!(one.reason instanceof PolicyProblem)) throw one.reason;
    problems.push(...one.reason.problems);
  }
  if (problems.length > 0) throw new PolicyProblem(problems);
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

function toText({ at, message, expected, help }: Problem): string {
  const where = at === null ? "" : `${at.file}:${at.line}:${at.column}: `;
  return [`${where}${message}`, expected, help].filter((part) => part !== undefined).join("\n  ");
}
