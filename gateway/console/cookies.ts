// What browsers hold for the console. Browsers take `Secure` cookies from this machine's own address without TLS, too.
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import type { HeldSignIn } from "../identity/sign-in.ts";

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

const heldSignIn = z.object({
  name: z.string(),
  state: z.string().min(16),
  nonce: z.string().min(16),
  verifier: z.string().min(43),
});

/** A sign-in that was begun at the issuer of that name. */
export type BegunSignIn = HeldSignIn & { readonly name: string };

/** Gives the browser what it must hold when it comes back from the issuer. */
export function giveSignIn(c: Context, held: BegunSignIn): void {
  const text = Buffer.from(JSON.stringify(held)).toString("base64url");
  setCookie(c, SIGN_IN, text, { ...KIND, maxAge: SIGN_IN_S });
}

/** Takes that back, and gives it where it can be read: each sign-in is tried once. */
export function takeSignIn(c: Context): BegunSignIn | null {
  const text = getCookie(c, SIGN_IN, "host");
  if (text === undefined) return null;
  deleteCookie(c, SIGN_IN, KIND);
  try {
    return heldSignIn.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
  } catch {
    return null;
  }
}
