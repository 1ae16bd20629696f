// TLS where programs connect: the clients that insist on it, a certificate that changes, and files that don't fit.
import { on, once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Agent as HttpAgent, fetch as undiciFetch } from "undici";
import { WebSocket } from "ws";
import { z } from "zod";
import { makeCertificate } from "../fixtures/certificate.ts";
import { runTollgate, startGateway } from "../gateway.ts";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";

const first = makeCertificate("first");
let folder: string;
let database: TestDatabase;
let gateway: RunningGateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-tls-"));
  await writeFile(join(folder, "cert.pem"), first.cert);
  await writeFile(join(folder, "key.pem"), first.key);
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    ca: first.cert,
    env: { TOLLGATE_TLS_CERT: join(folder, "cert.pem"), TOLLGATE_TLS_KEY: join(folder, "key.pem") },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Gives the subject of the certificate that is shown, or the error of the handshake. */
async function shown(options: object = {}, by = gateway): Promise<string> {
  const { hostname, port } = new URL(by.origin);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options });
    socket.once("secureConnect", () => {
      resolve(`${socket.getPeerX509Certificate()?.subject ?? ""} ${socket.getProtocol() ?? ""}`);
      socket.destroy();
    });
    socket.once("error", (error) => resolve(error.message));
  });
}

test("the JavaScript client speaks realtime, which it does over TLS alone", async () => {
  const apiKey = await gateway.createKey({ groups: ["admins"] });
  const client = new OpenAI({ apiKey, baseURL: gateway.baseUrl });
  expect(await talk(client)).toBe("over TLS");
});

test("and so does a browser's, with a client secret", async () => {
  const dispatcher = new HttpAgent({ connect: { ca: first.cert } });
  const answer = await undiciFetch(`${gateway.baseUrl}/realtime/client_secrets`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${await gateway.createKey({ groups: ["admins"] })}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ session: { type: "realtime", model: "gpt-realtime" } }),
    dispatcher,
  });
  const { value } = z.object({ value: z.string().startsWith("ek_tg_") }).parse(await answer.json());
  expect(await talk(new OpenAI({ apiKey: value, baseURL: gateway.baseUrl }))).toBe("over TLS");
  await dispatcher.close();
});

/** Says something over a realtime socket of the client's, and gives what is answered. */
async function talk(client: OpenAI): Promise<string> {
  const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime", options: { ca: first.cert } }, client);
  const answer = await new Promise<string>((resolve, reject) => {
    let text = "";
    realtime.on("error", reject);
    realtime.on("session.created", () => {
      realtime.send({
        type: "conversation.item.create",
        item: { type: "message", role: "user", content: [{ type: "input_text", text: "echo: over TLS" }] },
      });
      realtime.send({ type: "response.create" });
    });
    realtime.on("response.output_audio_transcript.delta", ({ delta }) => {
      text += delta;
    });
    realtime.on("response.done", () => resolve(text));
  });
  realtime.close();
  return answer;
}

test("the rest of the API comes over it too", async () => {
  const dispatcher = new HttpAgent({ connect: { ca: first.cert } });
  const answer = await undiciFetch(`${gateway.baseUrl}/models`, {
    headers: { authorization: `Bearer ${await gateway.createKey()}` },
    dispatcher,
  });
  expect(answer.status).toBe(200);
  await dispatcher.close();
});

test("nothing older than TLS 1.2 is spoken", async () => {
  expect(await shown({ maxVersion: "TLSv1.2" })).toBe("CN=first TLSv1.2");
  expect(await shown({ maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" })).toMatch(
    /protocol version|alert/i,
  );
});

test("a changed certificate is taken into use, a half-changed one is not", async () => {
  const second = makeCertificate("second");
  await writeFile(join(folder, "cert.pem"), second.cert);
  await expect
    .poll(() => gateway.log(), { timeout: 30_000 })
    .toContain("The certificate's files cannot be used; the old one stays.");
  expect(await shown()).toContain("CN=first");
  await writeFile(join(folder, "key.pem"), second.key);
  await expect.poll(() => shown(), { timeout: 30_000, interval: 500 }).toContain("CN=second");
  await writeFile(join(folder, "cert.pem"), first.cert);
  await writeFile(join(folder, "key.pem"), first.key);
});

test("several workers show one certificate, and take a changed one into use, while sockets stay open", async () => {
  const [before, after] = [makeCertificate("before"), makeCertificate("after")];
  const files = { cert: join(folder, "workers-cert.pem"), key: join(folder, "workers-key.pem") };
  await writeFile(files.cert, before.cert);
  await writeFile(files.key, before.key);
  await using ownDatabase = await createTestDatabase();
  await using own = await startGateway({
    databaseUrl: ownDatabase.url,
    ca: before.cert,
    args: ["--workers", "2"],
    env: { TOLLGATE_TLS_CERT: files.cert, TOLLGATE_TLS_KEY: files.key },
  });
  /** Asks as many times as reach each worker, which take turns. */
  const shownByAll = async (): Promise<string> => {
    const all = await Promise.all(Array.from({ length: 12 }, () => shown({}, own)));
    return [...new Set(all)].join(", ");
  };
  expect(await shownByAll()).toBe("CN=before TLSv1.3");
  const apiKey = await own.createKey();
  const url = `${own.baseUrl.replace(/^https/, "wss")}/responses`;
  const socket = new WebSocket(url, { ca: before.cert, headers: { authorization: `Bearer ${apiKey}` } });
  await once(socket, "open");
  await writeFile(files.cert, after.cert);
  await writeFile(files.key, after.key);
  await expect.poll(shownByAll, { timeout: 30_000, interval: 500 }).toBe("CN=after TLSv1.3");
  socket.send(JSON.stringify({ type: "response.create", model: "gpt-5.4", input: "echo: still here" }));
  for await (const [data] of on(socket, "message")) {
    const text = String(data);
    if (!text.includes('"type":"response.completed"')) continue;
    expect(text).toContain("still here");
    break;
  }
  socket.terminate();
  expect(await own.stop()).toBe(0);
});

test.each([
  {
    name: "another key",
    cert: first.cert,
    key: makeCertificate("other").key,
    says: "the key of the certificate",
  },
  { name: "no certificate", cert: "hello", key: first.key, says: "a certificate chain in PEM" },
  { name: "no key", cert: first.cert, key: "hello", says: "a private key in PEM" },
])("the gateway doesn't start with $name, and says why", async ({ cert, key, says }) => {
  await writeFile(join(folder, "a.pem"), cert);
  await writeFile(join(folder, "b.pem"), key);
  const result = await runTollgate(["config", "check"], {
    TOLLGATE_TLS_CERT: join(folder, "a.pem"),
    TOLLGATE_TLS_KEY: join(folder, "b.pem"),
  });
  expect(result.code).not.toBe(0);
  expect(result.stdout + result.stderr).toContain(says);
  expect(result.stdout + result.stderr).not.toContain("PRIVATE");
});
