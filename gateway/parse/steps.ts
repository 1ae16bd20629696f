// Long work in steps, between which others are served.

/** Work that says after each step how many bytes that was. */
export type Steps<T> = Generator<number, T, undefined>;

/** So many bytes are worked on in one go. */
export const STEP = 256 * 1024;

/** Does the work in one go. */
export function runAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Does the work, and lets others go first where a step's bytes are spent. */
export async function runInTurns<T>(steps: Steps<T>): Promise<T> {
  let left = STEP;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    left -= step.value;
    if (left > 0) continue;
    left = STEP;
    await new Promise(setImmediate);
  }
}
