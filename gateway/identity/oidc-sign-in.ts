// Signs people in at an OpenID issuer: authorization code with PKCE, state and nonce (RFC 6749, RFC 7636, OpenID Connect Core 1.0).
import { hash } from "node:crypto";
import { decodeJwt } from "jose";
import * as oauth from "openid-client";
import type { IssuerConfig } from "../config/issuers.ts";
import { GatewayError } from "../errors.ts";
import { discoverIssuer, issuerUnavailable, keepConfiguration } from "./discovery.ts";
import type { SignIn } from "./sign-in.ts";
import type { TrustedIssuer } from "./verify-token.ts";
import { verifyToken } from "./verify-token.ts";

/** What signs in at an issuer: the console's client there. */
export type SignInClient = NonNullable<IssuerConfig["console"]> & { readonly secret: string };

/** Makes the sign-in; `redirectUri` is where the issuer sends browsers back to. */
export function createOidcSignIn(
  trusted: TrustedIssuer,
  client: SignInClient,
  redirectUri: string,
  now: () => number = Date.now,
): SignIn {
  const { config } = trusted;
  const getConfiguration = keepConfiguration(
    () => discoverIssuer(config.issuer, client.client_id, client.secret),
    now,
  );

  /** The ID token is made for the console's client alone, whatever tokens of programs are made for. */
  function toVerifier(accessToken: string): TrustedIssuer {
    return {
      keys: trusted.keys,
      config: { ...config, audience: [client.client_id], authorized_parties: [] },
      client: {
        ...trusted.client,
        askUserInfo: (_idToken, subject) => trusted.client.askUserInfo(accessToken, subject),
      },
    };
  }

  return {
    async begin({ state, secret }) {
      return oauth.buildAuthorizationUrl(await getConfiguration(), {
        redirect_uri: redirectUri,
        scope: ["openid", ...client.scopes].join(" "),
        response_type: "code",
        state,
        nonce: toNonce(secret),
        code_challenge: await oauth.calculatePKCECodeChallenge(secret),
        code_challenge_method: "S256",
      });
    },
    async finish(fields, { state, secret }) {
      const configuration = await getConfiguration();
      const cameTo = new URL(redirectUri);
      cameTo.search = new URLSearchParams([...fields]).toString();
      const granted = await oauth
        .authorizationCodeGrant(configuration, cameTo, {
          expectedState: state,
          expectedNonce: toNonce(secret),
          pkceCodeVerifier: secret,
          idTokenExpected: true,
        })
        .catch((cause: unknown) => {
          throw toRefusal(cause);
        });
      const idToken = granted.id_token ?? "";
      const { caller } = await verifyToken(idToken, toVerifier(granted.access_token), now());
      const { sub, sid } = decodeJwt(idToken);
      return {
        caller,
        issuerSubject: sub ?? "",
        issuerSession: typeof sid === "string" ? sid : null,
        endsAt: null,
      };
    },
  };
}

/** A hash of what the browser holds (OpenID Connect Core 1.0, section 15.5.2). */
function toNonce(secret: string): string {
  return hash("sha256", `nonce\0${secret}`, "base64url");
}

/** What openid-client says of an answer that came and doesn't fit. */
const MISFITS = new Set([
  "OAUTH_INVALID_RESPONSE",
  "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED",
  "OAUTH_JWT_CLAIM_COMPARISON_FAILED",
  "OAUTH_JWT_TIMESTAMP_CHECK_FAILED",
  "OAUTH_WWW_AUTHENTICATE_CHALLENGE",
]);

/** An answer that doesn't fit, or says no, is a refusal; an issuer that can't be asked is none. */
function toRefusal(cause: unknown): GatewayError {
  const isAnswer =
    cause instanceof oauth.AuthorizationResponseError ||
    cause instanceof oauth.ResponseBodyError ||
    (cause instanceof oauth.ClientError && cause.code !== undefined && MISFITS.has(cause.code));
  return isAnswer
    ? new GatewayError("token_invalid", "The issuer didn't sign you in, or its answer doesn't fit.", {
        cause,
      })
    : issuerUnavailable(cause);
}
