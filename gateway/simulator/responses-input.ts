// Reads the input of a Responses request and enforces what OpenAI enforces about items that belong together.
import type { Json, JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { readId } from "./ids.ts";
import { isList, isObject, stringAt } from "./read-json.ts";
import { CALL_OUTPUTS, idPrefix, isSealedReasoning } from "./responses-items.ts";

const OUTPUT_TYPES = new Set(Object.values(CALL_OUTPUTS));
const ROLES = new Set(["user", "assistant", "system", "developer"]);
/** Items whose id the API checks to be of their kind. */
const CHECKED_PREFIXES = new Set(["message", "reasoning", "function_call"]);

/** Gives the input as a list of items; a string is one user message, references are looked up. */
export function readInput(
  input: Json | undefined,
  findItem: (id: string) => JsonObject | undefined,
): readonly JsonObject[] {
  if (typeof input === "string") {
    return [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }];
  }
  if (input === undefined || input === null) return [];
  if (!isList(input)) {
    throw new ApiError(400, "Invalid type for 'input': expected one of an array of objects or string.", {
      param: "input",
      code: "invalid_type",
    });
  }
  return input.map((item, index) => readItem(item, index, findItem));
}

function readItem(item: Json, index: number, findItem: (id: string) => JsonObject | undefined): JsonObject {
  const param = `input[${index}]`;
  if (!isObject(item)) {
    throw new ApiError(400, `Invalid type for '${param}': expected an object.`, {
      param,
      code: "invalid_type",
    });
  }
  const id = stringAt(item, "id");
  const type =
    stringAt(item, "type") ?? (id !== null && item["role"] === undefined ? "item_reference" : "message");
  if (type === "item_reference") {
    const found = id === null ? undefined : findItem(id);
    if (found === undefined) throw itemNotFound(id ?? "", 404);
    return found;
  }
  if (type === "message" && !ROLES.has(stringAt(item, "role") ?? "")) {
    throw new ApiError(
      400,
      `Invalid value: '${param}.role'. Supported values are: 'assistant', 'system', 'developer', and 'user'.`,
      {
        param: `${param}.role`,
        code: "invalid_value",
      },
    );
  }
  if (id !== null && CHECKED_PREFIXES.has(type) && !id.startsWith(idPrefix(type))) {
    const start = idPrefix(type).slice(0, -1);
    throw new ApiError(
      400,
      `Invalid '${param}.id': '${id.slice(0, 64)}'. Expected an ID that begins with '${start}'.`,
      {
        param: `${param}.id`,
        code: "invalid_value",
      },
    );
  }
  return item["type"] === undefined ? { ...item, type } : item;
}

/**
 * Checks a whole context: the items of earlier responses, then the request's own.
 * `stored` says that earlier items lie with the API, so that an id it never issued is an error.
 */
export function checkContext(
  items: readonly JsonObject[],
  own: readonly JsonObject[],
  stored: boolean,
): void {
  checkIds(own, stored);
  checkDuplicates(items);
  checkReasoning(items);
  checkCalls(items);
}

function checkIds(items: readonly JsonObject[], stored: boolean): void {
  for (const item of items) {
    const id = stringAt(item, "id");
    const type = stringAt(item, "type");
    if (type === "reasoning") checkSealed(item, id);
    if (id === null || type === null) continue;
    const issued = readId(id)?.prefix === idPrefix(type);
    if (!issued && (type === "reasoning" || (stored && (type === "message" || type in CALL_OUTPUTS)))) {
      throw itemNotFound(id, 400);
    }
  }
}

function checkSealed(item: JsonObject, id: string | null): void {
  const content = stringAt(item, "encrypted_content");
  if (content === null || isSealedReasoning(content, id)) return;
  throw new ApiError(400, `The encrypted content for item ${id ?? "without an id"} could not be verified.`, {
    code: "invalid_encrypted_content",
  });
}

function checkDuplicates(items: readonly JsonObject[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    const id = stringAt(item, "id");
    if (id === null) continue;
    if (seen.has(id)) {
      throw new ApiError(
        400,
        `Duplicate item found with id ${id}. Remove duplicate items from your input and try again.`,
        {
          param: "input",
        },
      );
    }
    seen.add(id);
  }
}

function checkReasoning(items: readonly JsonObject[]): void {
  for (const [index, item] of items.entries()) {
    const id = stringAt(item, "id");
    if (id === null) continue;
    const parts = readId(id);
    if (parts === null) continue;
    if (item["type"] === "reasoning") {
      const next = items[index + 1];
      if (next === undefined || !follows(next, parts.nonce, parts.index + 1)) {
        throw new ApiError(
          400,
          `Item '${id}' of type 'reasoning' was provided without its required following item.`,
          {
            param: "input",
          },
        );
      }
    } else if (parts.afterReasoning && !isReasoningBefore(items[index - 1], parts.nonce, parts.index - 1)) {
      throw new ApiError(
        400,
        `Item '${id}' of type '${stringAt(item, "type") ?? "unknown"}' was provided without its required 'reasoning' item.`,
        { param: "input" },
      );
    }
  }
}

/** Tells whether an item is the one that stood at `index` in the same output; a program may have left out its id. */
function follows(item: JsonObject, nonce: string, index: number): boolean {
  const named = readId(stringAt(item, "id") ?? stringAt(item, "call_id") ?? "");
  if (named !== null) return named.nonce === nonce && named.index === index && !isOutput(item);
  return item["type"] === "message" && item["role"] === "assistant" && stringAt(item, "id") === null;
}

function isReasoningBefore(item: JsonObject | undefined, nonce: string, index: number): boolean {
  if (item?.["type"] !== "reasoning") return false;
  const named = readId(stringAt(item, "id") ?? "");
  return named === null || (named.nonce === nonce && named.index === index);
}

function isOutput(item: JsonObject): boolean {
  return OUTPUT_TYPES.has(stringAt(item, "type") ?? "");
}

function checkCalls(items: readonly JsonObject[]): void {
  const open = new Map<string, string>();
  const called = new Map<string, string>();
  for (const item of items) {
    const callId = stringAt(item, "call_id");
    const type = stringAt(item, "type");
    if (callId === null || type === null) continue;
    const answer = CALL_OUTPUTS[type];
    if (answer !== undefined) {
      open.set(callId, type);
      called.set(callId, answer);
    } else if (isOutput(item)) {
      if (called.get(callId) !== type) {
        const kind = type === "function_call_output" ? "function call output" : type.replaceAll("_", " ");
        throw new ApiError(400, `No tool call found for ${kind} with call_id ${callId}.`, { param: "input" });
      }
      open.delete(callId);
    }
  }
  for (const [callId, type] of open) {
    const kind = type.replaceAll("_", " ");
    throw new ApiError(400, `No tool output found for ${kind} ${callId}.`, { param: "input" });
  }
}

function itemNotFound(id: string, status: number): ApiError {
  return new ApiError(
    status,
    `Item with id '${id.slice(0, 80)}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
    { param: "input" },
  );
}
