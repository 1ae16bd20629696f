// Reads the Authorization header: exactly one bearer token (RFC 6750), of bounded length.
import { GatewayError } from "../errors.ts";

/** Longest header that is read; a token of an issuer with many groups takes a few KiB. */
const MAX_LENGTH = 16 * 1024;

/**
 * Gives the value of the only `Authorization` header among Node's raw headers, or undefined. Throws where there are
 * several: Node keeps the first of them, another server may keep the last.
 */
export function readAuthorization(rawHeaders: readonly string[]): string | undefined {
  let found: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length !== 13 || name.toLowerCase() !== "authorization") continue;
    if (found !== undefined)
      throw new GatewayError("token_invalid", "The request carries several Authorization headers.");
    found = rawHeaders[index + 1];
  }
  return found;
}

/** Gives the token; throws `token_missing` or `token_invalid`. */
export function parseBearer(authorization: string | undefined): string {
  if (authorization === undefined || authorization === "") {
    throw new GatewayError(
      "token_missing",
      "The request carries no token: send Authorization: Bearer with a Tollgate token.",
    );
  }
  requireLength(authorization);
  const match = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization);
  if (match?.[1] !== undefined) return match[1];
  if (/^Bearer *$/i.test(authorization)) {
    throw new GatewayError("token_missing", "The Authorization header holds no token.");
  }
  throw new GatewayError(
    "token_invalid",
    "The Authorization header isn't of the form: Bearer, a space, one token.",
  );
}

/** Gives a token that came otherwise than in the header, of the form that it would have there; throws `token_invalid`. */
export function requireTokenForm(token: string): string {
  requireLength(token);
  if (/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) return token;
  throw new GatewayError("token_invalid", "The token is malformed.");
}

function requireLength(text: string): void {
  if (text.length > MAX_LENGTH) throw new GatewayError("token_invalid", "The token is too long.");
}
