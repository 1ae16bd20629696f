// Takes a request's body piece by piece, bounded in size and time.
import type { IncomingMessage } from "node:http";
import { GatewayError } from "../errors.ts";

export type TakeLimits = {
  readonly bytes: number;
  /** Time for the first bytes, and again for each further `PACE` bytes. */
  readonly milliseconds: number;
};

/** A sender that is slower than this for each time limit is cut off. */
const PACE = 4 * 1024 * 1024;

/**
 * Hands each piece to `sink`, and waits for it. Where that fails the rest is read and thrown away, so that the sender
 * gets to read the refusal; then the promise rejects with it. Throws `body_too_large`, `request_timeout`,
 * `body_encoding_unsupported`.
 */
export function takeBody(
  incoming: IncomingMessage,
  limits: TakeLimits,
  sink: (piece: Buffer) => Promise<void>,
): Promise<void> {
  const encoding = incoming.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    return Promise.reject(new GatewayError("body_encoding_unsupported", "Send the body uncompressed."));
  }
  const tooLarge = (): GatewayError =>
    new GatewayError("body_too_large", `The request's body is over the limit of ${limits.bytes} bytes.`);
  if (Number(incoming.headers["content-length"] ?? 0) > limits.bytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    let size = 0;
    let failure: { readonly thrown: unknown } | null = null;
    let isOver = false;
    let timer = setTimeout(late, limits.milliseconds);
    let due = PACE;

    function finish(error: unknown): void {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      if (error === null) resolve();
      else {
        incoming.pause();
        reject(error instanceof Error ? error : new Error("A body could not be taken."));
      }
    }
    function late(): void {
      finish(new GatewayError("request_timeout", "The request's body did not arrive in time."));
    }

    incoming.on("data", (piece: Buffer) => {
      if (isOver) return;
      size += piece.length;
      if (size > limits.bytes) {
        finish(tooLarge());
        return;
      }
      if (size > due) {
        due = size + PACE;
        clearTimeout(timer);
        timer = setTimeout(late, limits.milliseconds);
      }
      if (failure !== null) return;
      incoming.pause();
      sink(piece).then(
        () => {
          if (!isOver) incoming.resume();
        },
        (thrown: unknown) => {
          failure = { thrown };
          if (!isOver) incoming.resume();
        },
      );
    });
    incoming.once("end", () => finish(failure === null ? null : failure.thrown));
    incoming.once("error", (cause) =>
      finish(new GatewayError("request_timeout", "The request broke off.", { cause })),
    );
    incoming.once("close", () => {
      if (!incoming.complete) finish(new GatewayError("request_timeout", "The request broke off."));
    });
  });
}
