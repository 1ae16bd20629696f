// Answers in the gateway's place, in the API's form, so that the SDKs raise what happened.
import type { ServerResponse } from "node:http";
import { ERRORS, GatewayError, toGatewayError, toShouldRetry } from "../errors.ts";
import { NoTokenError } from "../oauth-client/no-token-error.ts";

/** Ends an answer with an error, where it has begun by breaking it off. */
export function refuse(response: ServerResponse, thrown: unknown): void {
  if (response.headersSent) return void response.destroy();
  const error = toError(thrown);
  const retry = thrown instanceof NoTokenError ? String(thrown.isPassing) : toShouldRetry(error);
  const { code, message } = error;
  const { type } = ERRORS[code];
  const body = Buffer.from(JSON.stringify({ error: { message, type, param: null, code } }));
  response.writeHead(error.status, {
    "content-type": "application/json",
    "content-length": body.length,
    ...(retry !== null && { "x-should-retry": retry }),
    // Of its body perhaps nothing was read.
    connection: "close",
  });
  response.end(body);
}

function toError(thrown: unknown): GatewayError {
  if (thrown instanceof NoTokenError)
    return new GatewayError("token_unavailable", `There is no token for this call. ${thrown.message}`);
  return toGatewayError(thrown);
}
