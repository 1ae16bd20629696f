// Sends a file to the caller: a head with the first bytes, then bytes; an error is a status before, and a cut behind.
import { toGatewayError } from "../errors.ts";
import type { AnswerContext } from "./context.ts";
import { refuse } from "./refuse.ts";

export type RawOutput = {
  /** Sends bytes, behind the head. Says whether the caller keeps up; where it does not, the target is held back. */
  readonly send: (bytes: Buffer) => boolean;
  /** Ends the answer; the head goes out where nothing has. */
  readonly end: () => void;
  /** Ends the answer with an error, once that is written down. */
  readonly fail: (thrown: unknown) => void;
  readonly isOver: () => boolean;
};

/**
 * Opens the way out. `drop` lets go of what waits where the answer fails; `go` lets the target go on once the caller
 * keeps up again.
 */
export function createRawOutput(
  context: AnswerContext,
  head: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
  drop: () => void,
  go: () => void = () => context.target.resume(),
): RawOutput {
  const { sink, target } = context;
  let over = false;

  function begin(): void {
    if (!sink.begun) sink.head(head.status, { ...head.headers, ...context.effects() }, { isRaw: true });
  }

  return {
    isOver: () => over,
    send(bytes) {
      if (over) return true;
      begin();
      if (bytes.length === 0) return true;
      context.sent(bytes.length);
      const keepsUp = sink.write(bytes, go);
      if (!keepsUp) target.pause();
      return keepsUp;
    },
    end() {
      if (over) return;
      over = true;
      begin();
      sink.end();
    },
    fail(thrown) {
      if (over) return;
      over = true;
      const error = toGatewayError(thrown);
      drop();
      target.abort();
      context.report(error);
      const say = (): void => refuse(sink, error, context.id, null);
      context
        .close({
          outcome: error.code === "policy_denied" ? "refused" : "failed",
          httpStatus: sink.begun ? head.status : error.status,
          errorCode: error.recordedCode,
          model: null,
          usage: null,
          responseId: null,
        })
        .then(say, say);
    },
  };
}
