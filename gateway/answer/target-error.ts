// The error that a target reports within its stream.
import { ERRORS, GatewayError } from "../errors.ts";
import type { JsonObject } from "../exchange.ts";

/** Gives the error with the target's own code and message: they are part of its answer. */
export function toTargetError(error: JsonObject): GatewayError {
  const { code, message } = { code: error["code"], message: error["message"] };
  // A code of ours would speak for the gateway.
  const isWord = typeof code === "string" && /^[a-z0-9_]{1,64}$/.test(code) && !Object.hasOwn(ERRORS, code);
  const text =
    typeof message === "string" && message !== "" ? message : "The target reported an error in its stream.";
  return new GatewayError("target_failed", text, isWord ? { publicCode: code } : {});
}
