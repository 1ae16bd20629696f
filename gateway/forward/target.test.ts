import { createServer } from "node:http";
import type { RequestListener, Server, ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { GatewayError } from "../errors.ts";
import { createTarget } from "./target.ts";
import type { Target, TargetTimeouts } from "./target.ts";
import { DIRECT } from "../../test/fixtures/direct.ts";

const open: { server: Server; target: Target }[] = [];

async function start(listener: RequestListener, timeouts: Partial<TargetTimeouts> = {}): Promise<Target> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const limits = { connect_ms: 1000, first_byte_ms: 2000, idle_ms: 2000, ...timeouts };
  const target = createTarget(`http://127.0.0.1:${port}/v1`, limits, DIRECT);
  open.push({ server, target });
  return target;
}

afterEach(async () => {
  for (const { server, target } of open.splice(0)) {
    await target.close();
    server.closeAllConnections();
    server.close();
  }
});

type Seen = {
  status: number;
  text: string;
  error: GatewayError | null;
  headers: Readonly<Record<string, unknown>>;
};

function send(target: Target, body: Buffer | null = null): Promise<Seen> {
  const seen: Seen = { status: 0, text: "", error: null, headers: {} };
  return new Promise((resolve) => {
    target.send(
      { method: body === null ? "GET" : "POST", path: "/things?x=1", headers: ["x-a", "b"], body },
      {
        onHead(status, headers) {
          seen.status = status;
          seen.headers = headers;
        },
        onData(chunk) {
          seen.text += chunk.toString();
        },
        onEnd: () => resolve(seen),
        onError(error) {
          seen.error = error;
          resolve(seen);
        },
      },
    );
  });
}

describe("a target", () => {
  test("gets method, path below the base URL, headers and the body as it is", async () => {
    const target = await start((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () =>
        response.end(JSON.stringify([request.method, request.url, request.headers["x-a"], body])),
      );
    });
    const seen = await send(target, Buffer.from('{"a": 1}'));
    expect(JSON.parse(seen.text)).toEqual(["POST", "/v1/things?x=1", "b", '{"a": 1}']);
  });

  test("gives the chunks of one read as one piece", async () => {
    const target = await start((_, response) => {
      for (const chunk of ["one ", "two ", "three"]) response.write(chunk);
      response.end();
    });
    const pieces: string[] = [];
    await new Promise<void>((resolve, reject) => {
      target.send(
        { method: "GET", path: "/", headers: [], body: null },
        {
          onHead: () => undefined,
          onData: (bytes) => pieces.push(bytes.toString()),
          onEnd: resolve,
          onError: reject,
        },
      );
    });
    expect(pieces).toEqual(["one two three"]);
  });

  test("gives every piece in order while the answer goes on, however soon it follows the one before", async () => {
    let writing: ServerResponse | null = null;
    const target = await start((_, response) => {
      writing = response;
      response.write("0 ");
    });
    let text = "";
    await new Promise<void>((resolve, reject) => {
      target.send(
        { method: "GET", path: "/", headers: [], body: null },
        {
          onHead: () => undefined,
          onData(bytes) {
            text += bytes.toString();
            // Each answers the one before: none of them has an end to wait for.
            const count = text.split(" ").length - 1;
            if (count < 20) writing?.write(`${count} `);
            else resolve();
          },
          onEnd: reject,
          onError: reject,
        },
      );
    });
    expect(text).toBe(Array.from({ length: 20 }, (_, index) => `${index} `).join(""));
  });

  test("is cut off where its answer cannot be read, and only that answer fails", async () => {
    const target = await start((_, response) => response.write("part"));
    const error = await new Promise<GatewayError>((resolve) => {
      target.send(
        { method: "GET", path: "/", headers: [], body: null },
        {
          onHead: () => undefined,
          onData: () => {
            throw new RangeError("a reader that fails");
          },
          onEnd: () => undefined,
          onError: resolve,
        },
      );
    });
    expect(error.code).toBe("internal_error");
  });

  test("is not followed when it redirects", async () => {
    const target = await start((_, response) =>
      response.writeHead(307, { location: "http://127.0.0.1:1/" }).end(),
    );
    expect((await send(target)).status).toBe(307);
  });

  test("does not begin an answer with an interim one", async () => {
    const target = await start((_, response) => {
      response.writeProcessing();
      response.end("late");
    });
    expect(await send(target)).toMatchObject({ status: 200, text: "late" });
  });

  test("is unreachable where nobody listens", async () => {
    const timeouts = { connect_ms: 500, first_byte_ms: 500, idle_ms: 500 };
    const target = createTarget("http://127.0.0.1:1", timeouts, DIRECT);
    expect((await send(target)).error?.code).toBe("target_unreachable");
    await target.close();
  });

  test("times out where the answer does not begin", async () => {
    const target = await start(() => undefined, { first_byte_ms: 100 });
    expect((await send(target)).error?.code).toBe("target_timeout");
  });

  test("times out where the answer falls silent", async () => {
    const target = await start((_, response) => response.write("part"), { idle_ms: 100 });
    expect(await send(target)).toMatchObject({ text: "part", error: { code: "target_timeout" } });
  });

  test("breaks off where the connection is reset within the answer", async () => {
    const target = await start((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("part");
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    });
    expect((await send(target)).error?.code).toBe("target_broke_off");
  });

  test("is cut off, and tells nothing more, when the caller leaves", async () => {
    let closed: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const target = await start((_, response) => {
      response.on("close", () => closed());
      response.write("part");
    });
    const told: string[] = [];
    const call = target.send(
      { method: "GET", path: "/", headers: [], body: null },
      {
        onHead: () => told.push("head"),
        onData: () => {
          told.push("data");
          call.abort();
        },
        onEnd: () => told.push("end"),
        onError: () => told.push("error"),
      },
    );
    await left;
    expect(told).toEqual(["head", "data"]);
  });
});
