// Reads fields of JSON values without trusting their types.
import type { Json, JsonObject } from "../exchange.ts";

/** Tells whether a value is an object, not a list and not null. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells whether a value is a list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Gives the string under `key`, else null. */
export function stringAt(value: Json | undefined, key: string): string | null {
  const found = isObject(value) ? value[key] : undefined;
  return typeof found === "string" ? found : null;
}

/** Gives the number under `key`, else null. */
export function numberAt(value: Json | undefined, key: string): number | null {
  const found = isObject(value) ? value[key] : undefined;
  return typeof found === "number" ? found : null;
}

/** Gives the objects in the list under `key`; everything else is left out. */
export function objectsAt(value: Json | undefined, key: string): readonly JsonObject[] {
  const found = isObject(value) ? value[key] : undefined;
  return isList(found) ? found.filter(isObject) : [];
}

/** Parses JSON text; undefined where it is none. */
export function parseText(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
