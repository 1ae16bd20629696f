// The error event that every client raises once a stream has begun.
import { toErrorDetail } from "../errors.ts";
import type { GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";

/** Writes one server-sent event with a JSON value. `event` is left out for Chat Completions, which names none. */
export function toSseFrame(value: JsonObject, named: boolean): Buffer {
  const type = value["type"];
  const name = named && typeof type === "string" ? `event: ${type}\n` : "";
  return Buffer.from(`${name}data: ${JSON.stringify(value)}\n\n`);
}

/**
 * Gives the event that both SDKs, plain and Agents, raise as an APIError with code and message: Responses' flat `error`
 * event and the nested `error` object in one. Chat streams end with `[DONE]` behind it.
 */
export function toErrorFrame(
  error: GatewayError,
  exchangeId: string,
  stream: { readonly sequenceNumber: number; readonly isChat: boolean },
): Buffer {
  const detail = toErrorDetail(error, exchangeId);
  const { code, message, param } = detail;
  const event = {
    type: "error",
    sequence_number: stream.sequenceNumber,
    code,
    message,
    param,
    error: detail,
  };
  const frame = toSseFrame(event, true);
  return stream.isChat ? Buffer.concat([frame, Buffer.from("data: [DONE]\n\n")]) : frame;
}
