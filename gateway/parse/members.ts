// Reads the members that the gateway must understand; one of the wrong type is refused, never taken for absent.

import { GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";

/** Reads a string; null where it is absent or null. Throws `body_shape`. */
export function readString(object: JsonObject, key: string, at = ""): string | null {
  const value = object[key] ?? null;
  if (value === null || typeof value === "string") return value;
  throw shape(`${at}/${key}`, "a string");
}

/** Reads a boolean; null where it is absent or null. Throws `body_shape`. */
export function readBoolean(object: JsonObject, key: string, at = ""): boolean | null {
  const value = object[key] ?? null;
  if (value === null || typeof value === "boolean") return value;
  throw shape(`${at}/${key}`, "true or false");
}

/** Reads a number that is not negative; null where it is absent or null. Throws `body_shape`. */
export function readNumber(object: JsonObject, key: string, at = ""): number | null {
  const value = object[key] ?? null;
  if (value === null || (typeof value === "number" && value >= 0)) return value;
  throw shape(`${at}/${key}`, "a number that is not negative");
}

/** Reads a whole number; null where it is absent or null. Throws `body_shape`. */
export function readCount(object: JsonObject, key: string, at = ""): number | null {
  const value = readNumber(object, key, at);
  if (value === null || Number.isSafeInteger(value)) return value;
  throw shape(`${at}/${key}`, "a whole number");
}

/** Makes the refusal of a member of the wrong type. */
export function shape(pointer: string, expected: string): GatewayError {
  return new GatewayError("body_shape", `The member \`${pointer}\` must be ${expected}.`, { param: pointer });
}
