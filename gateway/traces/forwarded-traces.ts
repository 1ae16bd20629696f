// Writes traces as the API takes them: the exporters leave that to it where they do not send to it themselves.
import type { Json, JsonObject } from "../exchange.ts";
import { isList, isObject } from "../parse/pointer.ts";

/** The API refuses larger inputs and outputs of a step. */
const MOST_BYTES = 100_000;
const PREVIEW = 1000;
/** What the API takes of a generation's usage. */
const USAGE: ReadonlySet<string> = new Set([
  "input_tokens",
  "input_tokens_details",
  "output_tokens",
  "output_tokens_details",
]);

/** Gives the body that is sent on. */
export function toForwarded(body: JsonObject): Buffer {
  const data = isList(body["data"]) ? body["data"].map(toItem) : [];
  return Buffer.from(JSON.stringify({ ...body, data }));
}

function toItem(item: Json): Json {
  const span = isObject(item) ? item["span_data"] : undefined;
  if (!isObject(item) || !isObject(span)) return item;
  const isGeneration = span["type"] === "generation";
  const kept: [string, Json][] = [];
  for (const [key, value] of Object.entries(span)) {
    if (key === "usage") {
      if (isGeneration && isObject(value)) kept.push([key, toUsage(value)]);
    } else if (key === "model_config" && isObject(value)) {
      // Where the gateway stands is no business of the provider's.
      const { base_url: _, ...rest } = value;
      kept.push([key, rest]);
    } else if (key === "input" || key === "output") {
      kept.push([key, cut(isGeneration ? withoutReasoning(value) : value)]);
    } else kept.push([key, value]);
  }
  return { ...item, span_data: Object.fromEntries(kept) };
}

function toUsage(usage: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(usage).filter(([key]) => USAGE.has(key)));
}

/** The API takes no reasoning of other calls than its own. */
function withoutReasoning(value: Json): Json {
  if (!isList(value)) return value;
  return value.flatMap((message): Json[] => {
    if (!isObject(message)) return [message];
    if (message["type"] === "reasoning") return [];
    const { reasoning: _, reasoning_content: __, ...rest } = message;
    return [rest];
  });
}

function cut(value: Json): Json {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (Buffer.byteLength(text) <= MOST_BYTES) return value;
  if (typeof value !== "string") return { truncated: true, preview: text.slice(0, PREVIEW).toWellFormed() };
  // A character takes at most three bytes for each of its UTF-16 units.
  return `${text.slice(0, Math.floor(MOST_BYTES / 3) - 1).toWellFormed()}…`;
}
