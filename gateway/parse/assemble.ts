// Puts a parsed request together from its items and its rest.

import type { Json, JsonObject, Reference, RequestFacts, Route } from "../exchange.ts";
import { MOST_REFERENCES, tooMany } from "./budget.ts";
import type { BodyLayout, ParsedItem, ParsedRequest } from "./parsed.ts";
import { parseQuery, readFlag, readNumber, toPathSegments, toQuerySegments } from "./query.ts";
import type { Query } from "./query.ts";
import { isList, isObject } from "./pointer.ts";
import type { Rest } from "./rest.ts";
import type { Measured, Sums } from "./sums.ts";
import { toTunedModel } from "./tuned.ts";
import { REFERENCES } from "./walk.ts";

/** A body without its items, as the cache keeps it. */
export type KnownRest = Measured & Rest;

/** The bound on each list in the facts. */
const MOST = 64;
const MOST_BETAS = 16;
const LONGEST_BETA = 128;

/** Puts the parts of one request together. */
export function assemble(parts: {
  readonly route: Route;
  readonly query: string;
  readonly betaHeader: string;
  readonly bytes: Buffer;
  readonly layout: BodyLayout | null;
  readonly itemsKey: string | null;
  readonly list: boolean;
  readonly rest: KnownRest;
  /** Of all items. */
  readonly sums: Sums;
  /** Of the first of them, which an earlier request began with too; null where there are none. */
  readonly start: Sums | null;
}): ParsedRequest {
  const { route, rest, sums, start } = parts;
  const { items } = sums;
  const { sink } = rest;
  const tools = [...sink.tools, ...sums.tools];
  const unknown = new Set([...sink.unknown, ...sums.unknown]);
  // The stored objects that the path names must be the caller's like those that the body names.
  const query = parseQuery(parts.query);
  const model = rest.settings.model ?? route.model ?? readQueryModel(route, query);
  const models = [...findUnnamed(route, rest.value), ...sink.models].filter((name) => name !== model);
  const references: readonly Reference[] = [
    ...findInQuery(route, query),
    ...findCall(route, query),
    ...route.objects.map(({ kind, id }) => ({ kind, id, pointer: "" })),
    ...findTuned(route, [model, ...models, ...tools.map((tool) => tool.model)]),
    ...sink.references,
    ...sums.references,
  ];
  if (references.length > MOST_REFERENCES) throw tooMany("references to stored objects", MOST_REFERENCES);

  const queryTexts = [...toPathSegments(route), ...toQuerySegments(query)];
  const queryChars = queryTexts.reduce(
    (sum, { text, part }) => sum + (part === undefined ? text.length : 0),
    0,
  );
  const betas = toBetas(parts.betaHeader);
  const { includeUsage, ...settings } = rest.settings;
  const stream = readStream(route, rest, query);
  const logprobs = settings.logprobs || query.include.includes("message.output_text.logprobs");
  const facts: RequestFacts = {
    ...settings,
    model,
    models: models.slice(0, MOST),
    stream,
    logprobs,
    betas: betas.slice(0, MOST_BETAS),
    beta: (query.single.get("beta") ?? "false") !== "false",
    bytes: parts.bytes.length,
    items: items.length,
    chars: rest.chars + sums.chars + queryChars,
    tokens: { count: rest.textBytes + sums.textBytes, exact: false },
    roles: sums.roles,
    media: {
      images: sink.images + sums.media.images,
      audio: sink.audio + sums.media.audio,
      files: sink.files + sums.media.files,
    },
    files: [],
    token_ids: countTokenIds(rest.value),
    hidden: settings.hidden.slice(0, MOST),
    unknown_items: [...unknown].slice(0, MOST),
    truncated:
      tools.length > MOST || models.length > MOST || unknown.size > MOST || betas.length > MOST_BETAS,
  };
  return {
    route,
    body: createBody(parts, items),
    bytes: parts.bytes,
    facts,
    tools: tools.slice(0, MOST),
    references,
    items,
    start: start === null ? null : { count: start.items.length, derived: start.derived },
    rest: queryTexts.length === 0 ? rest.sink.segments : [...rest.sink.segments, ...queryTexts],
    restHash: rest.hash,
    // What is known of the body says nothing of the query.
    restDerived: queryTexts.length === 0 ? rest.derived : new Map(),
    prompts: findPrompts(items),
    answer: {
      stream,
      includeUsage,
      startingAfter: route.spec.streams === "query" ? readNumber(query, "starting_after") : null,
      logprobs,
    },
    opaque: [...sink.opaque, ...sums.opaque],
    layout: parts.layout,
  };
}

/** Reads the header by which programs ask for what is not final yet: names, or names and versions, with commas between. */
function toBetas(header: string): string[] {
  if (header === "") return [];
  const entries = header.split(",").map((entry) => entry.trim().slice(0, LONGEST_BETA));
  return entries.filter((entry) => entry !== "");
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

/** A socket beside a call names it in its query. */
function findCall({ spec }: Route, query: Query): readonly Reference[] {
  const id = spec.method === "WS" ? query.single.get("call_id") : undefined;
  return id === undefined ? NO_REFERENCES : [{ kind: "realtime_call", id, pointer: "/call_id" }];
}

/** Gives the fine-tuned models that a request names: each is somebody's. */
function findTuned({ spec }: Route, names: readonly (string | null)[]): readonly Reference[] {
  if (spec.isAdmin || spec.isLocal) return NO_REFERENCES;
  const ids = new Set(names.flatMap((name) => (name === null ? [] : (toTunedModel(name) ?? []))));
  return [...ids].map((id) => ({ kind: "fine_tuned_model", id, pointer: "/model" }));
}

/**
 * A run of an eval samples with a model, whatever it is scored by; where it names none, the provider takes one that nobody
 * here knows: it stands as an empty name, which is for those who may use every model.
 */
function findUnnamed({ operation }: Route, body: JsonObject): readonly string[] {
  const source = body["data_source"];
  if (operation !== "evals.runs.create" || !isObject(source) || source["type"] === "jsonl") return [];
  return typeof source["model"] === "string" ? [] : [""];
}

/** A socket names its model in its query. */
function readQueryModel({ spec }: Route, query: Query): string | null {
  return spec.method === "WS" && spec.namesModel ? (query.single.get("model")?.slice(0, 256) ?? null) : null;
}

/** Gives the stored objects that a query names: where a list of the whole account begins, and what it is narrowed to. */
function findInQuery({ spec: { lists, isAdmin } }: Route, query: Query): readonly Reference[] {
  const { all } = query;
  if (all.length === 0 || isAdmin) return NO_REFERENCES;
  return all.flatMap(([written, id]) => {
    const name = written.replace(/\[.*$/, "");
    const kind = lists !== null && (name === "after" || name === "before") ? lists : REFERENCES.get(name);
    return kind === undefined || id === "" ? [] : [{ kind, id, pointer: `/${name}` }];
  });
}

const NO_REFERENCES: readonly Reference[] = [];

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
