// The operations that the gateway does not pass on, whatever the policy says.
import type { ErrorCode } from "./errors.ts";
import type { RouteSpec } from "./exchange.ts";

/** Gives the error that an operation is refused with; null where the policy decides. */
export function findClosure(spec: RouteSpec): ErrorCode | null {
  return spec.isSecret ? "credential_withheld" : null;
}
