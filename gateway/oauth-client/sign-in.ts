// A person's sign-in at an issuer: in a browser of this machine (RFC 8252), or by a code on any other device (RFC 8628).
import * as oauth from "openid-client";
import { askServer, discover } from "./authorization-server.ts";
import { listenForBrowser } from "./browser-return.ts";
import type { Login } from "./logins.ts";
import { NoTokenError } from "./no-token-error.ts";

/** How whoever signs in is talked to. */
export type Screen = {
  /** Shows a page: in a browser where there is one, else by its URL. */
  showPage(url: string): void;
  /** Asks for a code to be typed in at a page. */
  showCode(url: string, code: string): void;
  /** Whether to sign in by a code: `yes`, `no`, or where the issuer can. */
  readonly byCode: "yes" | "no" | "if offered";
};

/** Signs somebody in, and gives the token that the gateway is to be shown. Throws `NoTokenError`. */
export async function signIn(login: Login, screen: Screen, signal: AbortSignal): Promise<string> {
  const issuer = { url: login.issuer, kind: "issuer" } as const;
  const tokens = await askServer(issuer, async () => {
    const client = await discover(issuer, login.client_id, oauth.None());
    const isOffered = client.serverMetadata().device_authorization_endpoint !== undefined;
    if (screen.byCode === "yes" && !isOffered)
      throw new NoTokenError("The issuer has no sign-in by a code (device_authorization_endpoint).");
    return screen.byCode !== "no" && isOffered
      ? byCode(client, login, screen, signal)
      : byBrowser(client, login, screen, signal);
  });
  const token = tokens[login.token];
  if (token === undefined) throw new NoTokenError(`The issuer gave no ${login.token}.`);
  return token;
}

async function byBrowser(
  client: oauth.Configuration,
  login: Login,
  screen: Screen,
  signal: AbortSignal,
): Promise<oauth.TokenEndpointResponse> {
  const [state, verifier] = [oauth.randomState(), oauth.randomPKCECodeVerifier()];
  await using back = await listenForBrowser(login.redirect_uri, state, signal);
  const asked = oauth.buildAuthorizationUrl(client, {
    ...toRequest(login),
    redirect_uri: back.redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  // What opens pages opens programs too, by other schemes.
  if (!/^https?:$/.test(asked.protocol)) throw new NoTokenError("The issuer's sign-in is no page.");
  screen.showPage(asked.href);
  const { url, tell } = await back.returned;
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  try {
    const tokens = await oauth.authorizationCodeGrant(client, url, checks, toResource(login));
    await tell(true);
    return tokens;
  } catch (error) {
    await tell(false);
    throw error;
  }
}

async function byCode(
  client: oauth.Configuration,
  login: Login,
  screen: Screen,
  signal: AbortSignal,
): Promise<oauth.TokenEndpointResponse> {
  const asked = await oauth.initiateDeviceAuthorization(client, toRequest(login));
  screen.showCode(asked.verification_uri_complete ?? asked.verification_uri, asked.user_code);
  return oauth.pollDeviceAuthorizationGrant(client, asked, toResource(login), { signal });
}

function toRequest(login: Login): Record<string, string> {
  return { scope: login.scope, ...toResource(login) };
}

function toResource({ resource }: Login): Record<string, string> {
  return resource === null ? {} : { resource };
}
