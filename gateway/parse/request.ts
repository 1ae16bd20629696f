// Parses a request once: facts, texts, tools and references. What was seen before is looked up, not walked again.

import { hash } from "node:crypto";
import { isUtf8 } from "node:buffer";
import { LRUCache } from "lru-cache";
import { GatewayError } from "../errors.ts";
import type { JsonObject, Operation, Route, Segment } from "../exchange.ts";
import { assemble } from "./assemble.ts";
import type { KnownItem, KnownRest } from "./assemble.ts";
import { cutBody } from "./cut.ts";
import { readItem } from "./item.ts";
import type { Family } from "./item.ts";
import { parseJson } from "./json.ts";
import { shape } from "./members.ts";
import type { BodyLayout, ParsedRequest, Span } from "./parsed.ts";
import { isObject } from "./pointer.ts";
import { readRest } from "./rest.ts";
import { createSink } from "./sink.ts";

/** The parser and what it needs to know of a request. */
export type RequestParser = {
  parse(input: RequestInput): ParsedRequest;
};

export type RequestInput = {
  readonly route: Route;
  readonly query: string;
  readonly contentType: string | undefined;
  readonly bytes: Buffer;
  readonly tenant: string;
};

const CACHE_BYTES = 64 * 1024 * 1024;
/** What is larger is parsed each time: keeping it would push out the items of everyone else. */
const LARGEST_KEPT = 4 * 1024 * 1024;
/** A tenant's key takes the first bytes of what is hashed, the family the next. */
const KEY_BYTES = 32;
const TENANTS = 1000;
const EMPTY = Buffer.from("{}");

/**
 * Creates a parser with a cache of items. The keys of the cache are hashes with the secret and the tenant, so that no
 * tenant can tell what another one has sent.
 */
export function createRequestParser(deps: {
  readonly secret: Buffer;
  readonly cacheItems: number;
  readonly limits: { readonly depth: number };
}): RequestParser {
  const { depth } = deps.limits;
  const items = new LRUCache<string, KnownItem>({ max: deps.cacheItems, maxSize: CACHE_BYTES });
  const rests = new LRUCache<string, KnownRest>({
    max: Math.max(1, deps.cacheItems >> 3),
    maxSize: CACHE_BYTES / 4,
  });
  const tenants = new LRUCache<string, Buffer>({ max: TENANTS });
  let scratch = Buffer.alloc(64 * 1024);

  function findTenantKey(tenant: string): Buffer {
    const known = tenants.get(tenant);
    if (known !== undefined) return known;
    const key = hash("sha256", Buffer.concat([deps.secret, Buffer.from(tenant)]), "buffer");
    tenants.set(tenant, key);
    return key;
  }

  /** Hashes pieces of the body; `scratch` begins with the tenant's key. */
  function digest(mark: number, bytes: Buffer, spans: readonly Span[]): string {
    let at = KEY_BYTES;
    scratch[at++] = mark;
    for (const { start, end } of spans) {
      if (at + end - start > scratch.length) {
        const larger = Buffer.alloc(2 * (at + end - start));
        scratch.copy(larger, 0, 0, at);
        scratch = larger;
      }
      at += bytes.copy(scratch, at, start, end);
    }
    return hash("sha256", scratch.subarray(0, at), "base64url");
  }

  function findItem(family: Family, bytes: Buffer, span: Span): KnownItem {
    const key = digest(family === "chat" ? 0x63 : 0x72, bytes, [span]);
    const known = items.get(key);
    if (known !== undefined) return known;
    const raw = bytes.subarray(span.start, span.end);
    // Two levels are those of the body and of the list.
    const value = parseJson(raw, { depth: depth - 2 });
    const sink = createSink();
    const head = readItem(sink, family, value, "", true);
    const item: KnownItem = {
      hash: key,
      value,
      head,
      sink,
      bytes: raw.length,
      ...measure(sink.segments),
      derived: new Map(),
    };
    if (raw.length <= LARGEST_KEPT) items.set(key, item, { size: weigh(raw.length, sink.segments.length) });
    return item;
  }

  function findRest(family: Family, bytes: Buffer, spans: readonly Span[], filler: string): KnownRest {
    const key = digest(family === "chat" ? 0x43 : 0x52, bytes, spans);
    const known = rests.get(key);
    if (known !== undefined) return known;
    const pieces = spans.map(({ start, end }) => bytes.subarray(start, end));
    const [before, after] = pieces;
    const raw =
      before !== undefined && after !== undefined
        ? Buffer.concat([before, Buffer.from(filler), after])
        : bytes;
    const value = parseJson(raw, { depth });
    if (!isObject(value)) throw new GatewayError("body_shape", "The body must be an object.");
    const rest = readRest(family, value);
    const entry: KnownRest = { hash: key, ...rest, ...measure(rest.sink.segments), derived: new Map() };
    if (raw.length <= LARGEST_KEPT)
      rests.set(key, entry, { size: weigh(raw.length, rest.sink.segments.length) });
    return entry;
  }

  function parse(input: RequestInput): ParsedRequest {
    const { route, query } = input;
    const hasBody = input.bytes.length > 0;
    checkBody(route.operation, input.contentType, hasBody);
    const family = toFamily(route.operation);
    const itemsKey = toItemsKey(route.operation);
    // Operations that need no body, or were sent without one, are read as the empty object.
    const bytes = hasBody ? input.bytes : EMPTY;
    if (!isUtf8(bytes)) throw new GatewayError("body_invalid", "The body is not valid UTF-8.");
    const layout = cutBody(bytes.toString("latin1"), itemsKey);
    findTenantKey(input.tenant).copy(scratch, 0);
    const cut = layout?.items ?? null;
    const rest = findRest(family, bytes, toRemainder(bytes, cut), cut?.list === false ? '""' : "[]");
    // What was cut out must be where the parsed remainder has its gap.
    if (layout === null) throw new GatewayError("body_invalid", "The body cannot be read.");
    checkItems(route.operation, rest.value, itemsKey, cut);
    const found = cut === null ? [] : cut.spans.map((span) => findItem(family, bytes, span));
    return assemble({
      route,
      query,
      bytes: input.bytes,
      layout: hasBody ? layout : null,
      itemsKey,
      list: cut?.list ?? true,
      rest,
      items: found,
    });
  }

  return { parse };
}

