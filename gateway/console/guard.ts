// What holds for every request to the console: its own address alone, no frames, no caches, no scripts, no other site's forms.
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { timingSafeEqual } from "node:crypto";

const POLICY =
  "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const HEADERS = {
  "content-security-policy": POLICY,
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  // With `no-referrer` browsers would not say which site a form is of.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
} as const;

/** Puts the headers on every answer. */
export function addHeaders(isSecure: boolean): MiddlewareHandler {
  return async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    if (isSecure) c.header("strict-transport-security", "max-age=31536000");
    await next();
  };
}

/** Says whether a request names the console's own host: another name that leads here may be an attacker's. */
export function isOwnHost(c: Context, origin: string): boolean {
  return c.req.header("host")?.toLowerCase() === new URL(origin).host;
}

/**
 * Says whether a form was sent from a page of the console. Browsers say where a form stands by `Origin`, newer ones by
 * `Sec-Fetch-Site` too; what says neither is no browser, and has no session to be misused.
 */
export function isSameOrigin(c: Context, origin: string): boolean {
  const from = c.req.header("origin");
  const site = c.req.header("sec-fetch-site");
  if (from === undefined && site === undefined) return false;
  return (from === undefined || from === origin) && (site === undefined || site === "same-origin");
}

/** Says whether a text is the secret one, in a time that tells nothing of it. */
export function isSameSecret(given: string | undefined, secret: string): boolean {
  const [one, other] = [Buffer.from(given ?? ""), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Refuses bodies that are longer than any of the console; `mayTake` tells a request's bytes. */
export function limitBody(mayTake: (path: string) => number): MiddlewareHandler {
  return (c, next) =>
    bodyLimit({ maxSize: mayTake(c.req.path), onError: () => c.text("The form is too long.", 413) })(c, next);
}
