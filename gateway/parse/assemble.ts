// Puts a parsed request together from its items and its rest.

import type { Json, JsonObject, Reference, RequestFacts, Route, ToolFacts } from "../exchange.ts";
import { MOST_REFERENCES, tooMany } from "./budget.ts";
import type { Budget } from "./budget.ts";
import type { ItemHead } from "./item.ts";
import type { BodyLayout, ParsedItem, ParsedRequest } from "./parsed.ts";
import { parseQuery, readFlag, readNumber, toQuerySegments } from "./query.ts";
import type { Query } from "./query.ts";
import { isList } from "./pointer.ts";
import type { Rest } from "./rest.ts";
import type { Sink } from "./sink.ts";

type Measured = {
  readonly hash: string;
  readonly chars: number;
  readonly textBytes: number;
  readonly derived: Map<string, unknown>;
  /** What it takes off the budget of a request. */
  readonly cost: Readonly<Budget>;
};

/** An item as the cache keeps it, without a place in a body. */
export type KnownItem = Measured & {
  readonly value: ParsedItem["value"];
  readonly head: ItemHead;
  readonly sink: Sink;
  readonly bytes: number;
  /** What keeping it costs, in bytes. */
  readonly weight: number;
};

/** A body without its items, as the cache keeps it. */
export type KnownRest = Measured & Rest;

/** The bound on each list in the facts. */
const MOST = 64;

/** Puts the parts of one request together. */
export function assemble(parts: {
  readonly route: Route;
  readonly query: string;
  readonly bytes: Buffer;
  readonly layout: BodyLayout | null;
  readonly itemsKey: string | null;
  readonly list: boolean;
  readonly rest: KnownRest;
  readonly items: readonly KnownItem[];
}): ParsedRequest {
  const { route, rest } = parts;
  const items: ParsedItem[] = [];
  const tools: ToolFacts[] = [...rest.sink.tools];
  const references: Reference[] = [...rest.sink.references];
  const opaque: string[] = [...rest.sink.opaque];
  const unknown = new Set<string>(rest.sink.unknown);
  const roles: Record<string, number> = {};
  const media = { images: rest.sink.images, audio: rest.sink.audio, files: rest.sink.files };
  let { chars, textBytes } = rest;
  // The stored objects that the path names must be the caller's like those that the body names.
  references.unshift(...route.objects.map(({ kind, id }) => ({ kind, id, pointer: "" })));

  for (const [index, known] of parts.items.entries()) {
    const pointer = parts.list ? `/${parts.itemsKey}/${index}` : `/${parts.itemsKey}`;
    const { head, sink } = known;
    items.push({
      hash: known.hash,
      pointer,
      value: known.value,
      segments: sink.segments,
      type: head.type,
      role: head.role,
      id: head.id,
      callId: head.callId,
      callOutput: head.callOutput,
      bytes: known.bytes,
      derived: known.derived,
    });
    roles[head.role] = (roles[head.role] ?? 0) + 1;
    chars += known.chars;
    textBytes += known.textBytes;
    media.images += sink.images;
    media.audio += sink.audio;
    media.files += sink.files;
    for (const tool of sink.tools) tools.push(tool);
    for (const type of sink.unknown) unknown.add(type);
    for (const place of sink.opaque) opaque.push(pointer + place);
    for (const { kind, id, pointer: place } of sink.references)
      references.push({ kind, id, pointer: pointer + place });
  }

  if (references.length > MOST_REFERENCES) throw tooMany("references to stored objects", MOST_REFERENCES);

  const query = parseQuery(parts.query);
  references.push(...findCursors(route, query));
  const queryTexts = toQuerySegments(query);
  chars += queryTexts.reduce((sum, { text }) => sum + text.length, 0);
  const { includeUsage, ...settings } = rest.settings;
  const stream = readStream(route, rest, query);
  const logprobs = settings.logprobs || query.include.includes("message.output_text.logprobs");
  const facts: RequestFacts = {
    ...settings,
    model: settings.model ?? route.model,
    stream,
    logprobs,
    bytes: parts.bytes.length,
    items: items.length,
    chars,
    tokens: { count: textBytes, exact: false },
    roles,
    media,
    files: [],
    token_ids: countTokenIds(rest.value),
    hidden: settings.hidden.slice(0, MOST),
    unknown_items: [...unknown].slice(0, MOST),
    truncated: tools.length > MOST || unknown.size > MOST,
  };
  return {
    route,
    body: createBody(parts, items),
    bytes: parts.bytes,
    facts,
    tools: tools.slice(0, MOST),
    references,
    items,
    rest: queryTexts.length === 0 ? rest.sink.segments : [...rest.sink.segments, ...queryTexts],
    restHash: rest.hash,
    restDerived: rest.derived,
    prompts: findPrompts(items),
    answer: {
      stream,
      includeUsage,
      startingAfter: route.spec.streams === "query" ? readNumber(query, "starting_after") : null,
      logprobs,
    },
    opaque,
    layout: parts.layout,
  };
}

function createBody(
  parts: {
    readonly layout: BodyLayout | null;
    readonly itemsKey: string | null;
    readonly list: boolean;
    readonly rest: KnownRest;
  },
  items: readonly ParsedItem[],
): () => JsonObject | null {
  let body: JsonObject | null | undefined;
  return () => {
    if (body !== undefined) return body;
    const { layout, itemsKey, list, rest } = parts;
    if (layout === null) body = null;
    else if (layout.items === null || itemsKey === null) body = rest.value;
    else
      body = { ...rest.value, [itemsKey]: list ? items.map((item) => item.value) : (items[0]?.value ?? "") };
    return body;
  };
}

/** A list of the whole account begins at an object, which must be the caller's like any other. */
function findCursors({ spec: { lists } }: Route, query: Query): readonly Reference[] {
  if (lists === null) return [];
  return ["after", "before"].flatMap((name) => {
    const id = query.single.get(name);
    return id === undefined || id === "" ? [] : [{ kind: lists, id, pointer: `/${name}` }];
  });
}

/** Tells whether the request asks for a stream, by the place where its operation says so. */
function readStream({ spec }: Route, rest: KnownRest, query: Query): boolean {
  const isAsked = {
    always: () => true,
    never: () => false,
    body: () => rest.settings.stream,
    query: () => readFlag(query, "stream"),
    format: () => rest.value["stream_format"] === "sse",
  };
  return isAsked[spec.streams]();
}

/** Counts the numbers where a text may stand as token ids: `input` and `prompt`, alone or in lists. */
function countTokenIds(body: JsonObject): number {
  const count = (value: Json | undefined): number =>
    typeof value === "number"
      ? 1
      : isList(value)
        ? value.reduce<number>((sum, one) => sum + count(one), 0)
        : 0;
  return count(body["input"]) + count(body["prompt"]);
}

function findPrompts(items: readonly ParsedItem[]): readonly number[] {
  let last = items.length - 1;
  while (last >= 0 && items[last]?.role !== "user") last--;
  let first = last;
  while (first > 0 && items[first - 1]?.role === "user") first--;
  return last < 0 ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
