// A call to the simulated API as its handlers see it: the path's names, the query, and the body read as what it should be.
import type { JsonObject } from "../exchange.ts";
import { ApiError } from "./api-error.ts";
import { readForm } from "./form.ts";
import type { Form } from "./form.ts";
import { isObject, parseText } from "./read-json.ts";
import type { Exchange } from "./send.ts";

/** One call that found its handler. */
export type Call = {
  readonly exchange: Exchange;
  readonly method: string;
  /** Below `/v1`, as it came. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly bytes: Buffer;
};

/** Answers a call, or throws an `ApiError`. */
export type Handler = (call: Call) => void | Promise<void>;

/** A method and a path template with what answers them. */
export type RouteEntry = readonly [method: string, template: string, handle: Handler];

/** What all handlers are made of. */
export type ApiDeps = {
  readonly nextNonce: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Calls the simulated API itself, as a batch does with its lines. */
  readonly callSelf: (
    method: string,
    path: string,
    body: JsonObject,
  ) => Promise<{ readonly status: number; readonly requestId: string; readonly body: JsonObject }>;
};

/** Gives a parameter of the path. */
export function paramOf(call: Call, name: string): string {
  return call.params[name] ?? "";
}

/** Reads the body as a JSON object; an empty body is an empty object. */
export function jsonOf(call: Call): JsonObject {
  return call.bytes.length === 0 ? {} : requireJson(call);
}

/** Reads the body as a JSON object, which must be there. */
export function requireJson(call: Call): JsonObject {
  const value = parseText(call.bytes.toString("utf8"));
  if (isObject(value)) return value;
  throw new ApiError(400, "We could not parse the JSON body of your request.");
}

/** Reads the body as a multipart form. */
export function formOf(call: Call): Promise<Form> {
  return readForm(call.exchange.request.headers["content-type"], call.bytes);
}

/** Tells whether the body says that it is a form. */
export function isForm(call: Call): boolean {
  return call.exchange.request.headers["content-type"]?.startsWith("multipart/form-data") === true;
}

/** Gives seconds since the epoch. */
export function secondsOf(deps: { readonly now: () => number }): number {
  return Math.floor(deps.now() / 1000);
}

/** Makes the error for a field that is not there. */
export function missing(name: string): ApiError {
  return new ApiError(400, `Missing required parameter: '${name}'.`, {
    param: name,
    code: "missing_required_parameter",
  });
}

/** Makes the error for a value that is not one of those that are meant. */
export function invalidValue(name: string, wanted: string): ApiError {
  return new ApiError(400, `Invalid value for '${name}': expected ${wanted}.`, {
    param: name,
    code: "invalid_value",
  });
}
