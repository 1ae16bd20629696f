// Runs the steps of a check side by side, each to its end whatever the others do, and reports them as they end.

/** One thing to check. */
export type Step = {
  readonly name: string;
  readonly what: string;
  /** Gives what is wrong, or null. */
  run(): Promise<string | null>;
};

/** Runs the steps, so many at once, in their order; gives the names of those that failed. A step that throws failed. */
export async function runSteps(
  steps: readonly Step[],
  lanes: number,
  write: (text: string) => void,
): Promise<string[]> {
  const failed: string[] = [];
  const began = performance.now();
  const waiting = [...steps];

  async function lane(): Promise<void> {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const start = performance.now();
      const problem = await step.run().catch((error: unknown) => String(error));
      const seconds = toSeconds(performance.now() - start);
      write(`${problem === null ? "ok    " : "FAILED"} ${step.name.padEnd(12)}${seconds.padStart(8)}\n`);
      if (problem === null) continue;
      failed.push(step.name);
      write(`${indent(problem)}\n`);
    }
  }

  await Promise.all(Array.from({ length: Math.max(1, lanes) }, lane));
  const total = toSeconds(performance.now() - began);
  const count = `${steps.length - failed.length} of ${steps.length} steps passed in ${total}`;
  write(failed.length === 0 ? `${count}\n` : `${count}; failed: ${failed.join(", ")}\n`);
  return failed;
}

function toSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  | ${line}`)
    .join("\n");
}
