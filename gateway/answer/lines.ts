// Reads a batch's output line by line: each line is judged as the answer that it holds, and goes out when that is durable.
import { GatewayError } from "../errors.ts";
import { withoutWhole } from "./bytes.ts";
import type { FileHead } from "./bytes.ts";
import type { AnswerContext, AnswerReader } from "./context.ts";
import { judgeLine } from "./line.ts";
import { createRawOutput } from "./raw-output.ts";

const NEWLINE = 0x0a;
/** Bytes of lines that may wait while others are judged, before the target is held back. */
const MOST_WAITING = 1024 * 1024;

/** Opens the reader of a file whose head has arrived and has not been sent. */
export function createLinesReader(context: AnswerContext, head: FileHead): AnswerReader {
  // A line that is written anew is longer or shorter.
  const headers = withoutWhole(head.headers);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let pieces: Buffer[] = [];
  let size = 0;
  let isBusy = false;
  let isBehind = false;
  let isEnded = false;
  const output = createRawOutput(
    context,
    { status: head.status, headers },
    () => {
      waiting = [];
      pieces = [];
    },
    () => {
      isBehind = false;
      go();
    },
  );
  context.describe(() => ({ model: null, responseId: null, usage: null }));

  /** Lets the target go on, unless enough lines wait or the caller doesn't keep up. */
  function go(): void {
    if (waitingBytes > MOST_WAITING || isBehind) context.target.pause();
    else context.target.resume();
  }

  function wait(line: Buffer): void {
    waiting.push(line);
    waitingBytes += line.length;
  }

  function take(): Buffer {
    const line = Buffer.concat(pieces, size);
    pieces = [];
    size = 0;
    return line;
  }

  /** Judges all lines that are there side by side, so that what is written down of them shares commits. */
  async function work(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    while (waiting.length > 0 && !output.isOver()) {
      const lines = waiting;
      waiting = [];
      waitingBytes = 0;
      go();
      const judged = await Promise.all(lines.map((line) => judgeLine(context, line)));
      for (const line of judged) isBehind = !output.send(line);
    }
    isBusy = false;
    if (isEnded && !output.isOver()) await finish();
  }

  async function finish(): Promise<void> {
    await context.close({
      outcome: "completed",
      httpStatus: head.status,
      errorCode: null,
      model: null,
      usage: null,
      responseId: null,
    });
    output.end();
  }

  function split(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const newline = chunk.indexOf(NEWLINE, at);
      const end = newline === -1 ? chunk.length : newline + 1;
      size += end - at;
      if (size > context.limits.answerBytes)
        throw new GatewayError("answer_unreadable", "A line of the file is over the limit.");
      pieces.push(chunk.subarray(at, end));
      if (newline !== -1) wait(take());
      at = end;
    }
  }

  return {
    push(chunk) {
      if (output.isOver()) return;
      try {
        // A part begins and ends within lines.
        if (head.status !== 200)
          throw new GatewayError("answer_unreadable", "The target answered with a part of a batch's output.");
        split(chunk);
        go();
      } catch (error) {
        output.fail(error);
        return;
      }
      work().catch(output.fail);
    },
    end() {
      if (size > 0) wait(take());
      isEnded = true;
      work().catch(output.fail);
    },
    fail: output.fail,
  };
}
