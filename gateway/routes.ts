// Reads the route table and finds in it what a method and a path mean.

import type { RouteSpec } from "./exchange.ts";
import { ROUTE_TABLE } from "./route-table.ts";

/** What a path without an entry in the table is, where a rule opens it: nothing of it is understood. */
export const UNKNOWN_ROUTE: RouteSpec = {
  operation: "unknown",
  method: "*",
  template: "",
  dialect: "other",
  body: "any",
  answer: "any",
  streams: "never",
  namesModel: false,
  makes: null,
  lists: null,
  isAdmin: false,
  isSecret: false,
  isGrant: false,
  isLocal: false,
};

/** Paths that are conversations in the shapes of one API: what is not here is read by its strings alone. */
const DIALECTS: readonly (readonly [RegExp, RouteSpec["dialect"]])[] = [
  [/^chat\.completions\./, "chat"],
  [/^(?:responses|conversations)\./, "responses"],
];

let table: readonly RouteSpec[] | null = null;

/** Gives every route of the table, in its order. */
export function listRoutes(): readonly RouteSpec[] {
  table ??= ROUTE_TABLE.trim().split(/\n+/).map(readLine);
  return table;
}

/** Gives the operations' names, without `unknown`. */
export function listOperations(): readonly string[] {
  return listRoutes().map(({ operation }) => operation);
}

/** Gives the route of an operation. Throws a `RangeError` for one that is not in the table. */
export function getRoute(operation: string): RouteSpec {
  const spec = listRoutes().find((route) => route.operation === operation);
  if (spec === undefined) throw new RangeError(`There is no operation ${operation}.`);
  return spec;
}

function readLine(line: string): RouteSpec {
  const [method = "", template = "", operation = "", ...words] = line.split(" ");
  const flags = new Map(words.map((word) => toFlag(word)));
  const has = (flag: string): boolean => flags.has(flag);
  return {
    operation,
    method,
    template,
    dialect: DIALECTS.find(([pattern]) => pattern.test(operation))?.[1] ?? "other",
    body: toBody(method, has),
    answer: toAnswer(has),
    streams: toStreams(method, operation, has),
    namesModel: has("model"),
    makes: flags.get("makes") ?? null,
    lists: flags.get("lists") ?? null,
    isAdmin: has("admin"),
    isSecret: has("secret"),
    isGrant: has("grant"),
    isLocal: has("local"),
  };
}

function toFlag(word: string): readonly [string, string] {
  const equals = word.indexOf("=");
  return equals === -1 ? [word, ""] : [word.slice(0, equals), word.slice(equals + 1)];
}

function toBody(method: string, has: (flag: string) => boolean): RouteSpec["body"] {
  if (method === "GET" || method === "WS") return "none";
  if (has("sdp")) return "form_or_sdp";
  return has("form") ? "form" : "json";
}

function toAnswer(has: (flag: string) => boolean): RouteSpec["answer"] {
  if (has("sdp")) return "sdp";
  if (has("bytes")) return "bytes";
  if (has("text")) return "text";
  return has("events") ? "events" : "json";
}

function toStreams(method: string, operation: string, has: (flag: string) => boolean): RouteSpec["streams"] {
  if (has("events")) return "always";
  if (!has("sse")) return "never";
  // Speech names its format instead of switching a stream on.
  if (operation === "audio.speech.create") return "format";
  return method === "GET" ? "query" : "body";
}

/** A template's parts; `kind` is null for an id without an owner of its own. */
type Part = { readonly literal: string } | { readonly kind: string | null; readonly pattern: RegExp };
type Compiled = { readonly spec: RouteSpec; readonly parts: readonly Part[] };

