// Asks the token service in all its ways, rightly and wrongly, with credentials of every kind in every place.
import { SignJWT } from "jose";
import type { CryptoKey } from "jose";
import { expect } from "vitest";
import { z } from "zod";
import type { TestIssuer } from "../fixtures/test-issuer.ts";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";
const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/** Parameters in which somebody may put a credential by mistake. */
const MISPLACED = [
  "grant_type",
  "subject_token_type",
  "scope",
  "audience",
  "requested_token_type",
  "actor_token",
  "agent",
  "agent_purpose",
  "agent_tools",
  "agent_groups",
] as const;

const granted = z.object({ access_token: z.string(), refresh_token: z.string().optional() });
type Form = Readonly<Record<string, string>>;

/** Asks; gives the credentials that were shown and given, and says whatever else was answered. */
export async function askForTokens(parts: {
  readonly origin: string;
  readonly issuer: TestIssuer;
  /** A service account that has this key, and whose other key's public half is known. */
  readonly account: { readonly name: string; readonly key: string; readonly privateKey: CryptoKey };
  readonly say: (text: string) => void;
}): Promise<{ readonly access: string; readonly secrets: Readonly<Record<string, string>> }> {
  const { origin, issuer, account, say } = parts;

  function post(form: Form, headers: Form = {}, path = "/oauth/token"): Promise<Response> {
    const body = new URLSearchParams(form);
    return fetch(origin + path, { method: "POST", headers: { ...headers }, body });
  }
  async function grant(form: Form, headers: Form = {}): Promise<z.infer<typeof granted>> {
    const answer = await post(form, headers);
    say(JSON.stringify([...answer.headers]));
    expect(answer.status).toBe(200);
    return granted.parse(await answer.json());
  }
  async function refuse(asked: Promise<Response>): Promise<void> {
    const answer = await asked;
    say(`${JSON.stringify([...answer.headers])} ${await answer.text()}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
  const assert = (): Promise<string> =>
    new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer(account.name)
      .setSubject(account.name)
      .setAudience(origin)
      .setExpirationTime("60s")
      .sign(account.privateKey);

  const subject = await issuer.sign({ groups: ["staff"], sub: "canary-person" });
  const exchange = { grant_type: EXCHANGE, subject_token: subject, subject_token_type: JWT };
  const first = await grant({ ...exchange, scope: "offline_access" });
  const refresh = { grant_type: "refresh_token", refresh_token: first.refresh_token ?? "" };
  const second = await grant(refresh);
  await refuse(post(refresh));
  const third = await grant(exchange);
  const agent = await grant({ ...exchange, agent: "writer", agent_purpose: "writes reports" });
  const basic = Buffer.from(`${account.name}:${account.key}`).toString("base64");
  const client = { grant_type: "client_credentials" };
  const byKey = await grant(client, { authorization: `Basic ${basic}` });
  const assertion = await assert();
  const proof = { ...client, client_assertion_type: ASSERTION, client_assertion: assertion };
  const byAssertion = await grant(proof);
  await refuse(post(proof));
  await refuse(post({ ...client, client_id: account.name, client_secret: `${account.key}x` }));

  const secrets = {
    subject: toSignature(subject),
    assertion: toSignature(assertion),
    basic: basic.slice(Buffer.from(`${account.name}:`).toString("base64").length),
    access: first.access_token,
    refresh: first.refresh_token ?? "",
    secondAccess: second.access_token,
    secondRefresh: second.refresh_token ?? "",
    third: third.access_token,
    agent: agent.access_token,
    byKey: byKey.access_token,
    byAssertion: byAssertion.access_token,
  };
  for (const credential of [subject, account.key, refresh.refresh_token]) {
    for (const name of MISPLACED) {
      const minted = name.startsWith("agent") && { agent: "writer", agent_purpose: "writes reports" };
      await refuse(post({ ...exchange, ...minted, [name]: credential }));
    }
    await refuse(post({ ...exchange, subject_token: `${credential}x` }));
    await refuse(post({ ...client, client_id: credential, client_secret: credential }));
    await refuse(post({ ...proof, client_assertion: credential }));
    await refuse(post(exchange, {}, `/oauth/token?subject_token=${credential}`));
    await refuse(fetch(`${origin}/oauth/token?token=${credential}`));
  }
  const ended = await fetch(`${origin}/oauth/token`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${second.access_token}` },
  });
  expect(ended.status).toBe(204);
  return { access: third.access_token, secrets };
}

/** What is secret of a signed token: the rest says who somebody is, and counts for nothing without it. */
function toSignature(token: string): string {
  return token.slice(token.lastIndexOf(".") + 1);
}
