// Cuts lists of stored objects into pages, as the API's list calls do.
import type { JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { stringAt } from "./read-json.ts";

/** What differs from list to list. */
export type PageOptions = {
  readonly defaultLimit?: number;
  readonly maximum?: number;
  /** The field that names the cursor of the next page, where a list has one. */
  readonly next?: string;
};

/** Gives one page by the query's `limit`, `order`, `after` and `before`. */
export function pageOf(
  items: readonly JsonObject[],
  query: URLSearchParams,
  order: "asc" | "desc",
  { defaultLimit = 20, maximum = 100, next }: PageOptions = {},
): JsonObject {
  const ordered = (query.get("order") ?? order) === "desc" ? items.toReversed() : items;
  const limit = readLimit(query.get("limit"), defaultLimit, maximum);
  const after = query.get("after") ?? query.get("page");
  const before = query.get("before");
  const start = after === null ? 0 : indexOf(ordered, after, "after") + 1;
  const end = before === null ? ordered.length : indexOf(ordered, before, "before");
  // A page before an object ends beside it.
  const from = before !== null && after === null ? Math.max(start, end - limit) : start;
  const data = ordered.slice(from, Math.min(from + limit, end));
  const hasMore = before !== null && after === null ? from > start : from + limit < end;
  const lastId = stringAt(data.at(-1), "id");
  return {
    object: "list",
    data,
    first_id: stringAt(data[0], "id"),
    last_id: lastId,
    has_more: hasMore,
    ...(next === undefined ? {} : { [next]: hasMore ? lastId : null }),
  };
}

function indexOf(items: readonly JsonObject[], id: string, param: string): number {
  const index = items.findIndex((item) => item["id"] === id);
  if (index !== -1) return index;
  throw new ApiError(400, `Invalid '${param}': no such object in this list.`, {
    param,
    code: "invalid_value",
  });
}

function readLimit(text: string | null, otherwise: number, maximum: number): number {
  if (text === null) return otherwise;
  const limit = Number(text);
  const fields = { param: "limit" };
  if (!Number.isInteger(limit)) {
    throw new ApiError(400, "Invalid type for 'limit': expected an integer.", {
      ...fields,
      code: "invalid_type",
    });
  }
  if (limit < 1) {
    throw new ApiError(
      400,
      `Invalid 'limit': integer below minimum value. Expected a value >= 1, but got ${limit} instead.`,
      { ...fields, code: "integer_below_min_value" },
    );
  }
  if (limit > maximum) {
    throw new ApiError(
      400,
      `Invalid 'limit': integer above maximum value. Expected a value <= ${maximum}, but got ${limit} instead.`,
      { ...fields, code: "integer_above_max_value" },
    );
  }
  return limit;
}
