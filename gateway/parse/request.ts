// Parses a request once: facts, texts, tools and references. What was seen before is looked up, not walked again.

import { isUtf8 } from "node:buffer";
import { LRUCache } from "lru-cache";
import { GatewayError } from "../errors.ts";
import type { Route, Segment } from "../exchange.ts";
import { assemble } from "./assemble.ts";
import type { KnownRest } from "./assemble.ts";
import { createBudget, spend, toCost } from "./budget.ts";
import type { Budget } from "./budget.ts";
import { checkBody, checkItems, toItemsKey } from "./body.ts";
import { cutBody } from "./cut.ts";
import { createDigest } from "./digest.ts";
import { createHistories } from "./history.ts";
import type { Match } from "./history.ts";
import { readItem } from "./item.ts";
import type { Family } from "./item.ts";
import { parseJsonInSteps } from "./json-steps.ts";
import type { BodyLayout, ParsedRequest, Span } from "./parsed.ts";
import { isObject } from "./pointer.ts";
import { readRest } from "./rest.ts";
import { createSink } from "./sink.ts";
import { runAtOnce, runInTurns, STEP } from "./steps.ts";
import type { Steps } from "./steps.ts";
import { NO_ITEMS, addUp } from "./sums.ts";
import type { KnownItem } from "./sums.ts";

/** The parser and what it needs to know of a request. */
export type RequestParser = {
  /** Throws `GatewayError`s of the parse stage. */
  parse(input: RequestInput): ParsedRequest;
  /** Parses what is long in turns, between which others are served. */
  parseInTurns(input: RequestInput): ParsedRequest | Promise<ParsedRequest>;
};

export type RequestInput = {
  readonly route: Route;
  readonly query: string;
  readonly contentType: string | undefined;
  /** The header `openai-beta`. */
  readonly betaHeader?: string | undefined;
  readonly bytes: Buffer;
  readonly tenant: string;
};

/** Memory of the largest cache, that of histories; the others have a half and a quarter of it, and mostly share its contents. */
const CACHE_BYTES = 64 * 1024 * 1024;
/** What is larger is parsed each time: keeping it would push out the items of everyone else. */
const LARGEST_KEPT = 4 * 1024 * 1024;
/** What an item costs whatever its length, in bytes. */
const EACH = 1024;
const EMPTY = Buffer.from("{}");

/** The mark of a body that only tells of requests, such as traces. */
const TOLD = "v";

/** Marks of what is hashed. Equal bytes mean different things in each. */
const MARKS = {
  responses: { item: "i", start: "s", list: "l", text: "t", none: "n" },
  chat: { item: "I", start: "S", list: "L", text: "T", none: "N" },
  other: { item: "o", start: "p", list: "q", text: "r", none: "u" },
} as const;

const ITEMS_MARK = "c";

/**
 * Creates a parser with a cache of items, of bodies without their items, and of whole histories. The keys are hashes
 * with the secret and the tenant, so that no tenant can tell what another one has sent.
 */