/** An id that the provider issued: no dot, percent sign or slash, so that no path trick passes for one. */
const ID = /^[A-Za-z0-9_-]{1,256}$/;
/** A model's name may have dots and colons, and is no path by itself. */
const MODEL = /^(?!\.{1,2}$)[A-Za-z0-9_.:-]{1,256}$/;
const MODEL_PARAMETERS: ReadonlySet<string> = new Set(["model", "fine_tuned_model_checkpoint"]);
/** An id that has a model's name in it, as `rl-gpt-3.5-turbo`, and names none to policy. */
const OF_A_MODEL = new RegExp(MODEL);
const OF_A_MODEL_PARAMETERS: ReadonlySet<string> = new Set(["rate_limit"]);

let compiled: ReadonlyMap<number, readonly Compiled[]> | null = null;
/** What has no id in it, by method and path: most requests end here. */
let literal: ReadonlyMap<string, FoundRoute> | null = null;

/** A path of the table with the ids that stand in it. */
export type FoundRoute = {
  readonly spec: RouteSpec;
  readonly objects: readonly { readonly kind: string; readonly id: string }[];
  /** The name in a path such as `/models/{-model}`. */
  readonly model: string | null;
};

/**
 * Finds the route of a method and a path below `/v1`. A literal wins over an id in its place. Gives the methods that the
 * path has where it has no such method; none where no path of the table is meant.
 */
export function findRoute(
  method: string,
  path: string,
): FoundRoute | { readonly methods: readonly string[] } {
  literal ??= new Map(
    listRoutes()
      .filter(({ template }) => !template.includes("{"))
      .map((spec) => [`${spec.method} ${spec.template}`, { spec, objects: [], model: null }]),
  );
  const exact = literal.get(`${method} ${path}`);
  if (exact !== undefined) return exact;
  compiled ??= compile();
  const segments = path.slice(1).split("/");
  const methods: string[] = [];
  let best: { readonly entry: Compiled; readonly rank: string } | null = null;
  for (const entry of compiled.get(segments.length) ?? []) {
    const rank = rankOf(entry.parts, segments);
    if (rank === null) continue;
    methods.push(entry.spec.method);
    // Literals first, from the left: `/videos/characters` is no video.
    if (best === null || rank < best.rank) best = { entry, rank };
  }
  if (best === null) return { methods };
  const { rank } = best;
  const found = (compiled.get(segments.length) ?? []).find(
    ({ spec, parts }) => spec.method === method && rankOf(parts, segments) === rank,
  );
  if (found === undefined) return { methods };
  const objects: { kind: string; id: string }[] = [];
  let model: string | null = null;
  for (const [index, part] of found.parts.entries()) {
    if ("literal" in part) continue;
    const id = segments[index] ?? "";
    if (part.kind !== null) objects.push({ kind: part.kind, id });
    else if (part.pattern === MODEL) model = id;
  }
  return { spec: found.spec, objects, model };
}

/** Writes how a template fits: `0` for a literal, `1` for an id; null where it does not. */
function rankOf(parts: readonly Part[], segments: readonly string[]): string | null {
  let rank = "";
  for (const [index, part] of parts.entries()) {
    const segment = segments[index] ?? "";
    if ("literal" in part ? part.literal !== segment : !part.pattern.test(segment)) return null;
    rank += "literal" in part ? "0" : "1";
  }
  return rank;
}

function compile(): ReadonlyMap<number, readonly Compiled[]> {
  const byLength = new Map<number, Compiled[]>();
  for (const spec of listRoutes()) {
    const parts = spec.template.slice(1).split("/").map(toPart);
    const same = byLength.get(parts.length) ?? [];
    same.push({ spec, parts });
    byLength.set(parts.length, same);
  }
  return byLength;
}

function toPart(part: string): Part {
  if (!part.startsWith("{")) return { literal: part };
  const name = part.slice(1, -1);
  if (!name.startsWith("-")) return { kind: name, pattern: ID };
  if (MODEL_PARAMETERS.has(name.slice(1))) return { kind: null, pattern: MODEL };
  return { kind: null, pattern: OF_A_MODEL_PARAMETERS.has(name.slice(1)) ? OF_A_MODEL : ID };
}
