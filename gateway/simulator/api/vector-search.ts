// Finds the pieces of files that are closest to a query, among those that a filter lets through.
import type { Json, JsonObject } from "../../exchange.ts";
import { isList, isObject, numberAt, objectsAt, stringAt } from "../read-json.ts";
import { toVector } from "./embeddings.ts";

/** A file that is searched. */
export type SearchedFile = {
  readonly id: string;
  readonly filename: string;
  readonly attributes: Json;
  readonly text: string;
};

const DIMENSIONS = 256;
const CHUNK = 3200;

/** Cuts a text into the pieces that are searched. */
export function toChunks(text: string): readonly string[] {
  return text.match(new RegExp(`[^]{1,${CHUNK}}`, "gu")) ?? [""];
}

/** Gives the results of a search, the best first. */
export function searchFiles(
  files: readonly SearchedFile[],
  query: string,
  options: JsonObject,
): readonly JsonObject[] {
  const wanted = toVector(query, DIMENSIONS);
  const threshold = numberAt(options["ranking_options"], "score_threshold") ?? 0;
  const results = files
    .filter((file) => passes(options["filters"], file.attributes))
    .flatMap((file) =>
      toChunks(file.text).map((text) => ({
        file_id: file.id,
        filename: file.filename,
        score: Math.max(0, similarity(wanted, toVector(text, DIMENSIONS))),
        attributes: file.attributes,
        content: [{ type: "text", text }],
      })),
    )
    .filter(({ score }) => score >= threshold);
  return results
    .toSorted((left, right) => right.score - left.score)
    .slice(0, numberAt(options, "max_num_results") ?? 10);
}

function similarity(left: Float32Array, right: Float32Array): number {
  const product = left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
  return Math.round(product * 10_000) / 10_000;
}

function passes(filter: Json | undefined, attributes: Json): boolean {
  if (!isObject(filter)) return true;
  const inner = objectsAt(filter, "filters");
  const type = stringAt(filter, "type") ?? "";
  if (type === "and") return inner.every((one) => passes(one, attributes));
  if (type === "or") return inner.some((one) => passes(one, attributes));
  const { value } = filter;
  const own = isObject(attributes) ? attributes[stringAt(filter, "key") ?? ""] : undefined;
  switch (type) {
    case "eq":
      return own === value;
    case "ne":
      return own !== value;
    case "in":
      return isList(value) && own !== undefined && value.includes(own);
    case "nin":
      return isList(value) && (own === undefined || !value.includes(own));
    default:
      return typeof own === "number" && typeof value === "number" && compares(type, own, value);
  }
}

function compares(type: string, own: number, value: number): boolean {
  if (type === "gt") return own > value;
  if (type === "gte") return own >= value;
  return type === "lt" ? own < value : own <= value;
}
