// What browsers hold for the console. Browsers take `Secure` cookies from this machine's own address without TLS, too.
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";

const SESSION = "tollgate-session";
const SIGN_IN = "tollgate-sign-in";
/** `__Host-`: from this very origin, for all of it, never over a plain connection that others could read. */
const KIND = { prefix: "host", secure: true, httpOnly: true, path: "/", sameSite: "Lax" } as const;
/** Seconds that a person has to sign in at the issuer. */
const SIGN_IN_S = 600;

/** Gives what the browser holds of its session. */
export function readSession(c: Context): string | undefined {
  return getCookie(c, SESSION, "host");
}

/** Gives the browser what it holds until it is closed, or the session is over. */
export function giveSession(c: Context, text: string): void {
  setCookie(c, SESSION, text, KIND);
}

/** Takes it back. */
export function takeSession(c: Context): void {
  deleteCookie(c, SESSION, KIND);
}

/** What the browser holds of a sign-in that it began. */
export type BegunSignIn = {
  readonly secret: string;
  /** The hash of its session then, which ends with the new one's beginning; null: it had none. */
  readonly former: Buffer | null;
};

/** Gives the browser what it must hold when it comes back; `isPosted`: an issuer's page sends it back with a form. */
export function giveSignIn(c: Context, { secret, former }: BegunSignIn, isPosted: boolean): void {
  const text = `${secret}.${former?.toString("base64url") ?? ""}`;
  // Of cookies that go to other sites' forms browsers ask that they say so.
  setCookie(c, SIGN_IN, text, { ...KIND, maxAge: SIGN_IN_S, ...(isPosted && { sameSite: "None" }) });
}

/** Takes that back, and gives it where it can be read: each sign-in is tried once. */
export function takeSignIn(c: Context): BegunSignIn | null {
  const text = getCookie(c, SIGN_IN, "host");
  if (text === undefined) return null;
  deleteCookie(c, SIGN_IN, KIND);
  const [, secret, former] = /^([\w-]{43})\.([\w-]{43})?$/.exec(text) ?? [];
  if (secret === undefined) return null;
  return { secret, former: former === undefined ? null : Buffer.from(former, "base64url") };
}
