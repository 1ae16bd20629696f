// One end of a WebSocket, as the rest of the folder sees it: whole messages, backpressure, signs of life, one close.
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";

export type Socket = {
  readonly isOpen: boolean;
  /** Sends one message; says whether the peer keeps up. Where it does not, `onDrain` is called once when it does again. */
  send(data: Buffer, isBinary: boolean, onDrain?: () => void): boolean;
  /** Resolves when the peer keeps up again, or the socket has closed; null where it keeps up. */
  untilReady(): Promise<void> | null;
  /** Stops reading, or reads on. */
  pause(): void;
  resume(): void;
  /** Begins the closing handshake; the socket is cut off where the peer does not answer it. */
  close(code: number, reason: string): void;
  /**
   * Sees what comes: messages, and that there was a ping or a pong. `onClose` is called once, with 1006 where there was no
   * closing handshake.
   */
  follow(handlers: {
    readonly onMessage: (data: Buffer, isBinary: boolean) => void;
    readonly onControl?: () => void;
    readonly onClose: (code: number, reason: string) => void;
  }): void;
};

/** Bytes that may wait for a slow peer before its source is held back, and from which on that is let go again. */
const HIGH = 1024 * 1024;
const LOW = 256 * 1024;
const PING_MS = 20_000;
/** The longest reason that a closing frame can hold (RFC 6455 §5.5). */
const LONGEST_REASON = 123;

/**
 * Wraps a socket that is open; pings it, and cuts it off where two pings in a row have no answer, or nothing of what waits
 * for it has left for as long. `raw` is the connection below it, where it is at hand: what is sent in one turn of the event
 * loop then leaves in one write.
 */
export function wrapSocket(socket: WebSocket, raw: Duplex | null = null, pingMs = PING_MS): Socket {
  let isCorked = false;
  let isBehind = false;
  let waiting: (() => void)[] = [];
  let unanswered = 0;
  let hasLeft = false;
  const pinging = setInterval(() => {
    const isMoving = socket.bufferedAmount > 0 && hasLeft;
    hasLeft = false;
    // A ping stands behind what waits, and an answer to it is not seen while nothing is read.
    if (isMoving || (socket.isPaused && socket.bufferedAmount === 0)) return;
    if (unanswered >= 2) return socket.terminate();
    unanswered += 1;
    socket.ping();
  }, pingMs);
  pinging.unref();
  socket.on("pong", () => {
    unanswered = 0;
  });
  // What went wrong shows as the close that follows it.
  socket.on("error", () => undefined);

  function cork(): void {
    if (raw === null || isCorked) return;
    isCorked = true;
    raw.cork();
    setImmediate(() => {
      isCorked = false;
      raw.uncork();
    });
  }

  function sent(): void {
    hasLeft = true;
    if (isBehind && socket.bufferedAmount <= LOW) keepUp();
  }

  function keepUp(): void {
    isBehind = false;
    const callbacks = waiting;
    waiting = [];
    for (const callback of callbacks) callback();
  }

  return {
    get isOpen() {
      return socket.readyState === socket.OPEN;
    },
    send(data, isBinary, onDrain) {
      if (socket.readyState !== socket.OPEN) return true;
      cork();
      socket.send(data, { binary: isBinary }, sent);
      if (!isBehind && socket.bufferedAmount <= HIGH) return true;
      isBehind = true;
      if (onDrain !== undefined) waiting.push(onDrain);
      return false;
    },
    untilReady: () => (isBehind ? new Promise((resolve) => waiting.push(resolve)) : null),
    pause: () => socket.pause(),
    resume() {
      unanswered = 0;
      socket.resume();
    },
    close(code, reason) {
      // A socket that is not read never sees the peer's answer.
      socket.resume();
      socket.close(code, cutReason(reason));
    },
    follow({ onMessage, onControl, onClose }) {
      if (onControl !== undefined) socket.on("ping", onControl).on("pong", onControl);
      socket.on("message", (data: Buffer | ArrayBuffer | Buffer[], isBinary) => {
        unanswered = 0;
        onMessage(toBuffer(data), isBinary);
      });
      socket.once("close", (code, reason) => {
        clearInterval(pinging);
        keepUp();
        onClose(code, reason.toString("utf8"));
      });
    },
  };
}

/** Gives the code that one side's close is passed on with: what never stands in a frame becomes 1011. */
export function toPassedCode(code: number): number {
  const isPassable =
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
  return code === 1005 ? 1000 : isPassable ? code : 1011;
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function cutReason(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > LONGEST_REASON) cut = cut.slice(0, -1);
  return cut.toWellFormed();
}
