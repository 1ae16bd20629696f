// Writes events as messages of a WebSocket. Several stand side by side as a JSON text sequence (RFC 7464).
import type { Framing } from "../answer/framing.ts";
import { toErrorDetail } from "../errors.ts";
import type { GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";

/** Begins each message. No JSON text holds it: within strings it is escaped, and between values it may not stand. */
const SEPARATOR = 0x1e;
const MARK = Buffer.from([SEPARATOR]);
const NOTHING = Buffer.alloc(0);

/** What the target said of an error, beside code and message. */
export type TargetError = { readonly status: number | null; readonly type: string | null };

/** How an error of an answer is told. */
export type ErrorTelling = (error: GatewayError, exchangeId: string, sequenceNumber: number) => JsonObject;

/** Makes the framing of one answer. `streamId` names its lane; `members` stand in every event of the gateway's own. */
export function createMessageFraming(
  streamId: string | null,
  tell: ErrorTelling,
  members: JsonObject = {},
): Framing {
  const lane = streamId === null ? {} : { stream_id: streamId };
  return {
    // The transport has pings.
    comment: NOTHING,
    remark: () => NOTHING,
    pass: ({ data }) => (data === null ? NOTHING : toMessage(Buffer.from(data))),
    rewrite: (_, value) => writeMessage(value),
    write: (events) => Buffer.concat(events.map((event) => writeMessage({ ...members, ...event, ...lane }))),
    error: (error, exchangeId, { sequenceNumber }) =>
      writeMessage({ ...tell(error, exchangeId, sequenceNumber), ...lane }),
  };
}

/** Gives the event that both SDKs, plain and Agents, raise: Responses' error over a WebSocket and the flat one of its streams. */
export function toErrorEvent(
  error: GatewayError,
  exchangeId: string,
  sequenceNumber: number,
  told: TargetError | null,
): JsonObject {
  const detail = toErrorDetail(error, exchangeId);
  const { code, message, param } = detail;
  const type = told?.type ?? detail.type;
  return {
    type: "error",
    status: told?.status ?? error.status,
    sequence_number: sequenceNumber,
    code,
    message,
    param,
    error: { ...detail, type },
    ...(!error.isTargets && { request_id: exchangeId }),
  };
}

function writeMessage(event: JsonObject): Buffer {
  return toMessage(Buffer.from(JSON.stringify(event)));
}

/** Gives a message as it stands among others. */
export function toMessage(text: Buffer): Buffer {
  return Buffer.concat([MARK, text]);
}

/** Gives the messages that stand side by side in bytes that a framing wrote. */
export function splitMessages(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  let start = bytes.indexOf(SEPARATOR);
  while (start !== -1) {
    const next = bytes.indexOf(SEPARATOR, start + 1);
    messages.push(bytes.subarray(start + 1, next === -1 ? bytes.length : next));
    start = next;
  }
  return messages;
}
