// Makes the smallest value that a JSON Schema accepts, for structured output and tool arguments.
import type { Json, JsonObject } from "../exchange.ts";
import { isList, isObject, numberAt, stringAt } from "./read-json.ts";

const MAX_DEPTH = 12;

/** Makes a value of `schema`; `word` fills free strings. */
export function sampleOfSchema(schema: Json | undefined, word: string): Json {
  return sample(schema, isObject(schema) ? schema : {}, word, 0);
}

function sample(schema: Json | undefined, root: JsonObject, word: string, depth: number): Json {
  if (!isObject(schema) || depth > MAX_DEPTH) return word;
  const reference = stringAt(schema, "$ref");
  if (reference !== null) return sample(resolve(root, reference), root, word, depth + 1);
  if (schema["const"] !== undefined) return schema["const"];
  const choices = schema["enum"];
  if (isList(choices) && choices[0] !== undefined) return choices[0];
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const options = schema[key];
    if (isList(options) && options[0] !== undefined) return sample(options[0], root, word, depth + 1);
  }
  const { type: types } = schema;
  const type = (isList(types) ? types : [types]).find((one) => typeof one === "string") ?? "";
  switch (type) {
    case "array": {
      const count = Math.max(1, numberAt(schema, "minItems") ?? 1);
      if (numberAt(schema, "maxItems") === 0) return [];
      return Array.from({ length: Math.min(count, 100) }, () =>
        sample(schema["items"], root, word, depth + 1),
      );
    }
    case "integer":
    case "number": {
      const least = numberAt(schema, "minimum") ?? (numberAt(schema, "exclusiveMinimum") ?? 0) + 1;
      return Math.min(least, numberAt(schema, "maximum") ?? least);
    }
    case "boolean":
      return true;
    case "null":
      return null;
    case "string":
      return sampleString(schema, word);
    default:
      return type === "object" || isObject(schema["properties"])
        ? sampleObject(schema, root, word, depth)
        : word;
  }
}

function sampleObject(schema: JsonObject, root: JsonObject, word: string, depth: number): JsonObject {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = schema["required"];
  const names = isList(required) ? required.filter((name) => typeof name === "string") : [];
  const entries = names.map((name): [string, Json] => [
    name,
    sample(properties[name], root, word, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

function sampleString(schema: JsonObject, word: string): string {
  switch (stringAt(schema, "format") ?? "") {
    case "date":
      return "2030-01-31";
    case "date-time":
      return "2030-01-31T12:00:00Z";
    case "time":
      return "12:00:00Z";
    case "email":
      return ["name", "example.com"].join("@");
    case "uuid":
      return "00000000-0000-4000-8000-000000000000";
    default: {
      const padded = word.padEnd(numberAt(schema, "minLength") ?? 0, "x");
      return padded.slice(0, numberAt(schema, "maxLength") ?? padded.length);
    }
  }
}

function resolve(root: JsonObject, reference: string): Json | undefined {
  if (!reference.startsWith("#/")) return undefined;
  let at: Json | undefined = root;
  for (const token of reference.slice(2).split("/")) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return at;
}
