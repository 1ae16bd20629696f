// What became of the tool calls of a realtime session, for the events that repeat them outside of their response.

export type Verdicts = {
  /** Notes what became of a call. */
  settle(callId: string, isDenied: boolean): void;
  /** Says whether a call was denied; a promise while its response is under way, null where nothing is known of it. */
  find(callId: string): boolean | Promise<boolean> | null;
  /** A response begins. */
  begin(): void;
  /** A response has ended: where it was the last, calls that never became whole count as denied. */
  end(): void;
};

const KEPT = 4_096;

/** Makes the list of one session. */
export function createVerdicts(): Verdicts {
  const known = new Map<string, boolean>();
  const waiting = new Map<string, { readonly promise: Promise<boolean>; resolve(isDenied: boolean): void }>();
  let running = 0;

  function answer(callId: string, isDenied: boolean): void {
    waiting.get(callId)?.resolve(isDenied);
    waiting.delete(callId);
  }

  return {
    settle(callId, isDenied) {
      known.delete(callId);
      known.set(callId, isDenied);
      if (known.size > KEPT) known.delete(known.keys().next().value ?? "");
      answer(callId, isDenied);
    },
    find(callId) {
      const found = known.get(callId);
      if (found !== undefined) return found;
      if (running === 0) return null;
      const asked = waiting.get(callId);
      if (asked !== undefined) return asked.promise;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      waiting.set(callId, { promise, resolve });
      return promise;
    },
    begin() {
      running += 1;
    },
    end() {
      running -= 1;
      if (running > 0) return;
      for (const callId of waiting.keys()) answer(callId, true);
    },
  };
}
