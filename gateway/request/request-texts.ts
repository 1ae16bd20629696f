// Puts the texts of a request together, with pointers into its body.
import type { Text } from "../exchange.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { isText } from "../parse/apart.ts";

/** Gives all texts: those outside the items first, then the items' in order. */
export function toRequestTexts(request: ParsedRequest): Text[] {
  const texts = request.rest.filter(isText);
  for (const item of request.items) {
    for (const segment of item.segments)
      if (isText(segment)) texts.push({ ...segment, pointer: item.pointer + segment.pointer });
  }
  return texts;
}
