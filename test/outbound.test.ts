// A gateway that reaches the world through a proxy alone: targets by HTTP and by WebSocket, issuers, commands.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { makeCertificate } from "./fixtures/certificate.ts";
import { startProxy, startTls } from "./fixtures/proxy.ts";
import type { TestProxy } from "./fixtures/proxy.ts";
import { createTestIssuer } from "./fixtures/test-issuer.ts";
import type { TestIssuer } from "./fixtures/test-issuer.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const LOGIN = "https://login.hosts.example";
const PASSWORD = "password-of-the-proxy";
const certificate = makeCertificate("hosts");
const stack = new AsyncDisposableStack();
let folder: string;
let proxy: TestProxy;
let issuer: TestIssuer;
let database: TestDatabase;
let gateway: RunningGateway;

/** Puts TLS before a server of this machine, where only the proxy finds it. */
async function publish(host: string, url: string): Promise<void> {
  const tls = stack.use(await startTls(certificate, Number(new URL(url).port)));
  proxy.hosts.set(`${host}:443`, tls.port);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-outbound-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "ca.pem"), certificate.cert);
  await writeFile(join(folder, "other.pem"), makeCertificate("other").cert);
  proxy = stack.use(await startProxy(`gateway:${PASSWORD}`));
  issuer = stack.use(await createTestIssuer());
  database = stack.use(await createTestDatabase());
  gateway = stack.use(
    await startGateway({
      databaseUrl: database.url,
      env: {
        HTTPS_PROXY: "http://127.0.0.1:1",
        PROXY_CREDENTIAL: `gateway:${PASSWORD}`,
        INTROSPECTION_SECRET: "introspection-secret",
        CONSOLE_SECRET: "console-secret",
      },
      // Then the console is of another process than the calls.
      args: ["--workers", "2"],
      config: () => `
outbound: { proxy: "${proxy.url}", proxy_credential: "env:PROXY_CREDENTIAL", ca: "${folder}/ca.pem" }
connections:
  - { name: openai, base_url: "https://target.hosts.example/v1", credential: "env:OPENAI_API_KEY", default: true }
  - { name: pinned, base_url: "https://target.hosts.example/v1", credential: "env:OPENAI_API_KEY", ca: "${folder}/other.pem" }
issuers:
  - issuer: ${LOGIN}
    audience: tollgate
    algorithms: [ES256]
    jwks_uri: ${LOGIN}/jwks
    group_map: { staff: [developers] }
    introspection: { client_id: tollgate, client_secret: "env:INTROSPECTION_SECRET", endpoint: ${LOGIN}/introspect }
    console: { client_id: console, client_secret: "env:CONSOLE_SECRET" }
`,
    }),
  );
  await publish("target.hosts.example", gateway.targetUrl);
  await publish("login.hosts.example", issuer.url);
});
afterAll(() => stack.disposeAsync());

const authorities = (): readonly string[] => proxy.asked.map(({ authority }) => authority);

test("a target behind a private authority is called through the proxy", async () => {
  const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: await gateway.createKey(), maxRetries: 0 });
  const answer = await client.responses.create({ model: "gpt-4.1", input: "echo: hello" });
  expect(answer.output_text).toBe("hello");
  expect(authorities()).toContain("target.hosts.example:443");
});

test("and so are its WebSockets", async () => {
  const before = authorities().length;
  const socket = new WebSocket(`${gateway.baseUrl.replace(/^http/, "ws")}/responses`, {
    headers: { authorization: `Bearer ${await gateway.createKey()}` },
  });
  await once(socket, "open");
  socket.terminate();
  expect(authorities().slice(before)).toEqual(["target.hosts.example:443"]);
});

test("a connection's own authority alone is trusted there", async () => {
  const baseURL = `${gateway.origin}/c/pinned/v1`;
  const client = new OpenAI({ baseURL, apiKey: await gateway.createKey(), maxRetries: 0 });
  await expect(client.responses.create({ model: "gpt-4.1", input: "echo: hello" })).rejects.toMatchObject({
    code: "target_unreachable",
  });
  const socket = new WebSocket(`${baseURL.replace(/^http/, "ws")}/responses`, {
    headers: { authorization: `Bearer ${await gateway.createKey()}` },
  });
  const [error] = await once(socket, "error");
  expect(String(error)).toContain("502");
});

test("an issuer's keys and its word on opaque tokens come through the proxy", async () => {
  const call = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${gateway.baseUrl}/models`, { headers })).status;
  };
  expect(await call(await issuer.sign({ iss: LOGIN, groups: ["staff"] }))).toBe(200);
  issuer.opaque.set("opaque", { sub: "ada", aud: "tollgate", groups: ["staff"] });
  expect(await call("opaque")).toBe(200);
  expect(issuer.introspections()).toBe(1);
  expect(authorities()).toContain("login.hosts.example:443");
});

test("and so does what the console asks where people sign in", async () => {
  const before = authorities().length;
  await fetch(`${gateway.adminOrigin}/console/oidc/login.hosts.example`, { redirect: "manual" });
  expect(authorities().slice(before)).toContain("login.hosts.example:443");
});

test("a connection is tried the same way", async () => {
  const tried = await gateway.cli("connections", "test", "openai");
  expect(tried).toMatchObject({ code: 0, stdout: expect.stringContaining("takes the key") });
});

test("and what is wrong with a certificate is said", async () => {
  const { code, stdout, stderr } = await gateway.cli("connections", "test", "pinned");
  expect(code).toBe(1);
  expect(stdout + stderr).toContain("nobody that this machine trusts");
});

test("the proxy's credential is shown to nobody but the proxy", async () => {
  const encoded = Buffer.from(`gateway:${PASSWORD}`).toString("base64");
  expect(new Set(proxy.asked.map(({ authorization }) => authorization))).toEqual(
    new Set([`Basic ${encoded}`]),
  );
  const { stdout } = await gateway.cli("config", "check");
  for (const text of [gateway.log(), stdout]) {
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(encoded);
  }
});
