// What became of the tool calls of a realtime session, for the events that repeat them outside of their response.

/** What became of a call, and of which arguments that was said. */
export type Verdict = { readonly isDenied: boolean; readonly argumentsDigest: string | null };

export type Verdicts = {
  /** Notes what became of a call. */
  settle(callId: string, verdict: Verdict): void;
  /** Says what became of a call; a promise while its response is under way, null where nothing is known of it. */
  find(callId: string): Verdict | Promise<Verdict> | null;
  /** A response begins. */
  begin(): void;
  /** A response has ended: where it was the last, calls that never became whole count as denied. */
  end(): void;
};

const KEPT = 4_096;

/** Makes the list of one session. */
export function createVerdicts(): Verdicts {
  const known = new Map<string, Verdict>();
  const waiting = new Map<string, { readonly promise: Promise<Verdict>; resolve(verdict: Verdict): void }>();
  let running = 0;

  function answer(callId: string, verdict: Verdict): void {
    waiting.get(callId)?.resolve(verdict);
    waiting.delete(callId);
  }

  return {
    settle(callId, verdict) {
      known.delete(callId);
      known.set(callId, verdict);
      if (known.size > KEPT) known.delete(known.keys().next().value ?? "");
      answer(callId, verdict);
    },
    find(callId) {
      const found = known.get(callId);
      if (found !== undefined) return found;
      if (running === 0) return null;
      const asked = waiting.get(callId);
      if (asked !== undefined) return asked.promise;
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      waiting.set(callId, { promise, resolve });
      return promise;
    },
    begin() {
      running += 1;
    },
    end() {
      running -= 1;
      if (running > 0) return;
      for (const callId of waiting.keys()) answer(callId, { isDenied: true, argumentsDigest: null });
    },
  };
}
