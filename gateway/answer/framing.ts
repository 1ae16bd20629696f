// How events are written towards the caller.
import { toErrorFrame, toSseFrame } from "../apply/stream-error.ts";
import type { GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";
import type { SseFrame } from "../parse/sse.ts";
import { toFrameBytes } from "./to-frame-bytes.ts";

/** One transport's way to write events. */
export type Framing = {
  /** A sign of life; empty where the transport has one of its own. */
  readonly comment: Buffer;
  /** Writes a remark that programs pass over; empty where the transport has none. */
  remark(text: string): Buffer;
  /** Writes an event of the target's as it came. */
  pass(frame: SseFrame): Buffer;
  /** Writes an event of the target's with another value. */
  rewrite(frame: SseFrame, value: JsonObject): Buffer;
  /** Writes events of the gateway's own. */
  write(events: readonly JsonObject[]): Buffer;
  /** Writes what the program takes for the error that ends its answer. */
  error(
    error: GatewayError,
    exchangeId: string,
    stream: { readonly sequenceNumber: number; readonly isChat: boolean },
  ): Buffer;
};

/** Server-sent events (HTML Living Standard §9.2), each named by its type. */
export const SERVER_SENT: Framing = {
  comment: Buffer.from(": keep-alive\n\n"),
  remark: (text) => Buffer.from(`: ${text}\n\n`),
  pass: toFrameBytes,
  rewrite: ({ event }, value) =>
    Buffer.from(`${event === null ? "" : `event: ${event}\n`}data: ${JSON.stringify(value)}\n\n`),
  write: (events) => Buffer.concat(events.map((event) => toSseFrame(event, true))),
  error: toErrorFrame,
};
