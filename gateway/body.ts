// Reads a request's body whole, bounded in size and time.
import type { IncomingMessage } from "node:http";
import { GatewayError } from "./errors.ts";

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
      const [only] = chunks;
      resolve(
        chunks.length === 1 && only !== undefined
          ? only
          : chunks.length === 0
            ? EMPTY
            : Buffer.concat(chunks, size),
      );
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
