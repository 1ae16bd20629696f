// The errors that the simulated API answers with, in OpenAI's shape.
import type { JsonObject } from "../exchange.ts";

/** An error answer of the simulated API. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    fields: {
      type?: string;
      param?: string | null;
      code?: string | null;
      headers?: Record<string, string>;
    } = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.headers = fields.headers ?? {};
    this.body = {
      error: {
        message,
        type: fields.type ?? (status >= 500 ? "server_error" : "invalid_request_error"),
        param: fields.param ?? null,
        code: fields.code ?? null,
      },
    };
  }
}

/** Gives the error that OpenAI answers with a status, for `fail STATUS`. */
export function errorOfStatus(status: number): ApiError {
  switch (status) {
    case 400:
      return new ApiError(400, "Simulated: the request is invalid.", {
        param: "input",
        code: "invalid_value",
      });
    case 401:
      return new ApiError(401, "Simulated: incorrect API key provided.", { code: "invalid_api_key" });
    case 403:
      return new ApiError(403, "Simulated: country, region, or territory not supported.", {
        type: "request_forbidden",
        code: "unsupported_country_region_territory",
      });
    case 404:
      return new ApiError(404, "Simulated: the model does not exist.", {
        param: "model",
        code: "model_not_found",
      });
    case 429:
      return new ApiError(429, "Simulated: rate limit reached.", {
        type: "requests",
        code: "rate_limit_exceeded",
        headers: { "retry-after-ms": "20", "retry-after": "1", "x-ratelimit-remaining-requests": "0" },
      });
    case 503:
      return new ApiError(503, "Simulated: the engine is overloaded.", { code: "service_unavailable" });
    default:
      return new ApiError(status, `Simulated: an error with status ${status}.`);
  }
}
