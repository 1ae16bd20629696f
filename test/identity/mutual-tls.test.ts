// Mutual TLS on the data port: who is let in by which certificate, over HTTP and WebSocket, and tokens that are bound to one.
import { hash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { APIConnectionError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Agent, fetch as fetchBy } from "undici";
import { WebSocket } from "ws";
import { z } from "zod";
import { makeCertificate } from "../fixtures/certificate.ts";
import type { TestCertificate } from "../fixtures/certificate.ts";
import { createTestIssuer } from "../fixtures/test-issuer.ts";
import type { TestIssuer } from "../fixtures/test-issuer.ts";
import { startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

const own = makeCertificate("gateway");
const first = makeCertificate("first");
const second = makeCertificate("second");
const stranger = makeCertificate("stranger");
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT = "urn:ietf:params:oauth:token-type:jwt";

const stack = new AsyncDisposableStack();
let folder: string;
let issuer: TestIssuer;
let database: TestDatabase;
let gateway: RunningGateway;

function start(by: TestDatabase, mode: string, authorities: string): Promise<RunningGateway> {
  return startGateway({
    databaseUrl: by.url,
    ca: own.cert,
    client: first,
    config: (url) => `
tls:
  certificate: ${folder}/own.pem
  key: ${folder}/own-key.pem
  client_ca: ${authorities}
  client_certificates: ${mode}
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
issuers:
  - { issuer: "${issuer.url}", audience: tollgate, algorithms: [ES256], group_map: { staff: [developers] } }
`,
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-mutual-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "own.pem"), own.cert);
  await writeFile(join(folder, "own-key.pem"), own.key);
  await writeFile(join(folder, "clients.pem"), first.cert + second.cert);
  issuer = stack.use(await createTestIssuer());
  database = stack.use(await createTestDatabase());
  gateway = stack.use(await start(database, "require", join(folder, "clients.pem")));
});
afterAll(() => stack.disposeAsync());

/** Calls by the official client, showing a certificate; gives the answer's text, or what was wrong. */
async function ask(apiKey: string, shown: TestCertificate | null, by = gateway): Promise<string> {
  await using dispatcher = toAgent(shown);
  const client = new OpenAI({
    baseURL: by.baseUrl,
    apiKey,
    maxRetries: 0,
    fetch: async (url, init) => {
      const answer = await fetchBy(url instanceof Request ? url.url : url, {
        method: init?.method ?? "GET",
        headers: [...new Headers(init?.headers)],
        body: typeof init?.body === "string" ? init.body : null,
        dispatcher: dispatcher.agent,
      });
      return new Response(await answer.text(), { status: answer.status, headers: [...answer.headers] });
    },
  });
  const outcome = await client.responses.create({ model: "gpt-4.1", input: "echo: hello" }).then(
    (answer) => answer.output_text,
    (error: unknown) => {
      if (error instanceof APIConnectionError) return "no connection";
      return error instanceof OpenAI.APIError ? String(error.code) : String(error);
    },
  );
  return outcome;
}

function toAgent(shown: TestCertificate | null) {
  const agent = new Agent({ connect: { ca: own.cert, ...shown } });
  return { agent, [Symbol.asyncDispose]: () => agent.close() };
}

/** Opens a WebSocket; gives `open`, or what was wrong. */
async function openSocket(apiKey: string, shown: TestCertificate | null): Promise<string> {
  const url = `${gateway.baseUrl.replace(/^https/, "wss")}/responses`;
  const headers = { authorization: `Bearer ${apiKey}` };
  const socket = new WebSocket(url, { ca: own.cert, ...shown, headers });
  const outcome = await Promise.race([
    once(socket, "open").then(() => "open"),
    once(socket, "error").then(() => "refused"),
  ]).catch(() => "refused");
  socket.on("error", () => undefined);
  socket.terminate();
  return outcome;
}

const toThumbprint = ({ cert }: TestCertificate): string =>
  hash("sha256", new X509Certificate(cert).raw, "base64url");
const bindTo = (shown: TestCertificate) => ({ cnf: { "x5t#S256": toThumbprint(shown) } });
const sign = (claims = {}): Promise<string> => issuer.sign({ groups: ["staff"], ...claims });

describe("where a client's certificate is required", () => {
  test("nobody comes in without one of the authorities named, whatever token comes with it", async () => {
    const key = await gateway.createKey();
    expect(await ask(key, first)).toBe("hello");
    expect(await ask(key, second)).toBe("hello");
    expect(await ask(key, null)).toBe("no connection");
    expect(await ask(key, stranger)).toBe("no connection");
    expect(await openSocket(key, first)).toBe("open");
    expect(await openSocket(key, null)).toBe("refused");
    expect(await openSocket(key, stranger)).toBe("refused");
    expect(gateway.log()).toMatch(/"reason":"\w+".*refused at its TLS handshake/);
  });

  test("a certificate is no token", async () => {
    expect(await ask("tg_nothing", first)).toBe("token_invalid");
  });
});

describe("a token that its issuer has bound to a certificate", () => {
  test("counts with that certificate alone, over HTTP and WebSocket, also once it is known", async () => {
    const token = await sign(bindTo(first));
    expect(await ask(token, second)).toBe("token_invalid");
    expect(await ask(token, first)).toBe("hello");
    expect(await ask(token, second)).toBe("token_invalid");
    expect(await openSocket(token, first)).toBe("open");
    expect(await openSocket(token, second)).toBe("refused");
  });

  test("gives tokens that are bound as it is, refresh tokens too", async () => {
    const post = async (shown: TestCertificate, form: Record<string, string>) => {
      await using dispatcher = toAgent(shown);
      const answer = await fetchBy(`${gateway.origin}/oauth/token`, {
        method: "POST",
        body: new URLSearchParams(form),
        dispatcher: dispatcher.agent,
      });
      const body = z.looseObject({
        access_token: z.string().optional(),
        refresh_token: z.string().optional(),
      });
      return { status: answer.status, ...body.parse(await answer.json()) };
    };
    const token = await sign(bindTo(first));
    const asked = {
      grant_type: EXCHANGE,
      subject_token: token,
      subject_token_type: JWT,
      scope: "offline_access",
    };
    expect(await post(second, asked)).toMatchObject({ status: 400 });
    const { access_token: access = "", refresh_token: refresh = "" } = await post(first, asked);
    expect(await ask(access, first)).toBe("hello");
    expect(await ask(access, second)).toBe("token_invalid");
    const again = { grant_type: "refresh_token", refresh_token: refresh };
    expect(await post(second, again)).toMatchObject({ status: 400 });
    // It was shown by somebody else: whoever comes second ends all that came of it.
    expect(await post(first, again)).toMatchObject({ status: 400 });
  });

  test("counts for nobody where it is bound to something that is not checked", async () => {
    const jkt = toThumbprint(first);
    expect(await ask(await sign({ cnf: { jkt } }), first)).toBe("token_invalid");
    expect(await ask(await sign({ cnf: { ...bindTo(first).cnf, jkt } }), first)).toBe("token_invalid");
    expect(await ask(await sign({ cnf: null }), first)).toBe("token_invalid");
  });
});

test("where one is only asked for, nobody needs it, and a wrong one is refused all the same", async () => {
  await writeFile(join(folder, "asked.pem"), first.cert + second.cert);
  await using ownDatabase = await createTestDatabase();
  await using asking = await start(ownDatabase, "request", join(folder, "asked.pem"));
  const token = await sign();
  expect(await ask(token, null, asking)).toBe("hello");
  expect(await ask(token, stranger, asking)).toBe("no connection");
  const bound = await sign(bindTo(second));
  expect(await ask(bound, null, asking)).toBe("token_invalid");
  expect(await ask(bound, second, asking)).toBe("hello");
  // An authority that is taken out lets nobody in any more.
  await writeFile(join(folder, "asked.pem"), first.cert);
  await expect.poll(() => ask(bound, second, asking), { timeout: 30_000 }).toBe("no connection");
  expect(await ask(await sign(bindTo(first)), first, asking)).toBe("hello");
});
