// Names the calls whose outputs a request carries, so that the record can join the two.
import type { ParsedRequest } from "../parse/parsed.ts";
import { toStoredId } from "../record/to-rows.ts";

/** As many calls as an answer may hold. */
const MOST = 64;

/** Gives the ids of the calls whose outputs stand behind the last item that the model wrote, at most the last 64. */
export function toCallOutputs(request: ParsedRequest): string[] {
  const ids: string[] = [];
  for (let i = request.items.length - 1; i >= 0 && ids.length < MOST; i -= 1) {
    const item = request.items[i];
    if (item === undefined || item.role === "assistant" || item.callId !== null) break;
    if (item.callOutput !== null) ids.push(toStoredId(item.callOutput.callId));
  }
  return ids.reverse();
}
