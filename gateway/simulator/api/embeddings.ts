// Serves embeddings: each word of a text leans towards one direction, so that texts that share words lie close.
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { jsonOf } from "../call.ts";
import type { RouteEntry } from "../call.ts";
import { numberAt, stringAt } from "../read-json.ts";
import { checkModel } from "../request-checks.ts";
import { sendJson } from "../send.ts";
import { readInputs } from "./token-inputs.ts";

const WORD_LIMIT = 8192;

/** Gives the handler of `/v1/embeddings`. */
export function embeddingRoutes(): readonly RouteEntry[] {
  return [
    [
      "POST",
      "/embeddings",
      (call) => {
        const body = jsonOf(call);
        checkModel(body);
        const inputs = readInputs(body["input"], "input");
        const size = readSize(body);
        const format = stringAt(body, "encoding_format") ?? "float";
        const tokens = inputs.reduce((sum, input) => sum + input.tokens, 0);
        sendJson(call.exchange, 200, {
          object: "list",
          data: inputs.map(({ text }, index) => ({
            object: "embedding",
            index,
            embedding: encode(toVector(text, size), format),
          })),
          model: stringAt(body, "model") ?? "",
          usage: { prompt_tokens: tokens, total_tokens: tokens },
        });
      },
    ],
  ];
}

function readSize(body: JsonObject): number {
  const full = stringAt(body, "model") === "text-embedding-3-large" ? 3072 : 1536;
  const asked = numberAt(body, "dimensions");
  if (asked === null) return full;
  if (Number.isInteger(asked) && asked >= 1 && asked <= full) return asked;
  throw new ApiError(400, `Invalid 'dimensions': expected an integer between 1 and ${full}.`, {
    param: "dimensions",
    code: "invalid_value",
  });
}

/** Makes a vector of length 1. */
export function toVector(text: string, size: number): Float32Array {
  const vector = new Float32Array(size);
  const words = text.toLowerCase().match(/[\p{L}\d]+/gu) ?? [];
  for (const word of words.length === 0 ? [text] : words.slice(0, WORD_LIMIT)) {
    const digest = createHash("sha256").update(word).digest();
    const at = digest.readUInt32BE(0) % size;
    vector[at] = (vector[at] ?? 0) + (digest.readUInt8(4) % 2 === 0 ? 1 : -1);
  }
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length === 0) vector[0] = 1;
  return length === 0 ? vector : vector.map((value) => value / length);
}

function encode(vector: Float32Array, format: string): Json {
  if (format === "float") return [...vector];
  if (format === "base64") return Buffer.from(vector.buffer).toString("base64");
  throw new ApiError(400, "Invalid value for 'encoding_format': expected 'float' or 'base64'.", {
    param: "encoding_format",
    code: "invalid_value",
  });
}
