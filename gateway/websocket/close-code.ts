// With which code a socket is closed that an error ends (RFC 6455 §7.4.1).
import type { GatewayError } from "../errors.ts";

const CODES: ReadonlyMap<GatewayError["code"], number> = new Map([
  ["body_invalid", 1008],
  ["body_too_large", 1009],
  ["message_unreadable", 1003],
  ["shutting_down", 1012],
  ["socket_idle", 1000],
] as const);

/** Gives the code: what the program did is a violation of policy, what the gateway or the target did an internal error. */
export function toCloseCode(error: GatewayError): number {
  return CODES.get(error.code) ?? (error.status < 500 ? 1008 : 1011);
}
