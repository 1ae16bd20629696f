// Lets so many in at a time, in the order in which they came.

export type Slots = {
  /** Resolves with what leaves again; rejects with the reason of a signal that aborts before. */
  enter(signal: AbortSignal): Promise<() => void>;
};

/** Makes room for so many at a time. */
export function createSlots(most: number): Slots {
  const waiting = new Set<() => void>();
  let taken = 0;

  function leave(): void {
    const [next] = waiting;
    if (next === undefined) taken -= 1;
    else next();
  }

  return {
    enter(signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (taken < most) {
        taken += 1;
        return Promise.resolve(leave);
      }
      return new Promise((resolve, reject) => {
        const start = (): void => {
          waiting.delete(start);
          signal.removeEventListener("abort", stop);
          resolve(leave);
        };
        const stop = (): void => {
          waiting.delete(start);
          reject(signal.reason);
        };
        waiting.add(start);
        signal.addEventListener("abort", stop, { once: true });
      });
    },
  };
}
