// A policy that is not taken into use, and why.

import { GatewayError } from "../errors.ts";

/** Says why a bundle or an operator's file is refused, in words for the operator's log; never holds a caller's text. */
export class PolicyLoadError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = "PolicyLoadError";
  }
}

/** Gives the reason of what was thrown; the engine throws strings and plain objects too. It holds nothing that was evaluated. */
export function toReason(thrown: unknown): string {
  if (thrown instanceof GatewayError && thrown.cause !== undefined) return toReason(thrown.cause);
  if (typeof thrown === "string") return thrown.slice(0, 200);
  if (
    typeof thrown === "object" &&
    thrown !== null &&
    "message" in thrown &&
    typeof thrown.message === "string"
  )
    return thrown.message.slice(0, 2000);
  return "unknown";
}
