// Finds an authorization server by its metadata, the gateway's or an issuer's, and words what it says in refusal.
import * as oauth from "openid-client";
import { z } from "zod";
import { fetchForClient } from "../identity/bounded-fetch.ts";
import { NoTokenError } from "./no-token-error.ts";

/** Nobody waits longer for one answer: seconds. */
export const TIMEOUT_S = 10;

/** An authorization server: its URL, and what it is called towards the user. */
export type AuthorizationServer = {
  readonly url: string;
  readonly kind: "gateway" | "issuer";
};

/** Finds it (RFC 8414 for the gateway, OpenID discovery for an issuer); rejects where it does not answer as itself. */
export function discover(
  { url, kind }: AuthorizationServer,
  clientId: string,
  auth: oauth.ClientAuth,
): Promise<oauth.Configuration> {
  return oauth.discovery(new URL(url), clientId, undefined, auth, {
    algorithm: kind === "gateway" ? "oauth2" : "oidc",
    timeout: TIMEOUT_S,
    [oauth.customFetch]: fetchForClient,
    execute: url.startsWith("http:") ? [oauth.allowInsecureRequests] : [],
  });
}

const told = z.object({ error: z.string(), error_description: z.string().default("") });
/** Refusals of the moment. */
const PASSING: ReadonlySet<string> = new Set(["temporarily_unavailable", "slow_down", "server_error"]);

/** Asks it something. Throws a `NoTokenError` that says what went wrong, and nothing of what was sent. */
export async function askServer<T>({ url, kind }: AuthorizationServer, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof NoTokenError) throw cause;
    const refusal = told.safeParse(cause);
    if (refusal.success) {
      const { error, error_description: description } = refusal.data;
      const isPassing = PASSING.has(error);
      throw new NoTokenError(`The ${kind} refuses: ${error}. ${description}`.trim(), { cause, isPassing });
    }
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreachable";
    const advice = kind === "gateway" ? " Use the gateway's public_url, without /v1." : "";
    throw new NoTokenError(`No token service answers at ${url} as itself (${code}).${advice}`, {
      cause,
      isPassing: true,
    });
  }
}
