// Puts an assistant's message into the place of a denied call in an answer of the Responses API, in every copy.
import type { JsonObject } from "../exchange.ts";

/** What takes a denied item's place. */
export type Replacement = { readonly id: string; readonly text: string };

function toPart(text: string): JsonObject {
  return { type: "output_text", annotations: [], logprobs: [], text };
}

/** Gives the item that stands in a denied call's place. */
export function toMessage(replacement: Replacement, status: "in_progress" | "completed"): JsonObject {
  return {
    id: replacement.id,
    type: "message",
    status,
    role: "assistant",
    content: status === "completed" ? [toPart(replacement.text)] : [],
  };
}

/**
 * Gives the stream events of a message at `outputIndex`, as the SDKs' accumulators want them. All carry the sequence
 * number of the event whose place they take: `starting_after` on resumption means the target's numbering.
 */
export function toMessageEvents(
  replacement: Replacement,
  outputIndex: number,
  sequenceNumber: number,
): JsonObject[] {
  const place = { sequence_number: sequenceNumber, output_index: outputIndex };
  const part = { ...place, item_id: replacement.id, content_index: 0 };
  return [
    { type: "response.output_item.added", ...place, item: toMessage(replacement, "in_progress") },
    { type: "response.content_part.added", ...part, part: toPart("") },
    { type: "response.output_text.delta", ...part, delta: replacement.text, logprobs: [] },
    { type: "response.output_text.done", ...part, text: replacement.text, logprobs: [] },
    { type: "response.content_part.done", ...part, part: toPart(replacement.text) },
    { type: "response.output_item.done", ...place, item: toMessage(replacement, "completed") },
  ];
}
