// Reads inputs that are a text, token ids, or a list of either.
import type { Json } from "../../exchange.ts";
import { ApiError } from "../api-error.ts";
import { missing } from "../call.ts";
import { isList } from "../read-json.ts";
import { countTokens } from "../text-pieces.ts";

/** One input: its text, or what stands for its token ids, and how many tokens it has. */
export type TokenInput = { readonly text: string; readonly tokens: number };

/** Reads the inputs under a field. Throws an `ApiError` of 400 where they are neither. */
export function readInputs(value: Json | undefined, name: string): readonly TokenInput[] {
  if (value === undefined || value === null) throw missing(name);
  if (typeof value === "string" || isTokens(value)) return [toInput(value, name)];
  if (!isList(value) || value.length === 0) throw invalid(name);
  if (value.length > 2048) {
    throw new ApiError(
      400,
      `Invalid '${name}': array too long. Expected an array with maximum length 2048.`,
      {
        param: name,
        code: "array_above_max_length",
      },
    );
  }
  return value.map((one) => toInput(one, name));
}

function toInput(value: Json, name: string): TokenInput {
  if (typeof value === "string" && value !== "") return { text: value, tokens: countTokens(value) };
  if (isTokens(value)) return { text: `tokens ${JSON.stringify(value)}`, tokens: value.length };
  throw invalid(name);
}

function isTokens(value: Json): value is readonly number[] {
  return isList(value) && value.length > 0 && value.every((one) => Number.isInteger(one));
}

function invalid(name: string): ApiError {
  return new ApiError(400, `Invalid '${name}': expected a string, an array of strings, or token ids.`, {
    param: name,
    code: "invalid_type",
  });
}
