// Sends an error to the caller: a real status before the head, an event behind it.
import { toErrorDetail, toShouldRetry } from "../errors.ts";
import type { GatewayError } from "../errors.ts";
import type { Sink } from "./sink.ts";

/** Errors behind which a connection takes no further request: its body was not read, or the gateway goes. */
const CLOSING: ReadonlySet<string> = new Set(["body_too_large", "request_timeout", "shutting_down"]);

/** Ends the answer with an error. `stream` says how an event must look where the head has gone. */
export function refuse(
  sink: Sink,
  error: GatewayError,
  exchangeId: string,
  stream: { readonly sequenceNumber: number; readonly isChat: boolean } | null,
): void {
  if (sink.gone) return;
  if (sink.begun) {
    if (stream === null) sink.cut();
    else sink.end(sink.framing.error(error, exchangeId, stream));
    return;
  }
  const retry = toShouldRetry(error);
  const body = Buffer.from(JSON.stringify({ error: toErrorDetail(error, exchangeId) }));
  sink.head(error.status, {
    "x-request-id": exchangeId,
    ...error.told?.headers,
    "content-type": "application/json",
    "content-length": String(body.length),
    ...(retry !== null && { "x-should-retry": retry }),
    ...(error.code === "token_expired" && { "retry-after-ms": "100" }),
    ...(error.approval?.retryAfterS !== undefined && { "retry-after": String(error.approval.retryAfterS) }),
    ...(error.status === 401 && { "www-authenticate": 'Bearer realm="tollgate"' }),
    ...(error.allow.length > 0 && { allow: error.allow.join(", ") }),
    ...(CLOSING.has(error.code) && { connection: "close" }),
  });
  sink.end(body);
}
