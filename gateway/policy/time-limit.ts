// Runs a function under a limit of wall time that ends WebAssembly too, in the same thread.

import { Script } from "node:vm";

/** Runs `task`; throws `TimeLimitError` where it takes longer. Costs about 0.1 ms a call: a thread watches the time. */
export type RunLimited = <T>(milliseconds: number, task: () => T) => T;

/** Says that a function was ended because its time was over. */
export class TimeLimitError extends Error {
  constructor(milliseconds: number, options?: { cause: unknown }) {
    super(`took longer than ${milliseconds} ms`, options);
    this.name = "TimeLimitError";
  }
}

const SLOT = "tollgate.policy.limited";

/** Creates the runner. Only a script's time-out ends WebAssembly, and a script reaches its task through a global slot. */
export function createRunLimited(): RunLimited {
  const slot = { task: (): void => {} };
  Object.defineProperty(globalThis, SLOT, { value: slot, configurable: true, enumerable: false });
  const script = new Script(`globalThis["${SLOT}"].task()`, { filename: "policy-time-limit" });
  return (milliseconds, task) => {
    let result: { value: ReturnType<typeof task> } | null = null;
    Object.defineProperty(globalThis, SLOT, { value: slot, configurable: true, enumerable: false });
    slot.task = () => {
      result = { value: task() };
    };
    try {
      script.runInThisContext({ timeout: milliseconds });
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
        throw new TimeLimitError(milliseconds, { cause });
      throw cause;
    } finally {
      slot.task = () => {};
    }
    return taken(result, milliseconds);
  };
}

function taken<T>(result: { value: T } | null, milliseconds: number): T {
  if (result === null) throw new TimeLimitError(milliseconds);
  return result.value;
}
