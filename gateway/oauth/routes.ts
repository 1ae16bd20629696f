// The token service on the data port: tokens, their revocation, and where a client finds both (RFC 8414).
import type { IncomingMessage } from "node:http";
import type { Context } from "hono";
import { Hono } from "hono";
import type { TokenRow } from "../../db/queries/tokens.ts";
import type { LoginConfig } from "../config/issuers.ts";
import { GatewayError } from "../errors.ts";
import type { Log } from "../log.ts";
import { requireBound } from "../identity/binding.ts";
import type { Failures } from "../identity/failures.ts";
import { readIncoming } from "../identity/incoming.ts";
import { hashKey, isAccessText, isRefreshText } from "../identity/key-format.ts";
import type { Sender } from "../identity/sender.ts";
import type { AssertionCheck } from "../saml/assertion-check.ts";
import type { Form } from "./form.ts";
import { readForm, requireField } from "./form.ts";
import type { GrantDeps } from "./grants.ts";
import { grantToken, GRANT_TYPES } from "./grants.ts";
import { OAuthError } from "./oauth-error.ts";

/** An issuer at which people sign in. */
export type Login = LoginConfig & { readonly issuer: string };

export type TokenServiceDeps = Omit<
  GrantDeps,
  "audiences" | "checkAssertion" | "onReuse" | "requireBound"
> & {
  readonly checkAssertion: AssertionCheck;
  /** Is told of a refresh token that came again, and from where. */
  readonly onReuse: (used: TokenRow, sender: Sender) => void;
  /** The gateway's URL as its users see it. */
  readonly publicUrl: () => string;
  /** Ends a token by its hash, a refresh token with its family; false where there is none. */
  readonly end: (hash: Buffer) => Promise<boolean>;
  readonly toSender: (incoming: IncomingMessage) => Sender;
  readonly failures: Failures;
  /** The issuers at which people sign in, with the public clients for that. */
  readonly logins: readonly Login[];
  readonly log: Log;
};

/** Makes the routes: `POST /oauth/token`, `POST /oauth/revoke`, `DELETE /oauth/token` and the metadata. */
export function createTokenService(deps: TokenServiceDeps): Hono {
  const app = new Hono();
  const { log, failures } = deps;
  const granting = (sender: Sender): GrantDeps => ({
    ...deps,
    audiences: () => [deps.publicUrl(), toTokenEndpoint(deps.publicUrl())],
    check: (token) => deps.check(token, { sender }),
    checkAssertion: (encoded) => deps.checkAssertion(encoded, { address: sender.address() }),
    onReuse: (used) => deps.onReuse(used, sender),
    requireBound: (caller) => requireBound(caller, sender),
  });

  /** Runs one request; what it throws becomes an answer that tells an attacker nothing. */
  async function answer(c: Context, run: (sender: Sender) => Promise<Response>): Promise<Response> {
    const sender = deps.toSender(readIncoming(c.env));
    const address = sender.address();
    c.header("cache-control", "no-store");
    try {
      if (failures.isLimited(address))
        throw new OAuthError("slow_down", "Too many requests failed; wait a minute.");
      return await run(sender);
    } catch (error) {
      const refusal = toOAuthError(error);
      if (refusal.code === "temporarily_unavailable") log.error({ err: error }, "The token service failed.");
      if (refusal.status < 429) failures.note(address);
      log.warn(
        { code: refusal.code, path: c.req.path, address },
        "A request to the token service was refused.",
      );
      const isBasic = c.req.header("authorization") !== undefined;
      if (refusal.status === 401 && isBasic) c.header("www-authenticate", 'Basic realm="tollgate"');
      if (refusal.status === 429) c.header("retry-after", "60");
      return c.json({ error: refusal.code, error_description: refusal.message }, refusal.status);
    }
  }

  /** A token that there is not is nothing to tell of; who shows many of them is guessing. */
  async function end(form: Form, sender: Sender): Promise<void> {
    const token = requireField(form, "token");
    const isForm = isAccessText(token) || isRefreshText(token);
    if (!isForm || !(await deps.end(hashKey(token)))) failures.note(sender.address());
  }

  app.post("/oauth/token", (c) =>
    answer(c, async (sender) => {
      const form = await readForm(c.req.raw);
      const granted = await grantToken(granting(sender), form, c.req.header("authorization") ?? null);
      log.info({ grant: form.get("grant_type") }, "A token was issued.");
      return c.json(granted);
    }),
  );
  // RFC 7009: who holds a token may end it, and learns nothing of one that there is not.
  app.post("/oauth/revoke", (c) =>
    answer(c, async (sender) => {
      await end(await readForm(c.req.raw), sender);
      return c.body(null, 200);
    }),
  );
  app.delete("/oauth/token", (c) =>
    answer(c, async (sender) => {
      const [, token] = /^Bearer +([\w]+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
      if (token === undefined)
        throw new OAuthError("invalid_request", "The token to end is the bearer token.");
      await end(new Map([["token", token]]), sender);
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
      tollgate_logins: deps.logins,
    });
  });
  return app;
}

/** Gives the token endpoint of a gateway's URL. */
export function toTokenEndpoint(publicUrl: string): string {
  return `${publicUrl}/oauth/token`;
}

function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (error instanceof GatewayError && error.code !== "identity_unavailable")
    return new OAuthError("invalid_grant", error.message, { cause: error });
  return new OAuthError("temporarily_unavailable", "The token service can't answer now; try again.", {
    cause: error,
  });
}
