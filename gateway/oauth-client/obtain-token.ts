// A program's way to a fresh token: shows the gateway's token service what it has, and gives what it gets.
import { createPrivateKey, createPublicKey } from "node:crypto";
import { importJWK } from "jose";
import * as oauth from "openid-client";
import { z } from "zod";
import { boundedFetch } from "../identity/bounded-fetch.ts";
import { readPublicKey } from "../oauth/public-key.ts";
import { askServer, discover, TIMEOUT_S } from "./authorization-server.ts";
import { NoTokenError } from "./no-token-error.ts";

/** What a program has to show. */
export type Proof =
  /** A token of an issuer that the gateway trusts. */
  | { readonly token: string }
  /** A service account, and its private key in PEM (PKCS #8) or as a JWK. */
  | { readonly account: string; readonly privateKey: string }
  /** A service account, and a key of its own as the client secret. */
  | { readonly account: string; readonly secret: string };

/** A fresh token. */
export type Obtained = {
  readonly token: string;
  /** Seconds. */ readonly expiresIn: number;
  readonly scope: string;
  /** For people who ask for `offline_access`, else null. */
  readonly refresh: string | null;
};

/** What a client calls itself that has no name at the gateway. */
const PROGRAM = "tollgate";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";

/** What a token is asked for, as the form's fields: a `scope`, an agent to be. */
export type Asked = Readonly<Record<string, string>>;

/** Asks the gateway at `url` for a token. Throws `NoTokenError`. */
export async function obtainToken(url: string, proof: Proof, asked: Asked): Promise<Obtained> {
  const gateway = { url, kind: "gateway" } as const;
  const answer = await askServer(gateway, async () => {
    if ("token" in proof) {
      const client = await discover(gateway, PROGRAM, oauth.None());
      const shown = { subject_token: proof.token, subject_token_type: JWT };
      return oauth.genericGrantRequest(client, EXCHANGE, { ...shown, ...asked });
    }
    const auth =
      "secret" in proof
        ? oauth.ClientSecretPost(proof.secret)
        : oauth.PrivateKeyJwt(await readPrivateKey(proof.privateKey));
    return oauth.clientCredentialsGrant(await discover(gateway, proof.account, auth), asked);
  });
  return toObtained(answer);
}

/** Uses a refresh token up. Throws `NoTokenError`. */
export async function refreshToken(url: string, token: string): Promise<Obtained> {
  const gateway = { url, kind: "gateway" } as const;
  return askServer(gateway, async () =>
    toObtained(await oauth.refreshTokenGrant(await discover(gateway, PROGRAM, oauth.None()), token)),
  );
}

/** Ends a token; a refresh token ends with all that came of its sign-in. Throws `NoTokenError`. */
export async function revokeToken(url: string, token: string): Promise<void> {
  const gateway = { url, kind: "gateway" } as const;
  await askServer(gateway, async () =>
    oauth.tokenRevocation(await discover(gateway, PROGRAM, oauth.None()), token),
  );
}

function toObtained(answer: oauth.TokenEndpointResponse): Obtained {
  const {
    access_token: token,
    expires_in: expiresIn = 0,
    scope = "",
    refresh_token: refresh = null,
  } = answer;
  return { token, expiresIn, scope, refresh };
}

/** Reads a private key; its `kid` is the thumbprint under which the public half was registered. */
async function readPrivateKey(text: string): Promise<oauth.PrivateKey> {
  try {
    const key = createPrivateKey(
      text.trim().startsWith("{") ? { key: z.looseObject({}).parse(JSON.parse(text)), format: "jwk" } : text,
    );
    const half = createPublicKey(key).export({ type: "spki", format: "pem" });
    const known = await readPublicKey(half.toString());
    if ("problem" in known) throw new NoTokenError(known.problem);
    const imported = await importJWK(
      { ...key.export({ format: "jwk" }), kty: known.jwk.kty ?? "" },
      known.jwk.alg,
    );
    if (imported instanceof Uint8Array) throw new NoTokenError("The key is a shared one.");
    return { key: imported, kid: known.thumbprint };
  } catch (cause) {
    if (cause instanceof NoTokenError) throw cause;
    throw new NoTokenError("The file holds no private key in PEM (PKCS #8) or as a JWK.", { cause });
  }
}

const identityToken = z.object({ value: z.string() });

/** Gets the ID token of the GitHub Actions job that this runs in. Throws `NoTokenError`. */
export async function readGitHubToken(
  env: Readonly<Record<string, string | undefined>>,
  audience: string,
): Promise<string> {
  const url = env["ACTIONS_ID_TOKEN_REQUEST_URL"];
  const bearer = env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"];
  if (url === undefined || bearer === undefined)
    throw new NoTokenError(
      "This is no job of GitHub Actions that may ask for ID tokens: give it `id-token: write`.",
    );
  const asked = new URL(url);
  asked.searchParams.set("audience", audience);
  try {
    const response = await boundedFetch(asked.href, {
      headers: { authorization: `Bearer ${bearer}` },
      signal: AbortSignal.timeout(TIMEOUT_S * 1000),
    });
    return identityToken.parse(await response.json()).value;
  } catch (cause) {
    throw new NoTokenError("GitHub gave no ID token for this job.", { cause, isPassing: true });
  }
}
