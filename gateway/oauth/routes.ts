// The token service on the data port: tokens, their revocation, and where a client finds both (RFC 8414).
import type { Context } from "hono";
import { Hono } from "hono";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import { hashKey, isAccessText, isRefreshText } from "../identity/key-format.ts";
import type { Form } from "./form.ts";
import { readForm, requireField } from "./form.ts";
import type { GrantDeps } from "./grants.ts";
import { grantToken, GRANT_TYPES } from "./grants.ts";
import { OAuthError } from "./oauth-error.ts";

export type TokenServiceDeps = Omit<GrantDeps, "audiences"> & {
  /** The gateway's URL as its users see it. */
  readonly publicUrl: () => string;
  /** Ends a token by its hash, a refresh token with its family. */
  readonly end: (hash: Buffer) => Promise<void>;
  readonly log: Log;
};

/** Failed attempts of one address within a minute, at each worker; further ones wait. */
const MOST_FAILURES = 120;
const MINUTE_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/** Makes the routes: `POST /oauth/token`, `POST /oauth/revoke`, `DELETE /oauth/token` and the metadata. */
export function createTokenService(deps: TokenServiceDeps): Hono {
  const app = new Hono();
  const { log, now } = deps;
  const failures = new Map<string, { count: number; until: number }>();
  const granting: GrantDeps = {
    ...deps,
    audiences: () => [deps.publicUrl(), toTokenEndpoint(deps.publicUrl())],
  };

  function requirePatience(address: string): void {
    const held = failures.get(address);
    if (held !== undefined && held.until > now() && held.count >= MOST_FAILURES)
      throw new OAuthError("slow_down", "Too many requests failed; wait a minute.");
  }

  function noteFailure(address: string): void {
    const held = failures.get(address);
    if (held !== undefined && held.until > now()) held.count += 1;
    else {
      if (failures.size >= MOST_ADDRESSES) failures.clear();
      failures.set(address, { count: 1, until: now() + MINUTE_MS });
    }
  }

  /** Runs one request; what it throws becomes an answer that tells an attacker nothing. */
  async function answer(c: Context, run: () => Promise<Response>): Promise<Response> {
    const address = toAddress(c);
    c.header("cache-control", "no-store");
    try {
      requirePatience(address);
      return await run();
    } catch (error) {
      const refusal = toOAuthError(error);
      if (refusal.code === "temporarily_unavailable") log.error({ err: error }, "The token service failed.");
      if (refusal.status < 429) noteFailure(address);
      log.warn({ code: refusal.code, path: c.req.path }, "A request to the token service was refused.");
      const isBasic = c.req.header("authorization") !== undefined;
      if (refusal.status === 401 && isBasic) c.header("www-authenticate", 'Basic realm="tollgate"');
      if (refusal.status === 429) c.header("retry-after", "60");
      return c.json({ error: refusal.code, error_description: refusal.message }, refusal.status);
    }
  }

  app.post("/oauth/token", (c) =>
    answer(c, async () => {
      const form = await readForm(c.req.raw);
      const granted = await grantToken(granting, form, c.req.header("authorization") ?? null);
      log.info({ grant: form.get("grant_type") }, "A token was issued.");
      return c.json(granted);
    }),
  );
  // RFC 7009: who holds a token may end it, and learns nothing of one that there is not.
  app.post("/oauth/revoke", (c) =>
    answer(c, async () => {
      await end(deps, await readForm(c.req.raw));
      return c.body(null, 200);
    }),
  );
  app.delete("/oauth/token", (c) =>
    answer(c, async () => {
      const [, token] = /^Bearer +([\w]+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
      if (token === undefined)
        throw new OAuthError("invalid_request", "The token to end is the bearer token.");
      await end(deps, new Map([["token", token]]));
      return c.body(null, 204);
    }),
  );
  for (const [path, allow] of [
    ["/oauth/token", "POST, DELETE"],
    ["/oauth/revoke", "POST"],
  ] as const) {
    const told = { error: "invalid_request", error_description: `The methods are ${allow}.` };
    app.all(path, (c) => c.json(told, 405, { allow }));
  }
  app.get("/.well-known/oauth-authorization-server", (c) => {
    const url = deps.publicUrl();
    return c.json({
      issuer: url,
      token_endpoint: toTokenEndpoint(url),
      revocation_endpoint: `${url}/oauth/revoke`,
      grant_types_supported: GRANT_TYPES,
      response_types_supported: [],
      token_endpoint_auth_methods_supported: [
        "none",
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
      ],
      token_endpoint_auth_signing_alg_values_supported: ["RS256", "ES256", "ES384", "EdDSA"],
      revocation_endpoint_auth_methods_supported: ["none"],
    });
  });
  return app;
}

/** Gives the token endpoint of a gateway's URL. */
export function toTokenEndpoint(publicUrl: string): string {
  return `${publicUrl}/oauth/token`;
}

async function end(deps: TokenServiceDeps, form: Form): Promise<void> {
  const token = requireField(form, "token");
  if (isAccessText(token) || isRefreshText(token)) await deps.end(hashKey(token));
}

function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (error instanceof GatewayError && error.code !== "identity_unavailable")
    return new OAuthError("invalid_grant", error.message, { cause: error });
  return new OAuthError("temporarily_unavailable", "The token service can't answer now; try again.", {
    cause: error,
  });
}

function toAddress(c: Context): string {
  const incoming: unknown = c.env;
  if (typeof incoming !== "object" || incoming === null || !("incoming" in incoming)) return "";
  const { incoming: request } = incoming;
  if (typeof request !== "object" || request === null || !("socket" in request)) return "";
  const { socket } = request;
  return typeof socket === "object" && socket !== null && "remoteAddress" in socket
    ? String(socket.remoteAddress)
    : "";
}
