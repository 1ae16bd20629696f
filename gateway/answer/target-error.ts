// The error that a target reports within its stream.
import { ERRORS, GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";

/**
 * Gives the error with the target's own code and message: they are part of its answer. A code of the gateway's or of
 * one of its rules is left out: it would speak for the gateway.
 */
export function toTargetError(error: JsonObject, rules: { has(code: string): boolean }): GatewayError {
  const { code, message } = { code: error["code"], message: error["message"] };
  const isWord =
    typeof code === "string" &&
    /^[a-z0-9_]{1,64}$/.test(code) &&
    !Object.hasOwn(ERRORS, code) &&
    !rules.has(code);
  const text =
    typeof message === "string" && message !== "" ? message : "The target reported an error in its stream.";
  return new GatewayError("target_failed", text, { isTargets: true, ...(isWord && { publicCode: code }) });
}
