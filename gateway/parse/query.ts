// Reads a request's query: each single-valued parameter once, nothing that could be read in two ways.

import { GatewayError } from "../errors.ts";
import type { Route, Segment } from "../exchange.ts";
import { isPlain } from "./api-words.ts";
import { isToken } from "./fields.ts";

/** A query's parameters; `include` is a list like those whose names end in `[]`, every other one has one value. */
export type Query = {
  readonly single: ReadonlyMap<string, string>;
  readonly include: readonly string[];
  /** All of them in their order. */
  readonly all: readonly (readonly [string, string])[];
};

const EMPTY: Query = { single: new Map(), include: [], all: [] };
/** A parameter's name, with the brackets in which the SDKs write lists and maps. */
const NAME = /^[A-Za-z0-9_]{1,64}(?:\[[^[\]]{0,64}\]){0,4}$/;
const LIST = /\[\d{0,3}\]$/;
const LONGEST_VALUE = 4096;
const MOST = 256;

/** Reads a query. Throws `query_invalid`. */
export function parseQuery(query: string): Query {
  if (query === "") return EMPTY;
  const single = new Map<string, string>();
  const include: string[] = [];
  const all: [string, string][] = [];
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = decode(equals === -1 ? "" : pair.slice(equals + 1));
    if (!NAME.test(name) || value.length > LONGEST_VALUE || all.length >= MOST) throw invalid();
    all.push([name, value]);
    if (name === "include" || /^include\[\d{0,3}\]$/.test(name)) {
      include.push(value);
    } else if (!LIST.test(name)) {
      if (single.has(name))
        throw new GatewayError("query_invalid", "A query parameter stands twice.", { param: name });
      single.set(name, value);
    }
  }
  return { single, include, all };
}

/** Gives what must be searched in the path: what ids and names in it say. */
export function toPathSegments({ path, spec }: Route): readonly Segment[] {
  if (path === spec.template) return [];
  return [{ pointer: "", kind: "other", role: "none", text: path, part: { of: "token" } }];
}

/** Gives the texts of a query, each with `?` and the parameter's name for a pointer. */
export function toQuerySegments({ all }: Query): readonly Segment[] {
  return all.flatMap(([name, value]): Segment[] => {
    const pointer = `?${name}`;
    const kind = name.startsWith("metadata[") ? "metadata" : "other";
    const own: Segment = { pointer, kind, role: "none", text: value };
    const texts: Segment[] = value === "" || isPlain(value) ? [] : [toValueSegment(own, name)];
    // What stands in brackets somebody chose, such as a key of the metadata.
    const key = /\[([^\]]*)\]/.exec(name)?.[1] ?? "";
    if (!/^[a-z_0-9]*$/.test(key))
      texts.push({ pointer, kind, role: "none", text: key, part: { of: "name" } });
    return texts;
  });
}

/** A number is searched beside its name: alone a time has the shape of numbers that states give out. */
function toValueSegment(own: Segment, name: string): Segment {
  if (/^\d+$/.test(own.text)) return { ...own, text: `${name}=${own.text}`, part: { of: "name" } };
  return isToken(own.text) ? { ...own, part: { of: "token" } } : own;
}

/** Throws `query_invalid` where the query cannot be read in one way, or asks for what the operation does not have. */
export function checkQuery(route: Route, query: string): void {
  if (query === "") return;
  const parsed = parseQuery(query);
  if (route.spec.streams === "query") {
    readFlag(parsed, "stream");
    readNumber(parsed, "starting_after");
  }
}

/** Reads a boolean parameter; false where it is absent. */
export function readFlag(query: Query, name: string): boolean {
  const value = query.single.get(name);
  if (value === undefined || value === "false") return false;
  if (value === "true") return true;
  throw new GatewayError("query_invalid", "A query parameter is neither `true` nor `false`.", {
    param: name,
  });
}

/** Reads a parameter that is a count; null where it is absent. */
export function readNumber(query: Query, name: string): number | null {
  const value = query.single.get(name);
  if (value === undefined) return null;
  if (!/^\d{1,15}$/.test(value)) {
    throw new GatewayError("query_invalid", "A query parameter is not a whole number.", { param: name });
  }
  return Number(value);
}

/** Decodes what a form's encoding wrote: `+` is a space. */
function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text.replaceAll("+", " "));
    if (!decoded.includes("\u0000")) return decoded;
  } catch {
    // Told below.
  }
  throw invalid();
}

function invalid(): GatewayError {
  return new GatewayError("query_invalid", "A query parameter cannot be read.");
}
