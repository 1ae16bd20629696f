// Gives rows of the record the form in which `--json` prints them: keys in snake case, like everything that goes over the wire.

/** Columns that hold JSON of their own, which stays as it was recorded. */
const OWN_JSON = new Set(["facts", "decision", "timings", "usage", "segments"]);

/** Converts rows, pages of rows and nested rows. */
export function toJsonRow(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonRow);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [toSnake(key), OWN_JSON.has(key) ? item : toJsonRow(item)]),
  );
}

function toSnake(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
