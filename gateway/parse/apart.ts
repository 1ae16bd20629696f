// Tells texts from what is searched like one.
import type { Apart, Segment, Text } from "../exchange.ts";

/** Says whether this is no text by itself. */
export function isApart(part: Segment["part"]): part is Apart {
  return part?.of === "token" || part?.of === "logprobs";
}

/** Says whether a segment is a text that somebody wrote. */
export function isText(segment: Segment): segment is Text {
  return !isApart(segment.part);
}
