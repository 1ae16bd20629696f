// Writes a frame of a target's stream for the SDKs.
import type { SseFrame } from "../parse/sse.ts";

/** Gives a frame as it came, or written anew where it holds fields that the SDKs trip over. */
export function toFrameBytes(frame: SseFrame): Buffer {
  if (frame.plain || frame.data === null) return frame.bytes;
  const name = frame.event === null ? "" : `event: ${frame.event}\n`;
  const data = frame.data
    .split("\n")
    .map((line) => `data: ${line}\n`)
    .join("");
  return Buffer.from(`${name}${data}\n`);
}
