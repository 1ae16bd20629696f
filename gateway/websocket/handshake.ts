// Reads a request for a WebSocket: whether it is one (RFC 6455 §4.2.1), and the token that it carries.
import type { IncomingMessage } from "node:http";
import { GatewayError } from "../errors.ts";
import { readAuthorization } from "../identity/bearer.ts";

/** Browsers cannot set headers: they send the token as a subprotocol. */
const TOKEN_PROTOCOL = "openai-insecure-api-key.";
/** The one subprotocol that is ever agreed on; to repeat another would repeat the token. */
export const PROTOCOL = "realtime";

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Tells whether a request asks for a WebSocket: any other upgrade is answered as if it had asked for none. */
export function asksForSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === "websocket";
}

/** Throws `upgrade_invalid` unless the handshake is well-formed: nothing is asked of the target before it is. */
export function requireHandshake({ method, headers }: IncomingMessage): void {
  const isWhole =
    method === "GET" &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-version"] === "13" &&
    KEY.test(headers["sec-websocket-key"] ?? "");
  if (!isWhole) throw new GatewayError("upgrade_invalid", "The opening handshake is not well-formed.");
}

/** Gives the subprotocols that the program offers, in their order. */
function listProtocols({ headers }: IncomingMessage): readonly string[] {
  const offered = headers["sec-websocket-protocol"] ?? "";
  return offered
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** Gives what stands for the `Authorization` header. Throws `token_invalid` where there are two tokens. */
export function readToken(incoming: IncomingMessage): string | undefined {
  const header = readAuthorization(incoming.rawHeaders);
  const tokens = listProtocols(incoming).filter((name) => name.startsWith(TOKEN_PROTOCOL));
  if (tokens.length === 0) return header;
  if (header !== undefined || tokens.length > 1)
    throw new GatewayError("token_invalid", "The request carries several tokens.");
  return `Bearer ${tokens[0]?.slice(TOKEN_PROTOCOL.length) ?? ""}`;
}
