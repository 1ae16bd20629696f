// Reads the query of an open operation: each single-valued parameter once, nothing that could be read in two ways.

import { GatewayError } from "../errors.ts";
import type { Operation } from "../exchange.ts";

/** A query's parameters; `include` is a list, every other one has one value. */
export type Query = { readonly single: ReadonlyMap<string, string>; readonly include: readonly string[] };

const EMPTY: Query = { single: new Map(), include: [] };
/** Names and values of the API's parameters; text of a person does not pass, so a query holds no segments. */
const NAME = /^[A-Za-z0-9_]{1,64}$/;
const VALUE = /^[A-Za-z0-9_.,:-]{0,256}$/;

/** Reads a query. Throws `query_invalid`. */
export function parseQuery(query: string): Query {
  if (query === "") return EMPTY;
  const single = new Map<string, string>();
  const include: string[] = [];
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = decode(equals === -1 ? "" : pair.slice(equals + 1));
    if (!VALUE.test(value)) throw invalid();
    if (name === "include" || /^include\[\d{0,3}\]$/.test(name)) {
      include.push(value);
    } else {
      if (!NAME.test(name)) throw invalid();
      if (single.has(name))
        throw new GatewayError("query_invalid", "A query parameter stands twice.", { param: name });
      single.set(name, value);
    }
  }
  return { single, include };
}

/** Throws `query_invalid` where the query cannot be read in one way, or asks for what the operation does not have. */
export function checkQuery(operation: Operation, query: string): void {
  if (query === "") return;
  const parsed = parseQuery(query);
  if (operation === "responses.retrieve") {
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

function decode(text: string): string {
  if (text.includes("+")) throw invalid();
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}

function invalid(): GatewayError {
  return new GatewayError("query_invalid", "A query parameter cannot be read.");
}