export function createRequestParser(deps: {
  readonly secret: Buffer;
  readonly cacheItems: number;
  readonly cacheBytes?: number;
  readonly limits: { readonly depth: number };
}): RequestParser {
  const { depth } = deps.limits;
  const { cacheBytes = CACHE_BYTES } = deps;
  const few = Math.max(1, deps.cacheItems >> 3);
  const digest = createDigest(deps.secret);
  const items = new LRUCache<string, KnownItem>({
    max: deps.cacheItems,
    maxSize: Math.max(1, cacheBytes >> 1),
  });
  const rests = new LRUCache<string, KnownRest>({ max: few, maxSize: Math.max(1, cacheBytes >> 2) });
  const histories = createHistories({ bytes: cacheBytes, most: few });

  function* findItem(
    tenant: string,
    family: Family,
    bytes: Buffer,
    span: Span,
    budget: Budget,
  ): Steps<KnownItem> {
    const key = digest(tenant, MARKS[family].item, bytes, [span]);
    const known = items.get(key);
    if (known !== undefined) {
      spend(budget, known.cost);
      return known;
    }
    const before = { ...budget };
    const raw = bytes.subarray(span.start, span.end);
    // Two levels are those of the body and of the list.
    if (raw.length > STEP) yield raw.length;
    const value = yield* parseJsonInSteps(raw, { depth: depth - 2, budget });
    yield raw.length + EACH;
    const sink = createSink(budget);
    const head = readItem(sink, family, value, "", true);
    if (raw.length > STEP) yield raw.length;
    const weight = weigh(raw.length + sink.fileBytes, sink.segments.length);
    const measures = measure(sink.segments);
    const cost = toCost(before, budget);
    const item = {
      hash: key,
      value,
      head,
      sink,
      bytes: raw.length,
      weight,
      ...measures,
      derived: new Map(),
      cost,
    };
    if (raw.length <= LARGEST_KEPT) items.set(key, item, { size: weight });
    return item;
  }

  function* findRest(
    tenant: string,
    family: Family,
    bytes: Buffer,
    cut: BodyLayout["items"],
    budget: Budget,
    offers: boolean,
  ): Steps<KnownRest> {
    const mark = cut === null ? "none" : cut.list ? "list" : "text";
    const gap = cut === null ? { start: bytes.length, end: bytes.length } : cut.member.value;
    const spans = [
      { start: 0, end: gap.start },
      { start: gap.end, end: bytes.length },
    ];
    const key = digest(tenant, offers ? MARKS[family][mark] : TOLD, bytes, spans);
    const known = rests.get(key);
    if (known !== undefined) {
      spend(budget, known.cost);
      return known;
    }
    const before = { ...budget };
    const filler = { none: "", list: "[]", text: '""' }[mark];
    const raw =
      cut === null
        ? bytes
        : Buffer.concat([bytes.subarray(0, gap.start), Buffer.from(filler), bytes.subarray(gap.end)]);
    if (raw.length > STEP) yield raw.length;
    const value = yield* parseJsonInSteps(raw, { depth, budget });
    yield raw.length;
    if (!isObject(value)) throw new GatewayError("body_shape", "The body must be an object.");
    const rest = readRest(family, value, budget, offers);
    if (raw.length > STEP) yield raw.length;
    const entry = {
      hash: key,
      ...rest,
      ...measure(rest.sink.segments),
      derived: new Map(),
      cost: toCost(before, budget),
    };
    const size = weigh(raw.length + rest.sink.fileBytes, rest.sink.segments.length);
    if (raw.length <= LARGEST_KEPT) rests.set(key, entry, { size });
    return entry;
  }

  function* parseInSteps(input: RequestInput): Steps<ParsedRequest> {
    const { route, query, tenant } = input;
    const hasBody = input.bytes.length > 0;
    const family = route.spec.dialect;
    checkBody(route.spec, input.contentType, hasBody);
    const itemsKey = toItemsKey(route.operation);
    // Operations that need no body, or were sent without one, are read as the empty object.
    const bytes = hasBody ? input.bytes : EMPTY;
    if (!isUtf8(bytes)) throw new GatewayError("body_invalid", "The body is not valid UTF-8.");

    const history: { key: string | null; match: Match | null } = { key: null, match: null };
    const layout = cutBody(bytes, itemsKey, (open, end) => {
      // What is known of a list tells where its items stand, so that lists of another name are others.
      const mark = itemsKey === "items" ? ITEMS_MARK : MARKS[family].start;
      history.key = digest(tenant, mark, bytes, [{ start: open, end }]);
      return (history.match = histories.find(history.key, bytes, open));
    });
    const cut = layout?.items ?? null;
    const budget = createBudget();
    yield bytes.length;
    const rest = yield* findRest(tenant, family, bytes, cut, budget, !route.spec.isLocal);
    // What is no object to the eye is parsed whole, which throws; it is refused here in any case.
    if (layout === null) throw new GatewayError("body_invalid", "The body cannot be read.");
    checkItems(itemsKey, rest.value, cut);
    const list = cut?.list ?? true;
    const toPointer = (index: number): string => (list ? `/${itemsKey}/${index}` : `/${itemsKey}`);
    const { key, match } = history;
    const start = match === null || cut === null ? null : histories.addUp(match, toPointer);
    if (start !== null) spend(budget, start.cost);
    const following =
      cut === null ? [] : yield* findItems(tenant, family, bytes, cut, start?.items.length ?? 0, budget);
    const sums = addUp(start ?? NO_ITEMS, following, toPointer);
    if (cut !== null && key !== null) {
      const items = match === null ? following : [...match.items.slice(0, match.count), ...following];
      const known = { open: cut.member.value.start, spans: cut.spans, items, sums };
      histories.keep(key, bytes, known, match, start);
    }
    return assemble({
      route,
      query,
      betaHeader: input.betaHeader ?? "",
      bytes: input.bytes,
      layout: hasBody ? layout : null,
      itemsKey,
      list,
      rest,
      sums,
      start,
    });
  }

  function* findItems(
    tenant: string,
    family: Family,
    bytes: Buffer,
    cut: NonNullable<BodyLayout["items"]>,
    from: number,
    budget: Budget,
  ): Steps<readonly KnownItem[]> {
    const base = cut.member.value.start;
    const found: KnownItem[] = [];
    for (let index = from; index < cut.spans.length; index++) {
      const span = cut.spans[index];
      if (span === undefined) break;
      const place = { start: base + span.start, end: base + span.end };
      found.push(yield* findItem(tenant, family, bytes, place, budget));
    }
    return found;
  }

  return {
    parse: (input) => runAtOnce(parseInSteps(input)),
    parseInTurns: (input) =>
      input.bytes.length > STEP ? runInTurns(parseInSteps(input)) : runAtOnce(parseInSteps(input)),
  };
}

function measure(segments: readonly Segment[]): { readonly chars: number; readonly textBytes: number } {
  let chars = 0;
  let textBytes = 0;
  for (const { text, part } of segments) {
    // All else is in those already, or stands where no text should.
    if (part !== undefined && part.of !== "name" && part.of !== "file") continue;
    chars += text.length;
    textBytes += Buffer.byteLength(text);
  }
  return { chars, textBytes };
}

/** Estimates what keeping costs: the text, the tree over it and a record a segment. */
function weigh(bytes: number, segments: number): number {
  return 2 * bytes + 128 * segments + 512;
}
