// The way to the caller: one head, then bytes, with backpressure and signs of life while there is nothing to send.
import type { ServerResponse } from "node:http";
import { SERVER_SENT } from "./framing.ts";
import type { Framing } from "./framing.ts";
import type { Heart } from "./heart.ts";

export type Sink = {
  /** Whether the head has been sent: from here on an error can only be an event. */
  readonly begun: boolean;
  readonly gone: boolean;
  /** How a stream's events are written. */
  readonly framing: Framing;
  /** `isRaw`: nothing of the gateway's may stand between the bytes, signs of life included. */
  head(
    status: number,
    headers: Readonly<Record<string, string>>,
    options?: { readonly isRaw: boolean },
  ): void;
  /** Writes and says whether the caller keeps up; where it does not, `onDrain` is called once when it does again. */
  write(bytes: Buffer, onDrain: () => void): boolean;
  end(bytes?: Buffer): void;
  /** Cuts the connection without a clean end, so that no client takes a part for the whole. */
  cut(): void;
  /** Calls back once if the caller leaves before the end. */
  onLeave(left: () => void): void;
  /** Calls back once when the answer is over, whoever ended it. */
  onClose(closed: () => void): void;
};

const COMMENT = Buffer.from(": wait\n\n");

/** Wraps Node's response. `beatMs` is the time between signs of life. */
export function createSink(outgoing: ServerResponse, exchangeId: string, heart: Heart, beatMs: number): Sink {
  let isStream = false;
  let ended = false;
  let isBehind = false;
  let left: (() => void) | null = null;
  const beating = heart.start(beatMs, () => {
    if (outgoing.writableEnded || outgoing.destroyed) return;
    // Before the head an interim answer (RFC 9110 §15.2.1, RFC 2518 §10.1); within a stream a comment; in JSON nothing fits.
    if (!sink.begun) {
      if (outgoing.req.httpVersion !== "1.0") outgoing.writeProcessing();
    } else if (isStream && !outgoing.writableNeedDrain) outgoing.write(COMMENT);
  });
  outgoing.once("close", () => {
    beating.stop();
    if (ended) return;
    sink.gone = true;
    left?.();
  });
  outgoing.on("error", () => undefined);

  const sink: Sink & { begun: boolean; gone: boolean } = {
    framing: SERVER_SENT,
    begun: false,
    gone: false,
    head(status, headers, options) {
      if (sink.gone || sink.begun) return;
      sink.begun = true;
      isStream = options?.isRaw !== true && (headers["content-type"] ?? "").startsWith("text/event-stream");
      outgoing.writeHead(status, { ...headers, "x-tollgate-exchange-id": exchangeId });
      if (!isStream) return;
      // The first events often come with the head, and go with it.
      outgoing.cork();
      outgoing.flushHeaders();
      setImmediate(() => outgoing.uncork());
    },
    write(bytes, onDrain) {
      if (sink.gone || ended) return true;
      beating.touch();
      if (outgoing.write(bytes)) return true;
      // However many writes are behind, one call back tells that they are through.
      if (!isBehind) {
        isBehind = true;
        outgoing.once("drain", () => {
          isBehind = false;
          onDrain();
        });
      }
      return false;
    },
    end(bytes) {
      if (sink.gone || ended) return;
      ended = true;
      beating.stop();
      outgoing.end(bytes);
    },
    cut() {
      ended = true;
      beating.stop();
      outgoing.destroy();
    },
    onClose(closed) {
      if (outgoing.closed) closed();
      else outgoing.once("close", closed);
    },
    onLeave(callback) {
      left = callback;
      if (sink.gone) callback();
    },
  };
  return sink;
}

/** Gives what aborts when the caller has left, or the answer is over. */
export function toSignal(sink: Sink): AbortSignal {
  const closed = new AbortController();
  sink.onClose(() => closed.abort());
  return closed.signal;
}
