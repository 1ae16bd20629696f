// Reading of trees whose shape is not known: what libpg-query gives is looked at, never trusted.

/** Gives a node's type and content: `{ A_Const: {…} }` is `["A_Const", {…}]`. */
export function toNode(value: unknown): readonly [string, unknown] {
  if (!isObject(value)) return ["", null];
  const [entry] = Object.entries(value);
  return entry ?? ["", null];
}

/** Reads a property of anything. */
export function get(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

/** Gives a list's elements, nothing for what is no list. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Gives a text, empty for what is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Says whether a value has properties. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
