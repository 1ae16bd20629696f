// The mock target: answers with fixed bytes, whole or as a stream, as cheaply as node:http can.
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { ID_DIGITS, streamedAnswer, wholeAnswer } from "./answers.ts";
import type { Answer } from "./answers.ts";
import { announce } from "./announce.ts";
import { IDLE_MARK } from "./sockets.ts";
import { FILE_PIECES, NOISE_FILE, NOISE_NAME, TEXT_FILE, toFilePiece } from "./transfers.ts";

const whole = wholeAnswer();
const streamed = streamedAnswer();
let count = 0;

const server = createServer((request, response) => {
  let isStream: boolean | undefined;
  let isIdle = false;
  let id = TEXT_FILE;
  request.on("data", (chunk: Buffer) => {
    // The load generator writes `"stream":true` first, so that nothing has to be parsed.
    // A form says first what its file is.
    if (chunk.includes(NOISE_NAME)) id = NOISE_FILE;
    isIdle ||= chunk.includes(IDLE_MARK);
    isStream ??= chunk.indexOf('"stream":true') !== -1;
  });
  request.on("end", () => {
    const piece = toFilePiece(request.url ?? "");
    if (piece !== null) {
      sendFile(response, piece);
      return;
    }
    if (request.url === "/v1/files") {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ id, object: "file" }));
      return;
    }
    count += 1;
    if (isIdle) {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      response.write(Buffer.concat(stamp(streamed).slice(0, 2)));
    } else if (isStream === true) sendStream(response, stamp(streamed));
    else {
      const [bytes = Buffer.alloc(0)] = stamp(whole);
      response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
      response.end(bytes);
    }
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => {
  socket.on("message", () => {
    count += 1;
    sendMessages(socket, stamp(streamed));
  });
});
announce(server);

/** Writes each event as a message, a turn of the event loop apart. */
function sendMessages(socket: WebSocket, pieces: readonly Buffer[]): void {
  let next = 0;
  const step = (): void => {
    const piece = pieces[next];
    next += 1;
    if (piece === undefined) return;
    // Each piece is one frame of server-sent events, whose last line is its data.
    const text = piece.toString("utf8").trimEnd();
    socket.send(text.slice(text.indexOf("data: ") + 6));
    setImmediate(step);
  };
  step();
}

/** Writes a file as fast as it is taken. */
function sendFile(response: ServerResponse, piece: Buffer): void {
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": FILE_PIECES * piece.length,
  });
  let left = FILE_PIECES;
  const write = (): void => {
    while (left > 0) {
      left -= 1;
      if (!response.write(piece)) {
        response.once("drain", write);
        return;
      }
    }
    response.end();
  };
  write();
}

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
