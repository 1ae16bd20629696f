// Says when nothing has come over a socket for too long: from either side, or from a target that owes an answer.
import { GatewayError } from "../errors.ts";

export type Silence = {
  /** The program said something. */
  heardClient(): void;
  /** The target said something. */
  heardTarget(): void;
  stop(): void;
};

/** What is asked about the socket from time to time. */
export type SilenceState = {
  /** Whether an answer is under way. */
  isBusy(): boolean;
  /** Whether the target is held back: then it cannot say anything. */
  isHeld(): boolean;
};

/** The longest time between two looks. */
const LOOK_MS = 30_000;

/** Watches one socket; `idleMs` is the longest silence without, `answerMs` that within an answer. */
export function watchSilence(
  state: SilenceState,
  { idleMs, answerMs }: { readonly idleMs: number; readonly answerMs: number },
  end: (error: GatewayError) => void,
): Silence {
  let heard = performance.now();
  let answered = heard;
  const timer = setInterval(
    () => {
      const now = performance.now();
      if (state.isBusy()) heard = now;
      if (!state.isBusy() || state.isHeld()) answered = now;
      if (now - heard > idleMs)
        end(new GatewayError("socket_idle", "Nothing came over the socket for too long."));
      if (now - answered > answerMs)
        end(new GatewayError("target_timeout", "The target said nothing for too long."));
    },
    Math.min(idleMs, answerMs, LOOK_MS),
  );
  timer.unref();
  return {
    heardClient() {
      heard = performance.now();
    },
    heardTarget() {
      heard = performance.now();
      answered = heard;
    },
    stop: () => clearInterval(timer),
  };
}
