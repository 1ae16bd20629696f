// Signs people in at an issuer: authorization code with PKCE, state and nonce (RFC 6749, RFC 7636, OpenID Connect Core 1.0).
import { decodeJwt } from "jose";
import * as oauth from "openid-client";
import type { IssuerConfig } from "../config/issuers.ts";
import { GatewayError } from "../errors.ts";
import type { ClaimedCaller } from "./claims.ts";
import { discoverIssuer, issuerUnavailable, keepConfiguration } from "./discovery.ts";
import type { TrustedIssuer } from "./verify-token.ts";
import { verifyToken } from "./verify-token.ts";

/** What the browser that began a sign-in holds until it comes back. */
export type HeldSignIn = { readonly state: string; readonly nonce: string; readonly verifier: string };

/** Who signed in. */
export type SignedIn = {
  readonly caller: ClaimedCaller;
  /** The issuer's own name for the subject. */
  readonly issuerSubject: string;
  /** The issuer's session (`sid`), where it has a name. */
  readonly issuerSession: string | null;
};

/** The sign-in at one issuer. */
export type OidcSignIn = {
  /** Begins one: where to send the browser, and what it must still hold when it comes back. */
  begin(): Promise<{ readonly url: URL; readonly held: HeldSignIn }>;
  /** Finishes one by the address that the browser came back to. Throws `token_invalid` or `identity_unavailable`. */
  finish(cameTo: URL, held: HeldSignIn): Promise<SignedIn>;
};

/** What signs in at an issuer: the console's client there. */
export type SignInClient = NonNullable<IssuerConfig["console"]> & { readonly secret: string };

/** Makes the sign-in; `redirectUri` is where the issuer sends browsers back to. */
export function createOidcSignIn(
  trusted: TrustedIssuer,
  client: SignInClient,
  redirectUri: string,
  now: () => number = Date.now,
): OidcSignIn {
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
    async begin() {
      const configuration = await getConfiguration();
      const held = {
        state: oauth.randomState(),
        nonce: oauth.randomNonce(),
        verifier: oauth.randomPKCECodeVerifier(),
      };
      const url = oauth.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: ["openid", ...client.scopes].join(" "),
        response_type: "code",
        state: held.state,
        nonce: held.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(held.verifier),
        code_challenge_method: "S256",
      });
      return { url, held };
    },
    async finish(cameTo, { state, nonce, verifier }) {
      const configuration = await getConfiguration();
      const granted = await oauth
        .authorizationCodeGrant(configuration, cameTo, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        .catch((cause: unknown) => {
          throw toRefusal(cause);
        });
      const idToken = granted.id_token ?? "";
      const { caller } = await verifyToken(idToken, toVerifier(granted.access_token), now());
      if (caller.kind !== "human")
        throw new GatewayError("token_invalid", "The console is for people; this is no person's account.");
      const { sub, sid } = decodeJwt(idToken);
      return { caller, issuerSubject: sub ?? "", issuerSession: typeof sid === "string" ? sid : null };
    },
  };
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
