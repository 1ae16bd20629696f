// Tells the operation from a request's method and target. Each open operation has one spelling.

import { GatewayError } from "../errors.ts";
import type { Operation, Route } from "../exchange.ts";
import { readKnownPaths } from "./known-paths.ts";
import type { KnownPath } from "./known-paths.ts";
import { checkQuery } from "./query.ts";

type OpenPath = { readonly pattern: RegExp; readonly operations: Readonly<Record<string, Operation>> };

// The ids have no dot, percent sign or slash, so no path trick passes for one.
const OPEN: readonly OpenPath[] = [
  { pattern: /^\/responses$/, operations: { POST: "responses.create" } },
  { pattern: /^\/chat\/completions$/, operations: { POST: "chat.completions.create" } },
  {
    pattern: /^\/responses\/([A-Za-z0-9_-]{1,256})$/,
    operations: { GET: "responses.retrieve", DELETE: "responses.delete" },
  },
  { pattern: /^\/responses\/([A-Za-z0-9_-]{1,256})\/cancel$/, operations: { POST: "responses.cancel" } },
  {
    pattern: /^\/responses\/([A-Za-z0-9_-]{1,256})\/input_items$/,
    operations: { GET: "responses.input_items" },
  },
  {
    pattern: /^\/chat\/completions\/([A-Za-z0-9_-]{1,256})$/,
    operations: {
      GET: "chat.completions.retrieve",
      POST: "chat.completions.update",
      DELETE: "chat.completions.delete",
    },
  },
  {
    pattern: /^\/chat\/completions\/([A-Za-z0-9_-]{1,256})\/messages$/,
    operations: { GET: "chat.completions.messages" },
  },
];

/** Paths below `/responses` that would pass for the id of a stored response. */
const RESERVED: ReadonlySet<string> = new Set(["/responses/compact", "/responses/input_tokens"]);

const BASE = /^(?:\/c\/([A-Za-z0-9_-]{1,64}))?\/v1(\/.*)$/;
/** What may stand in a known path that is not open. */
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,256}$/;
const LONGEST_UNKNOWN = 256;

let knownPaths: ReadonlyMap<number, readonly KnownPath[]> | null = null;

/**
 * Gives the route and the query (without `?`) of a request target in origin form. A path that is spelt in any but the
 * one way is `unknown`. Throws `method_not_allowed` for a known path, `query_invalid` for an open operation.
 */
export function matchRoute(
  method: string,
  rawUrl: string,
): { readonly route: Route; readonly query: string } {
  const mark = rawUrl.indexOf("?");
  const target = mark === -1 ? rawUrl : rawUrl.slice(0, mark);
  const query = mark === -1 ? "" : rawUrl.slice(mark + 1);
  const base = BASE.exec(target);
  const path = base?.[2];
  if (base === null || path === undefined) {
    return {
      route: { operation: "unknown", connection: null, path: target.slice(0, LONGEST_UNKNOWN), id: null },
      query,
    };
  }
  const connection = base[1] ?? null;
  const open = matchOpen(method, path);
  if (open !== null) {
    checkQuery(open.operation, query);
    return { route: { ...open, connection, path }, query };
  }
  const methods = findMethods(path);
  if (methods.size === 0) {
    return {
      route: { operation: "unknown", connection, path: path.slice(0, LONGEST_UNKNOWN), id: null },
      query,
    };
  }
  if (!methods.has(method))
    throw new GatewayError("method_not_allowed", "This path has no operation by that method.");
  return { route: { operation: "closed", connection, path, id: null }, query };
}

function matchOpen(method: string, path: string): { operation: Operation; id: string | null } | null {
  if (RESERVED.has(path)) return null;
  for (const { pattern, operations } of OPEN) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const operation = Object.hasOwn(operations, method) ? operations[method] : undefined;
    return operation === undefined ? null : { operation, id: match[1] ?? null };
  }
  return null;
}

/** Gives the methods that the API has at a path, over all templates that fit it; none where the path is unknown. */
function findMethods(path: string): ReadonlySet<string> {
  knownPaths ??= readKnownPaths();
  const segments = path.slice(1).split("/");
  const methods = new Set<string>();
  if (!segments.every((segment) => SEGMENT.test(segment))) return methods;
  for (const known of knownPaths.get(segments.length) ?? []) {
    if (!known.segments.every((part, index) => part === "*" || part === segments[index])) continue;
    for (const method of known.methods) methods.add(method);
  }
  return methods;
}
