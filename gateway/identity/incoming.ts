// Gives Node's own request below a framework's.
import { IncomingMessage } from "node:http";

/** Reads it from what the framework was given along with the request. */
export function readIncoming(env: unknown): IncomingMessage {
  if (typeof env === "object" && env !== null && "incoming" in env && env.incoming instanceof IncomingMessage)
    return env.incoming;
  throw new TypeError("The request has no connection.");
}
