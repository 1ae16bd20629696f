// Cuts lists of stored objects into pages, as the API's list calls do.
import type { JsonObject } from "../exchange.ts";
import { stringAt } from "./read-json.ts";

/** Gives one page by the query's `limit`, `order` and `after`. */
export function pageOf(
  items: readonly JsonObject[],
  query: URLSearchParams,
  order: "asc" | "desc",
): JsonObject {
  const ordered = (query.get("order") ?? order) === "desc" ? items.toReversed() : items;
  const after = query.get("after");
  const start = after === null ? 0 : ordered.findIndex((item) => item["id"] === after) + 1;
  const limit = Math.min(100, Math.max(1, Number(query.get("limit") ?? 20) || 20));
  const data = ordered.slice(start, start + limit);
  return {
    object: "list",
    data,
    first_id: stringAt(data[0], "id"),
    last_id: stringAt(data.at(-1), "id"),
    has_more: start + limit < ordered.length,
  };
}
