// The mock target: answers with fixed bytes, whole or as a stream, as cheaply as node:http can.
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { ID_DIGITS, streamedAnswer, wholeAnswer } from "./answers.ts";
import type { Answer } from "./answers.ts";
import { announce } from "./announce.ts";

const whole = wholeAnswer();
const streamed = streamedAnswer();
let count = 0;

const server = createServer((request, response) => {
  let isStream: boolean | undefined;
  request.on("data", (chunk: Buffer) => {
    // The load generator writes `"stream":true` first, so that nothing has to be parsed.
    isStream ??= chunk.indexOf('"stream":true') !== -1;
  });
  request.on("end", () => {
    count += 1;
    if (isStream === true) sendStream(response, stamp(streamed));
    else {
      const [bytes = Buffer.alloc(0)] = stamp(whole);
      response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
      response.end(bytes);
    }
  });
});
announce(server);

/** Copies the pieces that hold an id and writes a number of its own into each. */
function stamp(answer: Answer): readonly Buffer[] {
  const pieces = [...answer.bytes];
  const digits = String(count).padStart(ID_DIGITS, "0");
  for (const { piece, offset } of answer.places) {
    const copy = Buffer.from(pieces[piece] ?? "");
    copy.write(digits, offset, "latin1");
    pieces[piece] = copy;
  }
  return pieces;
}

/** Writes each event by itself, a turn of the event loop apart, as a model's words come. */
function sendStream(response: ServerResponse, pieces: readonly Buffer[]): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  let next = 0;
  const step = (): void => {
    const piece = pieces[next];
    next += 1;
    if (piece === undefined) response.end();
    else {
      response.write(piece);
      setImmediate(step);
    }
  };
  step();
}
