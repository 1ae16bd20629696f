// Tokens that count only with the client certificate that they were made out for (RFC 8705, section 3).
import { z } from "zod";
import { GatewayError } from "../errors.ts";
import type { Caller } from "../exchange.ts";
import type { Sender } from "./sender.ts";

const confirmation = z.strictObject({ "x5t#S256": z.string().regex(/^[\w-]{43}$/) });

/**
 * Reads to which certificate a token is bound. Throws `token_invalid` where it is bound to anything else, such as a key
 * that nobody here asks for: taken without that, it would be worth more than its issuer meant.
 */
export function readBinding(claims: { readonly [name: string]: unknown }): Pick<Caller, "boundTo"> {
  if (claims["cnf"] === undefined) return {};
  const read = confirmation.safeParse(claims["cnf"]);
  if (read.success) return { boundTo: read.data["x5t#S256"] };
  throw new GatewayError(
    "token_invalid",
    "The token is bound to a key in a way that the gateway does not check; it takes x5t#S256 alone.",
  );
}

/** Throws `token_invalid` where a caller's token is bound to another certificate than its sender showed. */
export function requireBound({ boundTo }: Pick<Caller, "boundTo">, sender: Sender | undefined): void {
  if (boundTo === undefined || boundTo === sender?.certificate()) return;
  throw new GatewayError(
    "token_invalid",
    "The token is bound to a client certificate, and this connection does not show that one.",
  );
}

/** Gives a caller as it calls over a connection. Throws as `requireBound` does. */
export function admit(caller: Caller, sender: Sender | undefined): Caller {
  requireBound(caller, sender);
  const certificate = sender?.certificate() ?? null;
  return certificate === null ? caller : { ...caller, certificate };
}
