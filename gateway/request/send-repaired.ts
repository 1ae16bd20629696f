// Sends a request with outputs of denied calls, and without them where the target does not know of the calls.
import type { Target, TargetAnswer, TargetCall, TargetRequest } from "../forward/target.ts";

/** The same request without the outputs, and the calls that these are of. */
export type Without = { readonly bytes: Buffer; readonly callIds: readonly string[] };

/** No error of the API's is longer. */
const MOST_BYTES = 64 * 1024;

/**
 * Sends a request. An answer that was cut off may have been kept by the target, with the denied call, or not at all: who
 * gives an output for a call that is not there is refused, by the call's id, and nothing of the request was done.
 */
export function sendRepaired(
  target: Pick<Target, "send">,
  request: TargetRequest,
  without: Without | null,
  answer: TargetAnswer,
): TargetCall {
  if (without === null) return target.send(request, answer);
  const { bytes, callIds } = without;
  let giveHead: (() => void) | null = null;
  let chunks: Buffer[] = [];
  let size = 0;
  let isOver = false;

  /** Gives what was kept back. */
  function give(): void {
    giveHead?.();
    giveHead = null;
    for (const chunk of chunks) answer.onData(chunk);
    chunks = [];
  }

  let call = target.send(request, {
    onHead(status, headers) {
      if (status === 400) giveHead = () => answer.onHead(status, headers);
      else answer.onHead(status, headers);
    },
    onData(chunk) {
      if (giveHead === null) {
        answer.onData(chunk);
        return;
      }
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_BYTES) give();
    },
    onEnd() {
      const said = giveHead === null ? "" : Buffer.concat(chunks, size).toString("utf8");
      if (!callIds.some((id) => said.includes(id))) {
        give();
        answer.onEnd();
      } else if (!isOver) call = target.send({ ...request, body: bytes }, answer);
    },
    onError: (error) => answer.onError(error),
  });
  return {
    pause: () => call.pause(),
    resume: () => call.resume(),
    abort() {
      isOver = true;
      call.abort();
    },
  };
}
