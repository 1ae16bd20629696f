// Reads away what is left of a request's body once its answer is over, so that the connection can go on or end.
import type { IncomingMessage } from "node:http";

/** A program that still sends gets so long, and so much, to see its answer; then it is cut off. */
const MOST_MS = 500;
const MOST_BYTES = 64 * 1024 * 1024;

/** Reads what is left, within bounds. */
export function readLeftover(incoming: IncomingMessage): void {
  if (incoming.readableEnded || incoming.destroyed) return;
  let left = MOST_BYTES;
  const cut = (): void => {
    clearTimeout(timer);
    incoming.socket.destroySoon();
  };
  const timer = setTimeout(cut, MOST_MS).unref();
  incoming.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) cut();
  });
  incoming.once("close", () => clearTimeout(timer));
  incoming.resume();
}