function toRemainder(bytes: Buffer, cut: BodyLayout["items"]): readonly Span[] {
  if (cut === null) return [{ start: 0, end: bytes.length }];
  const { start, end } = cut.member.value;
  return [
    { start: 0, end: start },
    { start: end, end: bytes.length },
  ];
}

function toFamily(operation: Operation): Family {
  return operation.startsWith("chat.") ? "chat" : "responses";
}

function toItemsKey(operation: Operation): "input" | "messages" | null {
  if (operation === "responses.create") return "input";
  return operation === "chat.completions.create" ? "messages" : null;
}

function checkBody(operation: Operation, contentType: string | undefined, hasBody: boolean): void {
  const needsBody =
    operation === "responses.create" ||
    operation === "chat.completions.create" ||
    operation === "chat.completions.update";
  if (!hasBody) {
    if (needsBody) throw new GatewayError("body_invalid", "The body is empty.");
    // An empty body may carry any content type: Python's `cancel` sends `application/json`.
    return;
  }
  if (!needsBody && operation !== "responses.cancel" && !operation.endsWith(".delete")) {
    throw new GatewayError("body_invalid", "This operation takes no body.");
  }
  if (!isJson(contentType)) {
    throw new GatewayError("body_encoding_unsupported", "The body must be `application/json` in UTF-8.");
  }
}

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset[ \t]*=[ \t]*(?:utf-8|"utf-8")[ \t]*)?;?[ \t]*$/i;

function isJson(contentType: string | undefined): boolean {
  return contentType === "application/json" || (contentType !== undefined && JSON_TYPE.test(contentType));
}

/** An operation's items must be a list (or for `input` a text), and chat needs some. */
function checkItems(
  operation: Operation,
  rest: JsonObject,
  key: string | null,
  cut: BodyLayout["items"],
): void {
  if (key === null) return;
  const value = rest[key] ?? null;
  if (operation === "chat.completions.create") {
    if (cut === null || !cut.list) throw shape("/messages", "an array");
  } else if (cut === null && value !== null) {
    throw shape("/input", "a string or an array");
  }
}

function measure(segments: readonly Segment[]): { readonly chars: number; readonly textBytes: number } {
  let chars = 0;
  let textBytes = 0;
  for (const { text, part } of segments) {
    // The strings of JSON inside a text stand in that text already.
    if (part !== undefined && part.of !== "name") continue;
    chars += text.length;
    textBytes += Buffer.byteLength(text);
  }
  return { chars, textBytes };
}

/** Estimates what keeping costs: the text, the tree over it and a record a segment. */
function weigh(bytes: number, segments: number): number {
  return 2 * bytes + 128 * segments + 512;
}
