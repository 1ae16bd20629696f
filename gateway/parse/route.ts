// Tells the operation from a request's method and target. Each operation has one spelling.

import { GatewayError } from "../errors.ts";
import type { Route } from "../exchange.ts";
import { findRoute, UNKNOWN_ROUTE } from "../routes.ts";
import { checkQuery } from "./query.ts";

const BASE = /^(?:\/c\/([A-Za-z0-9_-]{1,64}))?\/v1(\/.*)$/;
/** An unknown path that can be read in one way alone: no empty parts, no dot segments, nothing escaped. */
const PLAIN = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9_.:~-]{1,256}){1,16}$/;
const LONGEST = 2048;

/**
 * Gives the route and the query (without `?`) of a request target in origin form; `method` is `WS` for an upgrade. A path
 * that is spelt in any but the one way has no operation. Throws `method_not_allowed` for a path of the table, and
 * `operation_unknown` for one that could be read as something else than it seems.
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
  if (base === null || path === undefined) throw unknown();
  const connection = base[1] ?? null;
  const found = findRoute(method, path);
  if ("spec" in found) {
    const { spec, objects, model } = found;
    const route = { operation: spec.operation, spec, connection, path, objects, model };
    checkQuery(route, query);
    return { route, query };
  }
  if (found.methods.length > 0) {
    // A socket is opened by GET.
    const allow = [...new Set(found.methods.map((one) => (one === "WS" ? "GET" : one)))];
    throw new GatewayError("method_not_allowed", "This path has no operation by that method.", { allow });
  }
  // What only its case tells from a known path may be one to the target.
  const lower = findRoute(method, path.toLowerCase());
  if (path.length > LONGEST || !PLAIN.test(path) || "spec" in lower || lower.methods.length > 0)
    throw unknown();
  const route = {
    operation: "unknown",
    spec: { ...UNKNOWN_ROUTE, method },
    connection,
    path,
    objects: [],
    model: null,
  };
  return { route, query };
}

function unknown(): GatewayError {
  return new GatewayError("operation_unknown", "No operation is known by this method and path.");
}
