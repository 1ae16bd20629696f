// What can be told of a segment.
import type { Segment } from "./exchange.ts";

/** Says whether a segment is a part of a JSON text that is a segment itself. */
export function isPartOfJson(part: Segment["part"]): boolean {
  return part !== undefined && (part.of === "json" || part.of === "json_name");
}
