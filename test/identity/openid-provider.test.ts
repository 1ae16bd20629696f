// Tokens of a real OpenID provider: JWTs that are verified, opaque ones that it is asked about, and what the command says.
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "../clients/js/targets.ts";
import { createOpenIdProvider, GATEWAY_CLIENT } from "../fixtures/openid-provider.ts";
import type { OpenIdProvider } from "../fixtures/openid-provider.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

let provider: OpenIdProvider;
let database: TestDatabase;
let gateway: RunningGateway;
beforeAll(async () => {
  provider = await createOpenIdProvider();
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    env: { INTROSPECTION_SECRET: GATEWAY_CLIENT.secret },
    config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - issuer: ${provider.url}
    audience: tollgate
    kind: service
    subject_claim: client_id
    authorized_parties: [report-writer]
    group_map: { staff: developers }
    introspection: { client_id: ${GATEWAY_CLIENT.id}, client_secret: "env:INTROSPECTION_SECRET", cache_s: 1 }
`,
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const ask = (token: string): Promise<string> =>
  toTarget(gateway.baseUrl, token)
    .client()
    .responses.create({ model: "gpt-4.1", input: "echo: hello" })
    .then(
      (one) => one.output_text,
      (error: unknown) =>
        typeof error === "object" && error !== null && "code" in error ? String(error.code) : "fault",
    );

test.each(["jwt", "opaque"] as const)("an access token (%s) works, and says who calls", async (resource) => {
  expect(await ask(await provider.getToken(resource))).toBe("hello");
  const rows = await database.db.sql<{ subject: string; groups: string[]; caller_kind: string }[]>`
    select subject, groups, caller_kind from exchanges order by at desc limit 1`;
  expect(rows).toEqual([{ subject: "report-writer", groups: ["developers"], caller_kind: "service" }]);
});

test("an opaque token that its provider withdraws stops working once the answer is old", async () => {
  const token = await provider.getToken("opaque");
  expect(await ask(token)).toBe("hello");
  await provider.withdraw(token);
  await expect.poll(() => ask(token), { timeout: 20_000, interval: 250 }).toBe("token_invalid");
});

test("the command explains an accepted token step by step, and never shows it", async () => {
  const token = await provider.getToken("jwt");
  const { code, stdout, stderr } = await gateway.cli("identity", "explain", token);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(new RegExp(`^form +a JWT that names the issuer ${provider.url}$`, "m"));
  expect(stdout).toMatch(/^header +type at\+jwt, algorithm RS256, key signing-1$/m);
  expect(stdout).toMatch(/^group +staff: developers$/m);
  expect(stdout).toMatch(/^group +other: not in group_map, counts for nothing$/m);
  expect(stdout).toMatch(/^ACCEPTED +report-writer, service of .*; groups developers$/m);
  for (const part of token.split(".")) expect(stdout).not.toContain(part);
});

test("the command says why a token is refused", async () => {
  const forged = `${await provider.getToken("jwt")}x`;
  const { code, stdout, stderr } = await gateway.cli("identity", "explain", forged, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    caller: null,
    refusal: { code: "token_invalid", message: expect.stringContaining("signature") },
  });
  expect(stderr).toContain("The token is refused.");
});
