// A bundle that is built on this machine as its sources change: it comes when it is given, not when it is asked for.
import { SourceError } from "./source.ts";
import type { BundleSource } from "./source.ts";

export type BuiltSource = BundleSource & {
  /** Offers a bundle. */
  give(bytes: Buffer): void;
  /** Says that what there is now can't be built: the bundle that was given last goes on deciding. */
  fail(message: string): void;
};

/** So long after the last answer it says again that there is nothing newer. */
const CONFIRM_MS = 10_000;

/** Makes it; `became` is told what became of each bundle. */
export function createBuiltSource(
  name: string,
  became: (problem: string | null) => void,
  confirmMs = CONFIRM_MS,
): BuiltSource {
  let last: Buffer | null = null;
  /** What no answer has told yet. */
  let given: Buffer | null = null;
  let failure: string | null = null;
  let isWrong = false;
  let wake: () => void = () => undefined;

  /** Waits for something to tell. Rejects once the signal comes. */
  async function wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const woken = Promise.withResolvers<void>();
    wake = woken.resolve;
    const onAbort = (): void => woken.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    // What can't be built is told once, and confirms nothing after that.
    const timer = isWrong ? undefined : setTimeout(woken.resolve, confirmMs);
    timer?.unref();
    try {
      await woken.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    }
  }

  return {
    name,
    isRemote: false,
    async ask({ mayWait, signal }) {
      if (mayWait && given === null && failure === null) await wait(signal);
      if (given !== null) {
        const bytes = given;
        given = null;
        return { bytes, pauseMs: 0 };
      }
      if (failure !== null) {
        const message = failure;
        failure = null;
        throw new SourceError(message);
      }
      return { bytes: null, pauseMs: 0 };
    },
    forget() {
      given ??= last;
    },
    became,
    give(bytes) {
      last = bytes;
      given = bytes;
      failure = null;
      isWrong = false;
      wake();
    },
    fail(message) {
      failure = message;
      isWrong = true;
      wake();
    },
  };
}
