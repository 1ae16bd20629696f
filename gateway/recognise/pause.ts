// Leaves a recogniser alone for a while that does not answer: nobody waits for it then, and it is not run over when it is back.

export type PauseDeps = {
  /** Failures in a row after which it is tried whether it answers at all. */
  readonly mostFailures: number;
  readonly pauseMs: number;
  /** Asks about a text of our own; rejects where there is no answer. */
  readonly attempt: () => Promise<unknown>;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
  /** Told when a pause begins, and when it is over. */
  readonly onChange: (isPaused: boolean) => void;
};

export type Pause = {
  /** Says whether it may be asked. Whoever comes first after the time waits until it has been tried. */
  mayAsk(): Promise<boolean>;
  /** Takes note of what became of a call. */
  note(isAnswered: boolean): void;
};

/**
 * Keeps count of failures. What a program sends may be what the recogniser fails on, so that never decides for others:
 * a pause begins and ends by a text of our own.
 */
export function createPause({ mostFailures, pauseMs, attempt, now, onChange }: PauseDeps): Pause {
  let failures = 0;
  /** Null where it is asked. */
  let until: number | null = null;
  let trial: Promise<void> | null = null;

  function resume(): void {
    failures = 0;
    if (until === null) return;
    until = null;
    onChange(false);
  }

  function stop(): void {
    const wasPaused = until !== null;
    until = now() + pauseMs;
    if (!wasPaused) onChange(true);
  }

  function startTrial(): Promise<void> {
    trial ??= attempt()
      .then(resume, stop)
      .finally(() => (trial = null));
    return trial;
  }

  return {
    async mayAsk() {
      if (until === null) return true;
      if (now() < until) return false;
      await startTrial();
      return until === null;
    },
    note(isAnswered) {
      if (isAnswered) {
        resume();
        return;
      }
      failures += 1;
      if (failures >= mostFailures && until === null) void startTrial();
    },
  };
}
