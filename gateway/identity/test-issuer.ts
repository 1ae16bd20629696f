// An OpenID issuer for tests: a local server with keys that rotate, and that can be told to misbehave.
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { CryptoKey, JWK } from "jose";
import type { IssuerConfig } from "../config/config.ts";

export type TestIssuer = {
  readonly url: string;
  readonly config: IssuerConfig;
  /** How often the keys were asked for. */
  fetches(): number;
  /** Answers in another way from now on. */
  behave(how: "well" | "hang" | "fail" | "garbage" | "redirect" | "huge"): void;
  /** Replaces the keys. */
  rotate(): Promise<void>;
  /** Signs a token with the newest key; `claims` may remove one of the usual ones by undefined. */
  sign(
    claims?: { readonly [name: string]: unknown },
    header?: { alg?: string; typ?: string; kid?: string; [name: string]: unknown },
  ): Promise<string>;
  readonly publicJwk: () => JWK;
  [Symbol.asyncDispose](): Promise<void>;
};

type Pair = { readonly privateKey: CryptoKey; readonly jwk: JWK; readonly kid: string };

/** Starts an issuer. */
export async function createTestIssuer(overrides: Partial<IssuerConfig> = {}): Promise<TestIssuer> {
  let how: Parameters<TestIssuer["behave"]>[0] = "well";
  let fetches = 0;
  let made = 0;
  let current = await makePair();

  async function makePair(): Promise<Pair> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    made += 1;
    const kid = `key-${made}`;
    return { privateKey, kid, jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" } };
  }

  const server = createServer((request, response) => {
    if (request.url === "/.well-known/openid-configuration") {
      return sendJson(response, { issuer: url, jwks_uri: `${url}/jwks` });
    }
    if (request.url === "/other") return sendJson(response, { keys: [current.jwk] });
    fetches += 1;
    switch (how) {
      case "well":
        return sendJson(response, { keys: [current.jwk] });
      case "hang":
        return undefined;
      case "fail":
        return void response.writeHead(500).end();
      case "garbage":
        return void response.end("<html>");
      case "redirect":
        return void response.writeHead(302, { location: `${url}/other` }).end();
      case "huge":
        return void response.end(JSON.stringify({ keys: [current.jwk], padding: "x".repeat(2_000_000) }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The issuer has no port.");
  const url = `http://127.0.0.1:${address.port}`;

  return {
    url,
    config: {
      issuer: url,
      audience: ["tollgate"],
      algorithms: ["RS256", "ES256"],
      jwks_uri: null,
      subject_claim: "sub",
      groups_claim: "groups",
      group_map: new Map([["staff", ["developers"]]]),
      claims: [],
      kind: "human",
      tenant: "default",
      clock_skew_s: 5,
      ...overrides,
    },
    fetches: () => fetches,
    behave(next) {
      how = next;
    },
    async rotate() {
      current = await makePair();
    },
    async sign(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: url, aud: "tollgate", sub: "ada", iat: now, exp: now + 60, ...claims };
      return new SignJWT(all)
        .setProtectedHeader({ alg: "ES256", kid: current.kid, ...header })
        .sign(current.privateKey);
    },
    publicJwk: () => current.jwk,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader("content-type", "application/json").end(JSON.stringify(value));
}
