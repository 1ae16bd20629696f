// Parses the file's values by the schema: problems are worded, and what is right is kept so that it can be checked further.
import { z } from "zod";
import { findClosest } from "./did-you-mean.ts";
import type { Override } from "./environment.ts";
import { sourceOf } from "./environment.ts";
import type { Problem } from "./problems.ts";
import { toDotted } from "./problems.ts";
import type { FileReading } from "./read-file.ts";
import type { ConfigFile } from "./schema.ts";
import { configFile } from "./schema.ts";

export type ParsedFile = {
  /** The file as far as it could be read; null where nothing can be said of it. */
  readonly file: ConfigFile | null;
  readonly problems: readonly Problem[];
  /** What was left out of `file` because it is wrong. */
  readonly left: readonly (readonly PropertyKey[])[];
};

/** Parses the file under the overrides. Wrong values are left out and the rest parsed again, to find all problems at once. */
export function parseFile(reading: FileReading, overrides: readonly Override[]): ParsedFile {
  let value = overlay(reading.value, overrides);
  const problems: Problem[] = [];
  const left: PropertyKey[][] = [];
  for (let round = 0; round < 8; round += 1) {
    const parsed = configFile.safeParse(value);
    if (parsed.success) return { file: parsed.data, problems, left };
    for (const issue of parsed.error.issues) {
      if (round === 0) problems.push(...describe(issue, reading, overrides));
      const keys =
        issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
      // A required key that is missing can't be left out: what holds it goes, one level a round.
      for (const path of keys) left.push(path.slice(0, Math.max(0, path.length - round)));
    }
    if (left.some((path) => path.length === 0)) break;
    value = prune(value, [], left);
  }
  return { file: null, problems, left };
}

function prune(
  value: unknown,
  path: readonly PropertyKey[],
  left: readonly (readonly PropertyKey[])[],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  const isLeft = (key: PropertyKey): boolean =>
    left.some((gone) => toDotted(gone) === toDotted([...path, key]));
  if (Array.isArray(value)) {
    // An element that is wrong as a whole becomes a hole that the next round removes, so that the others keep their index.
    return value.map((item: unknown, index) =>
      isLeft(index) ? undefined : prune(item, [...path, index], left),
    );
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      isLeft(key) ? [] : [[key, prune(item, [...path, key], left)]],
    ),
  );
}

function describe(issue: z.core.$ZodIssue, reading: FileReading, overrides: readonly Override[]): Problem[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => describeUnknown(reading, issue.path, key));
  const source = sourceOf(issue.path, overrides);
  const line = source === null ? reading.lineOf(issue.path) : null;
  return [{ path: source ?? toDotted(issue.path), line, expected: toExpectation(issue) }];
}

function describeUnknown(reading: FileReading, path: readonly PropertyKey[], key: string): Problem {
  const meant = findClosest(key, listKeys(path));
  const hint = meant === null ? `expected one of ${listKeys(path).join(", ")}` : `did you mean ${meant}?`;
  return {
    path: toDotted([...path, key.slice(0, 64)]),
    line: reading.lineOf([...path, key]),
    expected: `unknown key; ${hint}`,
  };
}

/** Words a problem without repeating the value, which may be a secret in the wrong place. */
function toExpectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("expected")) return issue.message;
  if (issue.code === "invalid_type") {
    return `expected ${issue.expected === "int" ? "a whole number" : `a value of type ${issue.expected}`}`;
  }
  if (issue.code === "invalid_value") {
    const list = issue.values.map(String).join(", ");
    return `expected ${list.replace(/, ([^,]*)$/, " or $1")}`;
  }
  if (issue.code === "too_small") return `expected at least ${String(issue.minimum)}${toUnit(issue.origin)}`;
  if (issue.code === "too_big") return `expected at most ${String(issue.maximum)}${toUnit(issue.origin)}`;
  return "expected another value; see docs/configuration.md";
}

function toUnit(origin: string): string {
  return origin === "array" ? " elements" : origin === "string" ? " characters" : "";
}

/** Lists the keys that the schema knows at a path. */
function listKeys(path: readonly PropertyKey[]): string[] {
  const node = z.record(z.string(), z.unknown());
  let at: unknown = z.toJSONSchema(configFile, { io: "input" });
  for (const step of path) {
    const here = node.safeParse(at).data ?? {};
    at =
      typeof step === "number"
        ? here["items"]
        : (node.safeParse(here["properties"]).data ?? {})[String(step)];
  }
  return Object.keys(node.safeParse((node.safeParse(at).data ?? {})["properties"]).data ?? {});
}

function overlay(value: unknown, overrides: readonly Override[]): unknown {
  let merged = value;
  for (const override of overrides) merged = put(merged, override.key, override.value);
  return merged;
}

function put(target: unknown, key: readonly string[], value: unknown): unknown {
  const [first, ...rest] = key;
  if (first === undefined) return value;
  const isMapping = typeof target === "object" && target !== null && !Array.isArray(target);
  if (!isMapping && target !== undefined && target !== null) return target;
  const entries = new Map<string, unknown>(Object.entries(target ?? {}));
  entries.set(first, put(entries.get(first), rest, value));
  return Object.fromEntries(entries);
}
