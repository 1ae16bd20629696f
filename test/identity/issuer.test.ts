// Tokens of an OpenID issuer through a whole gateway: its keys, its groups, its clock, its audience.
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestIssuer } from "../fixtures/test-issuer.ts";
import type { TestIssuer } from "../fixtures/test-issuer.ts";
import { toTarget } from "../clients/js/targets.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

const model = "gpt-4.1";
let issuer: TestIssuer;
let database: TestDatabase;
let gateway: RunningGateway;
beforeAll(async () => {
  issuer = await createTestIssuer();
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - issuer: ${issuer.url}
    audience: tollgate
    group_map: { "app-engineering": developers }
    clock_skew_s: 0
`,
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await issuer?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** Sends with a token and gives the error that the client raises. */
async function refusal(token: string): Promise<APIError> {
  const before = gateway.arrivals().length;
  const error = await toTarget(gateway.baseUrl, token)
    .client()
    .responses.create({ model, input: "echo: no" })
    .then(
      () => null,
      (thrown: unknown) => thrown,
    );
  expect(gateway.arrivals()).toHaveLength(before);
  if (error instanceof APIError) return error;
  throw new Error("The request was not refused.");
}

test("a token with a group that is mapped works, and its subject stands in the record", async () => {
  const token = await issuer.sign({ sub: "subject-of-token", groups: ["app-engineering", "everyone"] });
  const client = toTarget(gateway.baseUrl, token).client();
  expect((await client.responses.create({ model, input: "echo: hello" })).output_text).toBe("hello");
  const [row] = await database.db.sql<{ issuer: string; groups: string[]; caller_kind: string }[]>`
    select issuer, groups, caller_kind from exchanges where subject = 'subject-of-token'`;
  expect(row).toEqual({ issuer: issuer.url, groups: ["developers"], caller_kind: "human" });
  expect(gateway.upstream.requests().at(-1)?.headers.authorization).toBe(`Bearer ${gateway.credential}`);
});

test.each([
  ["that nobody mapped", ["everyone"]],
  ["of the policy's own name", ["developers"]],
  ["by the name of an inherited property", ["__proto__", "constructor"]],
])("a token with a group %s is refused by policy", async (_what, groups) => {
  const error = await refusal(await issuer.sign({ groups }));
  expect(error).toMatchObject({ status: 403, type: "permission_error" });
  expect(error.code).toMatch(/not_allowed$/);
  expect(error.headers?.get("x-should-retry")).toBe("false");
});

test("a token that has expired asks for another one", async () => {
  const groups = ["app-engineering"];
  const now = Math.floor(Date.now() / 1000);
  const old = await issuer.sign({ groups, iat: now - 60, exp: now - 1 });
  const error = await refusal(old);
  expect(error).toMatchObject({ status: 401, code: "token_expired" });
  expect(error.headers?.get("x-should-retry")).toBe("true");

  const tokens = [old, await issuer.sign({ groups })];
  const apiKey = async (): Promise<string> => tokens.shift() ?? "";
  const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey });
  expect((await client.responses.create({ model, input: "echo: fresh" })).output_text).toBe("fresh");
});

test("a token that worked is refused once it has expired", async () => {
  const exp = Math.floor(Date.now() / 1000) + 3;
  const token = await issuer.sign({ groups: ["app-engineering"], exp });
  const client = toTarget(gateway.baseUrl, token).client();
  const ask = () =>
    client.responses.create({ model, input: "echo: hello" }).then(
      () => "answered",
      (error: unknown) => (error instanceof APIError ? error.code : "fault"),
    );
  expect(await ask()).toBe("answered");
  await expect.poll(ask, { timeout: 10_000, interval: 250 }).toBe("token_expired");
  expect(Date.now() / 1000).toBeGreaterThanOrEqual(exp);
});

test.each([
  ["for another audience", { aud: "another" }],
  ["without an audience", { aud: undefined }],
  ["of another issuer", { iss: "https://issuer.invalid" }],
  ["without an end", { exp: undefined }],
])("a token %s is invalid", async (_what, claims) => {
  const error = await refusal(await issuer.sign({ groups: ["app-engineering"], ...claims }));
  expect(error).toMatchObject({ status: 401, code: "token_invalid" });
  expect(error.headers?.get("x-should-retry")).toBe("false");
});

test("keys that were replaced are found, without a restart", async () => {
  await issuer.rotate();
  const client = toTarget(gateway.baseUrl, await issuer.sign({ groups: ["app-engineering"] })).client();
  const ask = () => client.responses.create({ model, input: "echo: hello" }).then((one) => one.output_text);
  await expect.poll(() => ask().catch(() => null), { timeout: 40_000, interval: 1000 }).toBe("hello");
});
