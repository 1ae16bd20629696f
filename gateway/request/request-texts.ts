// Puts the texts of a request together, with pointers into its body.
import type { Segment } from "../exchange.ts";
import type { ParsedRequest } from "../parse/parsed.ts";

/** Gives all segments: those outside the items first, then the items' in order. */
export function toRequestTexts(request: ParsedRequest): Segment[] {
  const texts = [...request.rest];
  for (const item of request.items) {
    for (const segment of item.segments) texts.push({ ...segment, pointer: item.pointer + segment.pointer });
  }
  return texts;
}
