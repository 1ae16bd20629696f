// Tells which service account asks for a token: by its key as a client secret, or by an assertion that it signed (RFC 7523).
import { hash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { z } from "zod";
import type { ClientAccount } from "../../db/queries/client-keys.ts";
import { GatewayError } from "../errors.ts";
import { toAccountCaller } from "../identity/account-caller.ts";
import type { TokenCheck } from "../identity/check-token.ts";
import { isKeyText } from "../identity/key-format.ts";
import { toAlgorithms } from "../identity/verify-token.ts";
import type { Presented } from "./delegate.ts";
import type { Form } from "./form.ts";
import { OAuthError } from "./oauth-error.ts";

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** Longest life of an assertion: it is made for one request. */
const LONGEST_S = 300;
const SKEW_S = 30;

export type ClientDeps = {
  readonly check: TokenCheck;
  readonly findAccount: (name: string) => Promise<ClientAccount | null>;
  /** Uses an assertion up; false where it was used before. */
  readonly useAssertion: (hash: Buffer, expiresAt: Date) => Promise<boolean>;
  /** The audiences that an assertion may be for: the issuer's name, and its token endpoint. */
  readonly audiences: () => readonly string[];
  readonly now: () => number;
};

const jwk = z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() });
const refused = (cause?: unknown): OAuthError =>
  new OAuthError("invalid_client", "The client did not prove itself.", { cause });

/** Authenticates the client of a request. Throws `invalid_client` or `invalid_request`. */
export async function authenticateClient(
  deps: ClientDeps,
  form: Form,
  authorization: string | null,
): Promise<Presented> {
  const assertion = form.get("client_assertion");
  const secret = form.get("client_secret");
  const ways = [assertion, secret, authorization ?? undefined].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw new OAuthError("invalid_request", "A client proves itself in exactly one way.");
  if (assertion !== undefined) return byAssertion(deps, form, assertion);
  const basic = authorization === null ? null : readBasic(authorization);
  const name = basic?.name ?? form.get("client_id");
  return bySecret(deps, name, basic?.secret ?? secret ?? "");
}

async function bySecret(deps: ClientDeps, name: string | undefined, secret: string): Promise<Presented> {
  if (!isKeyText(secret)) throw refused();
  const { caller } = await deps.check(secret).catch((error: unknown) => {
    // That nobody can be asked says nothing of the client.
    if (error instanceof GatewayError && error.code === "identity_unavailable") throw error;
    throw refused(error);
  });
  if (caller.subject !== name) throw refused();
  const { credentialId, expiresAt, parents: _parents, ...kept } = caller;
  return { caller: kept, parents: [credentialId], expiresAt, until: expiresAt };
}

async function byAssertion(deps: ClientDeps, form: Form, assertion: string): Promise<Presented> {
  if (form.get("client_assertion_type") !== ASSERTION_TYPE)
    throw new OAuthError("invalid_request", `The client_assertion_type must be ${ASSERTION_TYPE}.`);
  const name = readSubject(assertion);
  const given = form.get("client_id");
  const account =
    name === null || (given !== undefined && given !== name) ? null : await deps.findAccount(name);
  if (name === null || account === null) throw refused();
  const { keyId, exp } = await verifyAssertion(deps, account, assertion);
  // Used up whatever comes of it. What was signed tells assertions apart: of a signature anybody can make another that fits.
  const signed = assertion.slice(0, assertion.lastIndexOf("."));
  const isNew = await deps.useAssertion(hash("sha256", signed, "buffer"), new Date((exp + LONGEST_S) * 1000));
  if (!isNew) throw refused();
  return { caller: toAccountCaller(account, []), parents: [keyId], expiresAt: null, until: null };
}

async function verifyAssertion(
  deps: ClientDeps,
  account: ClientAccount,
  assertion: string,
): Promise<{ readonly keyId: string; readonly exp: number }> {
  const nowMs = deps.now();
  const kid = readKeyId(assertion);
  for (const key of account.keys) {
    const parsed = jwk.parse(key.jwk);
    if (kid !== undefined && kid !== parsed.kid) continue;
    try {
      const { payload } = await jwtVerify(assertion, await importJWK(parsed), {
        issuer: account.name,
        subject: account.name,
        audience: [...deps.audiences()],
        algorithms: toAlgorithms([parsed.alg]),
        requiredClaims: ["exp", "jti"],
        clockTolerance: SKEW_S,
        currentDate: new Date(nowMs),
      });
      const exp = payload.exp ?? 0;
      if (exp > nowMs / 1000 + LONGEST_S + SKEW_S) throw refused();
      return { keyId: key.id, exp };
    } catch (error) {
      if (error instanceof OAuthError) throw error;
      // Another of the account's keys may fit.
    }
  }
  throw refused();
}

function readKeyId(assertion: string): string | undefined {
  try {
    return decodeProtectedHeader(assertion).kid;
  } catch (error) {
    throw refused(error);
  }
}

function readSubject(assertion: string): string | null {
  try {
    const { sub, iss } = decodeJwt(assertion);
    return sub !== undefined && sub === iss ? sub : null;
  } catch {
    return null;
  }
}

/** RFC 6749, section 2.3.1: both parts are encoded as in forms. */
function readBasic(authorization: string): { readonly name: string; readonly secret: string } {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const text = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  try {
    if (colon > 0)
      return {
        name: decodeURIComponent(text.slice(0, colon)),
        secret: decodeURIComponent(text.slice(colon + 1)),
      };
  } catch {
    throw refused();
  }
  throw refused();
}
