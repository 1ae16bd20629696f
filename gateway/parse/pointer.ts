// JSON Pointers (RFC 6901): reading and writing a place in a JSON value.

import type { Json, JsonObject } from "../exchange.ts";

/** Tells a JSON object from the other JSON values. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells a JSON array from the other JSON values. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Writes a member's name as a reference token. */
export function escapeToken(name: string): string {
  if (!name.includes("~") && !name.includes("/")) return name;
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Gives the value at the pointer; undefined where there is none or the pointer is malformed. */
export function getAt(value: Json, pointer: string): Json | undefined {
  const tokens = toTokens(pointer);
  if (tokens === null) return undefined;
  let at: Json | undefined = value;
  for (const token of tokens) {
    if (isList(at)) at = isIndex(token) ? at[Number(token)] : undefined;
    else if (isObject(at)) at = Object.hasOwn(at, token) ? at[token] : undefined;
    else return undefined;
  }
  return at;
}

/**
 * Gives a copy of the value in which the pointer's place holds the replacement; what lies beside the path is shared.
 * A member that is absent is added, `-` or the length adds to an array; gives undefined where the path does not exist.
 */
export function setAt(value: Json, pointer: string, replacement: Json): Json | undefined {
  const tokens = toTokens(pointer);
  return tokens === null ? undefined : setIn(value, tokens, 0, replacement);
}

function setIn(value: Json, tokens: readonly string[], depth: number, replacement: Json): Json | undefined {
  const token = tokens[depth];
  if (token === undefined) return replacement;
  const last = depth === tokens.length - 1;
  if (isList(value)) {
    const index = token === "-" ? value.length : isIndex(token) ? Number(token) : -1;
    if (index < 0 || index > value.length || (index === value.length && !last)) return undefined;
    const child = last ? replacement : setIn(value[index] ?? null, tokens, depth + 1, replacement);
    if (child === undefined) return undefined;
    const copy = [...value];
    copy[index] = child;
    return copy;
  }
  if (!isObject(value)) return undefined;
  const own = Object.hasOwn(value, token);
  if (!own && !last) return undefined;
  const child = last ? replacement : setIn(value[token] ?? null, tokens, depth + 1, replacement);
  // A computed key defines an own member, `__proto__` included.
  return child === undefined ? undefined : { ...value, [token]: child };
}

/** Gives a pointer's reference tokens; null where it is malformed. */
export function toTokens(pointer: string): readonly string[] | null {
  if (pointer === "") return [];
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function isIndex(token: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(token);
}
