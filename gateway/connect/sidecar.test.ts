// The sidecar before a gateway that the test plays, so that each thing that can happen between them does.
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import OpenAI, { APIError } from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { NoTokenError } from "../oauth-client/no-token-error.ts";
import { startSidecar } from "./sidecar.ts";
import type { Sidecar, SidecarPlace } from "./sidecar.ts";

const KEY = "tg_run_0123456789abcdef";
const AUTHORIZED = { authorization: `Bearer ${KEY}` };

let gateway: Server;
let answer: RequestListener;
let sidecar: Sidecar;
/** The tokens that the source gives, in their order; an error is thrown. */
let tokens: (string | Error)[];

async function start(place: SidecarPlace = { host: "127.0.0.1", port: 0 }, key: string | null = KEY) {
  const address = gateway.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const take = (): string => {
    const [first = "token"] = tokens;
    if (first instanceof Error) throw first;
    return first;
  };
  const source = {
    get: async () => take(),
    replace: async () => {
      tokens.shift();
      return take();
    },
  };
  sidecar = await startSidecar({
    gateway: new URL(`http://127.0.0.1:${port}/under`),
    tokens: source,
    place,
    key,
    env: {},
  });
}

beforeEach(async () => {
  tokens = ["first", "second"];
  gateway = createServer((incoming, response) => answer(incoming, response));
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  await start();
});
afterEach(async () => {
  await sidecar.close(0);
  gateway.closeAllConnections();
  if (gateway.listening) gateway.close();
});

type Sent = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
};

/** Sends a request as it stands, without what `fetch` adds. */
async function call(
  path: string,
  { method = "GET", headers = {}, body }: Sent = {},
): Promise<IncomingMessage> {
  const outgoing = request(sidecar.baseUrl + path, { method, headers: { ...AUTHORIZED, ...headers } });
  outgoing.end(body);
  const [incoming] = await once(outgoing, "response");
  if (!(typeof incoming === "object" && incoming !== null && "rawHeaders" in incoming))
    throw new Error("No answer.");
  return incoming;
}

const expired = { "x-should-retry": "true" };

describe("a call", () => {
  test("reaches the gateway as it is, with a token in the place of the key", async () => {
    let seen: IncomingMessage | null = null;
    let body = "";
    answer = (incoming, response) => {
      seen = incoming;
      void text(incoming).then((all) => {
        body = all;
        response.writeHead(201, { "x-request-id": "r1", "set-cookie": ["a=1", "b=2"] }).end("yes");
      });
    };
    const told = await call("/responses?a=%20b&a=c", {
      method: "POST",
      headers: { "x-mine": "1", connection: "x-hop, close", "x-hop": "gone", "content-length": "2" },
      body: "{}",
    });
    expect(seen).toMatchObject({ method: "POST", url: "/under/v1/responses?a=%20b&a=c" });
    const { headers } = seen ?? { headers: {} };
    expect(headers).toMatchObject({ authorization: "Bearer first", "x-mine": "1", "content-length": "2" });
    expect(headers).not.toHaveProperty("x-hop");
    expect(body).toBe("{}");
    expect(told.statusCode).toBe(201);
    expect(told.headers).toMatchObject({ "x-request-id": "r1", "set-cookie": ["a=1", "b=2"] });
    expect(await text(told)).toBe("yes");
  });

  test("streams both ways, signs of life before the answer included", async () => {
    answer = (incoming, response) => {
      response.writeProcessing();
      incoming.once("data", (first: Buffer) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`heard ${first.toString()}`);
        incoming.on("data", (next: Buffer) => response.write(`heard ${next.toString()}`));
        incoming.once("end", () => response.end());
      });
    };
    const outgoing = request(`${sidecar.baseUrl}/x`, { method: "POST", headers: AUTHORIZED });
    const alive = once(outgoing, "information");
    outgoing.write("one");
    const [incoming] = await once(outgoing, "response");
    expect(await alive).toMatchObject([{ statusCode: 102 }]);
    const parts: AsyncIterator<Buffer> = incoming[Symbol.asyncIterator]();
    expect(String((await parts.next()).value)).toBe("heard one");
    outgoing.end("two");
    expect(String((await parts.next()).value)).toBe("heard two");
    expect((await parts.next()).done).toBe(true);
  });

  test("is sent again with another token where the gateway says that the first has expired", async () => {
    const bodies: string[] = [];
    answer = (incoming, response) =>
      void text(incoming).then((body) => {
        bodies.push(`${incoming.headers.authorization} ${body}`);
        if (bodies.length === 1) response.writeHead(401, expired).end("{}");
        else response.end("yes");
      });
    expect(await text(await call("/x", { method: "POST", body: "whole" }))).toBe("yes");
    expect(bodies).toEqual(["Bearer first whole", "Bearer second whole"]);
  });

  test("is left to the program to send again where its body is gone, with another token for it", async () => {
    const sent: string[] = [];
    answer = (incoming, response) =>
      void buffer(incoming).then(({ length }) => {
        sent.push(`${incoming.headers.authorization} ${length}`);
        if (sent.length === 1) response.writeHead(401, expired).end("{}");
        else response.end("yes");
      });
    const body = Buffer.alloc(2 * 1024 * 1024, "x");
    const first = await call("/x", { method: "POST", body });
    expect(first).toMatchObject({ statusCode: 401, headers: { "x-should-retry": "true" } });
    first.resume();
    expect(await text(await call("/x", { method: "POST", body }))).toBe("yes");
    expect(sent).toEqual([`Bearer first ${body.length}`, `Bearer second ${body.length}`]);
  });

  test("that is refused otherwise stays refused", async () => {
    answer = (_, response) => response.writeHead(401, { "x-should-retry": "false" }).end("no");
    const told = await call("/x");
    expect([told.statusCode, await text(told)]).toEqual([401, "no"]);
    expect(tokens).toEqual(["first", "second"]);
  });

  test("without a body is sent without one", async () => {
    answer = (incoming, response) =>
      response.end(`${incoming.headers["content-length"]} ${incoming.headers["transfer-encoding"]}`);
    expect(await text(await call("/x"))).toBe("undefined undefined");
    expect(await text(await call("/x", { method: "DELETE" }))).toBe("undefined undefined");
    expect(await text(await call("/x", { method: "POST" }))).toBe("0 undefined");
  });

  test("ends at the gateway when the program leaves", async () => {
    const left = new Promise<void>((resolve) => {
      answer = (_, response) => {
        response.write("on and on");
        response.once("close", () => resolve());
      };
    });
    const told = await call("/x");
    told.destroy();
    await left;
  });

  test("whose answer breaks off breaks off", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("part", () => response.destroy());
    };
    await expect(text(await call("/x"))).rejects.toThrow("aborted");
  });
});

