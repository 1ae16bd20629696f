// The refusals that several checks of a token end in.
import { GatewayError } from "../errors.ts";

/** Says that the token was revoked. */
export function tokenRevoked(): GatewayError {
  return new GatewayError("token_revoked", "The token was revoked; ask an operator for a new one.");
}

/** Says that the token has expired. */
export function tokenExpired(): GatewayError {
  return new GatewayError("token_expired", "The token has expired; fetch a fresh one.");
}
