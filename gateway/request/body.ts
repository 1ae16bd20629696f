// Reads a request's body whole, bounded in size and time.
import type { IncomingMessage } from "node:http";
import { GatewayError } from "../errors.ts";

export type BodyLimits = { readonly bytes: number; readonly milliseconds: number };

const EMPTY = Buffer.alloc(0);

function tooLarge(limit: number): GatewayError {
  return new GatewayError("body_too_large", `The request's body is over the limit of ${limit} bytes.`);
}

/**
 * Gives the body's bytes as they came. Throws `body_too_large` before reading where the length is declared,
 * `request_timeout` where they do not arrive in time, and `body_encoding_unsupported` for a compressed body.
 */
export function readBody(incoming: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const encoding = incoming.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    return Promise.reject(new GatewayError("body_encoding_unsupported", "Send the body uncompressed."));
  }
  if (Number(incoming.headers["content-length"] ?? 0) > limits.bytes)
    return Promise.reject(tooLarge(limits.bytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => {
      incoming.pause();
      reject(new GatewayError("request_timeout", "The request's body did not arrive in time."));
    }, limits.milliseconds);
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.bytes) {
        clearTimeout(timer);
        incoming.pause();
        chunks.length = 0;
        reject(tooLarge(limits.bytes));
        return;
      }
      chunks.push(chunk);
    });
    incoming.once("end", () => {
      clearTimeout(timer);
      resolve(join(chunks, size));
    });
    incoming.once("error", (cause) => {
      clearTimeout(timer);
      reject(new GatewayError("request_timeout", "The request broke off.", { cause }));
    });
    incoming.once("close", () => {
      clearTimeout(timer);
      if (!incoming.complete) reject(new GatewayError("request_timeout", "The request broke off."));
    });
  });
}

/** Puts the pieces together and lets go of them. */
function join(chunks: readonly Buffer[], size: number): Buffer {
  const [only = EMPTY, ...others] = chunks;
  if (others.length === 0) return only;
  const whole = Buffer.concat(chunks, size);
  for (const chunk of chunks) discard(chunk);
  return whole;
}

/**
 * Frees a piece's bytes at once. They lie outside of V8's heap, and by the time that its young generation is collected
 * so many of them would have gathered that V8 begins a whole collection.
 */
function discard({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
