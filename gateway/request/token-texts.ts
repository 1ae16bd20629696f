// Puts the texts that a request gives as token ids among its other texts.
import type { Json, Segment } from "../exchange.ts";
import type { ParsedRequest } from "../parse/parsed.ts";
import { isList } from "../parse/pointer.ts";

/** As the reader of detect/token-ids.ts. */
export type ReadTokens = (ids: readonly number[], model: string | null) => Promise<string | null>;

/** Gives the request with what its token ids say; `facts.token_ids` is left with those that could not be read. */
export async function withTokenTexts(request: ParsedRequest, read: ReadTokens): Promise<ParsedRequest> {
  if (request.facts.token_ids === 0) return request;
  const body = request.body() ?? {};
  const texts: Segment[] = [];
  let unread = 0;
  for (const key of ["input", "prompt"]) {
    for (const { ids, pointer } of findLists(body[key] ?? null, `/${key}`)) {
      const text = await read(ids, request.facts.model);
      if (text === null) unread += ids.length;
      else if (text !== "") texts.push({ pointer, kind: "message", role: "none", text });
    }
  }
  const chars = texts.reduce((sum, { text }) => sum + text.length, 0);
  const bytes = texts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  const { tokens } = request.facts;
  return {
    ...request,
    facts: {
      ...request.facts,
      token_ids: unread,
      chars: request.facts.chars + chars,
      tokens: { count: tokens.count + bytes + unread, exact: false },
    },
    rest: [...request.rest, ...texts],
    // What was remembered of the body is not of these texts.
    restDerived: new Map(),
  };
}

/** Finds the runs of numbers: a text each. */
function findLists(
  value: Json,
  pointer: string,
): { readonly ids: readonly number[]; readonly pointer: string }[] {
  if (!isList(value)) return typeof value === "number" ? [{ ids: [value], pointer }] : [];
  const ids = value.filter((one) => typeof one === "number");
  const nested = value.flatMap((one, index) => (isList(one) ? findLists(one, `${pointer}/${index}`) : []));
  return ids.length === 0 ? nested : [{ ids, pointer }, ...nested];
}
