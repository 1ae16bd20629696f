// Tells JSON objects from other JSON.

import type { JsonObject } from "../exchange.ts";

/** Tells whether a value from `JSON.parse` is an object. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
