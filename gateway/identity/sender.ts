// Where a token is sent from: what the connection says, not the token.
import { IncomingMessage } from "node:http";

/** The sender of a token, asked about only where that matters. */
export type Sender = {
  /** The address that it comes from, behind trusted proxies. */
  address(): string;
  /** Thumbprint of the client certificate that its connection showed and that was verified; null: there is none. */
  certificate(): string | null;
};

/** Gives Node's own request below Hono's, of its context's environment. */
export function toIncoming(env: unknown): IncomingMessage {
  if (typeof env === "object" && env !== null && "incoming" in env && env.incoming instanceof IncomingMessage)
    return env.incoming;
  throw new TypeError("The request has no connection.");
}
