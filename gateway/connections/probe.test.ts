import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createPlainServer } from "node:net";
import type { Server } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeCertificate } from "../../test/fixtures/certificate.ts";
import { probe } from "./probe.ts";
import { DIRECT } from "../../test/fixtures/direct.ts";

const KEY = "a-key-that-nobody-repeats";

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function answer(status: number, headers: Record<string, string> = { "content-type": "application/json" }) {
  const listener: RequestListener = (request, response) => {
    response.writeHead(status, { ...headers, "x-echo": request.headers.authorization ?? "" });
    response.end(JSON.stringify({ error: { message: `${request.headers.authorization} is wrong` } }));
  };
  return createServer(listener);
}

const ask = (baseUrl: string, firstByteMs = 5_000) =>
  probe(
    {
      baseUrl,
      timeouts: { connect_ms: 5_000, first_byte_ms: firstByteMs, idle_ms: 5_000 },
      account: { organization: null, project: null },
      outbound: DIRECT,
    },
    KEY,
    "api",
  );

describe("a connection that is tried", () => {
  it.each([
    [200, "ok", "takes the key"],
    [401, "credential_refused", "does not take the key (401)"],
    [403, "credential_refused", "(403)"],
    [404, "answer_type_unexpected", "with /v1"],
    [429, "target_failed", "(429)"],
    [307, "answer_type_unexpected", "never followed"],
    [503, "target_failed", "fails (503)"],
  ])("says in words what status %i means, and repeats nothing of the answer", async (status, code, words) => {
    const port = await listen(answer(status));
    const result = await ask(`http://127.0.0.1:${port}/v1`);
    expect(result).toMatchObject({ status, code, isOk: code === "ok" });
    expect(result.words).toContain(words);
    expect(JSON.stringify(result)).not.toContain(KEY);
  });

  it("tells an answer of something else", async () => {
    const port = await listen(answer(200, { "content-type": "text/html" }));
    expect((await ask(`http://127.0.0.1:${port}/v1`)).words).toContain("no such API");
  });

  it("tells a name that DNS does not know", async () => {
    expect((await ask("http://nobody.invalid/v1")).words).toContain("DNS");
  });

  it("tells a port that nobody listens at", async () => {
    const server = createPlainServer();
    const port = await listen(server);
    server.close();
    await once(server, "close");
    expect((await ask(`http://127.0.0.1:${port}/v1`)).words).toContain("refuses connections");
  });

  it("tells a certificate that nobody vouches for, and a port without TLS", async () => {
    const secure = await listen(createSecureServer(makeCertificate("nobody")));
    expect((await ask(`https://127.0.0.1:${secure}/v1`)).words).toContain("TLS: the target's certificate");
    const plain = await listen(answer(200));
    expect((await ask(`https://127.0.0.1:${plain}/v1`)).words).toContain("TLS");
  });

  it("tells a target that is silent", async () => {
    const port = await listen(createServer(() => undefined));
    expect((await ask(`http://127.0.0.1:${port}/v1`, 100)).code).toBe("target_timeout");
  });
});