describe("where there is no way to the gateway, the client raises what happened:", () => {
  const ask = () =>
    new OpenAI({ baseURL: sidecar.baseUrl, apiKey: KEY, maxRetries: 0 }).models.list().then(
      () => "answered",
      (error: unknown) =>
        error instanceof APIError
          ? `${error.status} ${error.headers?.get("x-should-retry")} ${error.message}`
          : "fault",
    );

  test("it is not there", async () => {
    gateway.close();
    await once(gateway, "close");
    expect(await ask()).toBe("502 null 502 The gateway could not be reached.");
  });

  test("no token is to be had now", async () => {
    tokens = [new NoTokenError("Nobody answers.", { isPassing: true })];
    expect(await ask()).toBe("503 true 503 There is no token for this call. Nobody answers.");
  });

  test("no token is to be had at all", async () => {
    tokens = [new NoTokenError("Sign in.")];
    expect(await ask()).toBe("503 false 503 There is no token for this call. Sign in.");
  });

  test("the key is another run's", async () => {
    const client = new OpenAI({ baseURL: sidecar.baseUrl, apiKey: "other", maxRetries: 0 });
    await expect(client.models.list()).rejects.toMatchObject({ status: 401, code: "token_invalid" });
  });
});

describe("a WebSocket", () => {
  const open = (headers: Record<string, string> = AUTHORIZED) =>
    new WebSocket(`${sidecar.baseUrl.replace("http:", "ws:")}/realtime?model=m`, ["realtime"], { headers });

  test("is connected, with another token where the first has expired", async () => {
    const server = new WebSocketServer({ noServer: true });
    const seen: string[] = [];
    gateway.on("upgrade", (incoming, raw, head) => {
      seen.push(`${incoming.url} ${incoming.headers.authorization}`);
      if (seen.length === 1)
        raw.end("HTTP/1.1 401 Unauthorized\r\nx-should-retry: true\r\ncontent-length: 0\r\n\r\n");
      else
        server.handleUpgrade(incoming, raw, head, (socket) => {
          socket.on("message", (data) => socket.send(data, { binary: false }));
        });
    });
    const socket = open();
    await once(socket, "open");
    expect(socket.protocol).toBe("realtime");
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    expect(seen).toEqual([
      "/under/v1/realtime?model=m Bearer first",
      "/under/v1/realtime?model=m Bearer second",
    ]);
    const gone = once([...server.clients][0] ?? new WebSocketServer({ noServer: true }), "close");
    socket.terminate();
    await gone;
  });

  test("that the gateway refuses is refused with its words", async () => {
    gateway.on("upgrade", (_, raw) =>
      raw.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nx-request-id: r2\r\n\r\nno"),
    );
    const [, told] = await once(
      open().on("error", () => undefined),
      "unexpected-response",
    );
    expect(told).toMatchObject({ statusCode: 403, headers: { "x-request-id": "r2" } });
    expect(await text(told)).toBe("no");
  });

  test("is refused without the key, and by a page", async () => {
    for (const headers of [{}, { ...AUTHORIZED, origin: "http://127.0.0.1" }]) {
      const [, told] = await once(
        open(headers).on("error", () => undefined),
        "unexpected-response",
      );
      expect(told.statusCode).toBe("origin" in headers ? 403 : 401);
      told.resume();
    }
  });
});

test("a socket is for its owner alone, and one that was left over is taken away", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tollgate-sidecar-"));
  try {
    const path = join(folder, "sidecar.sock");
    answer = (incoming, response) => response.end(incoming.headers.authorization);
    await sidecar.close(0);
    await start({ path }, null);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(start({ path }, null)).rejects.toMatchObject({ code: "EADDRINUSE" });
    const outgoing = request({ socketPath: path, path: "/v1/x" }).end();
    expect(await text((await once(outgoing, "response"))[0])).toBe("Bearer first");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
