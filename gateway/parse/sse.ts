// Cuts a byte stream into server-sent events (HTML Living Standard §9.2), whatever the chunks it comes in.

import { isUtf8 } from "node:buffer";
import { GatewayError } from "../errors.ts";

/** One event, or a run of lines without one, up to and including the blank line. */
export type SseFrame = {
  /** Exactly the bytes that came: a view of the chunk, a copy only where the frame spans chunks. */
  readonly bytes: Buffer;
  readonly event: string | null;
  /** The `data` lines joined by LF; null where there is none (comments, blank lines). */
  readonly data: string | null;
  /** It holds nothing but `event` and `data` lines. The SDKs trip over `id`, `retry` and data-less events. */
  readonly plain: boolean;
};

export type SseParser = {
  /** Gives the frames that the chunk completes. Throws `answer_unreadable`. */
  push(chunk: Buffer): SseFrame[];
  /**
   * Gives what is left as the frame that it is with its last line ends, which some servers leave out: data that was cut off
   * does not parse. Throws `answer_unreadable` where an event has no data yet.
   */
  end(): SseFrame | null;
};

const LF = 0x0a;
const CR = 0x0d;
const NEVER = Number.MAX_SAFE_INTEGER;
const LAST_LINES = Buffer.from("\n\n");
/** The byte order mark. */
const MARK = "\uFEFF";

/** Creates a parser for one stream. A frame that grows over the limit throws. */
export function createSseParser(limits: { readonly eventBytes: number }): SseParser {
  let parts: Buffer[] = [];
  let held = 0;
  let lineIsEmpty = true;
  let afterCr = false;
  let first = true;

  function take(chunk: Buffer, start: number, end: number): SseFrame {
    const tail = chunk.subarray(start, end);
    const bytes = parts.length === 0 ? tail : Buffer.concat([...parts, tail]);
    parts = [];
    held = 0;
    const frame = readFrame(bytes, first);
    first = false;
    return frame;
  }

  function push(chunk: Buffer): SseFrame[] {
    const frames: SseFrame[] = [];
    let start = 0;
    let at = 0;
    let nextLf = -1;
    let nextCr = -1;
    while (at < chunk.length) {
      if (afterCr) {
        afterCr = false;
        // The LF of a CRLF whose CR, in the chunk before, has ended the line already.
        if (chunk[at] === LF) {
          at++;
          continue;
        }
      }
      if (nextLf < at) nextLf = toOffset(chunk.indexOf(LF, at));
      if (nextCr < at) nextCr = toOffset(chunk.indexOf(CR, at));
      const end = Math.min(nextLf, nextCr);
      if (end === NEVER) {
        lineIsEmpty = false;
        break;
      }
      if (end > at) lineIsEmpty = false;
      at = end + 1;
      if (chunk[end] === CR) {
        if (chunk[at] === LF) at++;
        else afterCr = true;
      }
      if (lineIsEmpty) {
        if (held + at - start > limits.eventBytes) throw tooLong();
        frames.push(take(chunk, start, at));
        start = at;
      }
      lineIsEmpty = true;
    }
    if (start < chunk.length) {
      held += chunk.length - start;
      if (held > limits.eventBytes) throw tooLong();
      parts.push(chunk.subarray(start));
    }
    return frames;
  }

  function end(): SseFrame | null {
    if (held === 0) return null;
    const [frame = null] = push(LAST_LINES);
    if (frame !== null && frame.data === null && !isComments(frame.bytes))
      throw new GatewayError("answer_unreadable", "The target's stream ended inside an event.");
    return frame;
  }

  return { push, end };
}

function toOffset(index: number): number {
  return index === -1 ? NEVER : index;
}

/** Tells whether every line is blank or a comment; a byte order mark may come first. */
function isComments(bytes: Buffer): boolean {
  return bytes
    .toString("utf8")
    .replace(/^\uFEFF/, "")
    .split(/[\r\n]+/)
    .every((line) => line === "" || line.startsWith(":"));
}

function readFrame(bytes: Buffer, first: boolean): SseFrame {
  if (!isUtf8(bytes)) throw new GatewayError("answer_unreadable", "The target's stream is not valid UTF-8.");
  let text = bytes.toString("utf8");
  if (first && text.startsWith(MARK)) text = text.slice(1);
  const hasMark = text.includes(MARK);
  let event: string | null = null;
  let data: string | null = null;
  let plain = true;
  let nextLf = -1;
  let nextCr = -1;
  let at = 0;
  while (at < text.length) {
    // Each is searched again only once it lies behind: a search that finds nothing runs to the end of the frame.
    if (nextLf < at) nextLf = toOffset(text.indexOf("\n", at));
    if (nextCr < at) nextCr = toOffset(text.indexOf("\r", at));
    const end = Math.min(nextLf, nextCr, text.length);
    if (end > at) {
      if (text.startsWith("data:", at)) {
        const line = text.slice(text.charCodeAt(at + 5) === 0x20 ? at + 6 : at + 5, end);
        data = data === null ? line : `${data}\n${line}`;
      } else if (text.startsWith("event:", at)) {
        event = text.slice(text.charCodeAt(at + 6) === 0x20 ? at + 7 : at + 6, end);
      } else {
        // The standard drops a byte order mark at the stream's beginning only, the JavaScript SDK one at every line.
        if (hasMark && text.startsWith(MARK, at)) throw marked();
        plain = false;
        // A field without a colon has an empty value.
        if (end === at + 4 && text.startsWith("data", at)) data = data === null ? "" : `${data}\n`;
        else if (end === at + 5 && text.startsWith("event", at)) event = "";
      }
    }
    at = end + 1;
  }
  return { bytes, event, data, plain };
}

function marked(): GatewayError {
  return new GatewayError(
    "answer_unreadable",
    "A line of the target's stream begins with a byte order mark.",
  );
}

function tooLong(): GatewayError {
  return new GatewayError("answer_unreadable", "An event of the target's stream is over the limit.");
}
