// Several serving processes behind one port: one that dies is replaced, their metrics are one, and they go down together.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { request } from "undici";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { startBundleServer } from "./fixtures/bundle-server.ts";
import { reviseBundle } from "./fixtures/revise-bundle.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";

const model = "gpt-4.1";
const REQUESTS = 40;

/** Lists the processes that a process has started. */
async function listChildren(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat="]);
  return stdout.split("\n").flatMap((line) => {
    const [child, parent, state = ""] = line.trim().split(/\s+/);
    return Number(parent) === pid && !state.startsWith("Z") && child !== undefined ? [Number(child)] : [];
  });
}

/** Sends on a connection of its own, so that any worker may take it. */
async function send(gateway: RunningGateway, key: string): Promise<number> {
  const { statusCode, body } = await request(`${gateway.baseUrl}/responses`, {
    method: "POST",
    reset: true,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, input: "echo: hello" }),
  });
  await body.dump();
  return statusCode;
}

/** Opens a socket; null where it is refused. */
function tryToOpen(gateway: RunningGateway, key: string): Promise<WebSocket | null> {
  const url = `${gateway.baseUrl.replace(/^http/, "ws")}/responses`;
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });
  return new Promise((resolve) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", () => resolve(null));
  });
}

const readiness = z.object({ policy: z.object({ revision: z.string() }) });

/** Waits until all workers decide by a revision: each new connection is another one's. */
async function reachAll(gateway: RunningGateway, revision: string): Promise<void> {
  const ask = async (): Promise<string> => {
    const { body } = await request(`${gateway.origin}/readyz`, { reset: true });
    return readiness.parse(await body.json()).policy.revision;
  };
  await expect
    .poll(async () => new Set(await Promise.all(Array.from({ length: 8 }, ask))), { timeout: 20_000 })
    .toEqual(new Set([revision]));
}

async function countExchanges(gateway: RunningGateway): Promise<number> {
  const metrics = await (await fetch(`${gateway.adminOrigin}/metrics`)).text();
  const lines = metrics.matchAll(/^tollgate_exchanges_total\{.*operation="responses\.create".*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Lists the workers that say that an exchange ended. */
function listWorkers(log: string): Set<number> {
  const lines = log.matchAll(/^.*"worker":(\d+).*An exchange ended\./gm);
  return new Set([...lines].map(([, id]) => Number(id)));
}

test(
  "two workers serve and count as one, one that is killed is replaced, and SIGTERM drains both",
  { timeout: 180_000 },
  async () => {
    await using database = await createTestDatabase();
    await using bundles = await startBundleServer({ holds: true });
    bundles.publish(await reviseBundle({ revision: "first", serial: 1 }));
    await using gateway = await startGateway({
      databaseUrl: database.url,
      args: ["--workers", "2"],
      env: { TOLLGATE_LOG_LEVEL: "debug", TOLLGATE_POLICY_BUNDLE: bundles.url },
      config: (url) => `
connections: [{ name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }]
limits: { per_caller: { sockets: 4 } }
`,
    });
    const key = await gateway.createKey();
    // The first worker that is ready makes the gateway ready; the other one follows.
    await expect
      .poll(
        async () => {
          expect(await send(gateway, key)).toBe(200);
          return listWorkers(gateway.log()).size;
        },
        { timeout: 30_000, interval: 50 },
      )
      .toBe(2);
    const before = await countExchanges(gateway);
    const statuses = await Promise.all(Array.from({ length: REQUESTS }, () => send(gateway, key)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(await countExchanges(gateway)).toBe(before + REQUESTS);

    // They take turns with new connections, so that each has some of the sockets.
    const sockets = await Promise.all(Array.from({ length: 4 }, () => tryToOpen(gateway, key)));
    expect(sockets).not.toContain(null);
    const isFull = async (): Promise<boolean> => {
      const more = await Promise.all(Array.from({ length: 4 }, () => tryToOpen(gateway, key)));
      for (const socket of more) socket?.terminate();
      return more.every((socket) => socket === null);
    };
    await expect.poll(isFull, { timeout: 20_000, interval: 100 }).toBe(true);

    // What is published decides in both, and in the one that comes later.
    bundles.publish(await reviseBundle({ revision: "second", serial: 2 }));
    await reachAll(gateway, "second");
    const children = await listChildren(gateway.pid);
    expect(children).toHaveLength(2);
    const [victim = 0, survivor] = children;
    process.kill(victim, "SIGKILL");
    await expect.poll(() => gateway.log(), { timeout: 10_000 }).toContain("A worker died");
    // The other one goes on meanwhile, and counts no longer what the dead one had.
    expect(await send(gateway, key)).toBe(200);
    const isFree = async (): Promise<boolean> => {
      const socket = await tryToOpen(gateway, key);
      socket?.terminate();
      return socket !== null;
    };
    await expect.poll(isFree, { timeout: 20_000, interval: 100 }).toBe(true);
    for (const socket of sockets) socket?.terminate();
    await expect.poll(() => listChildren(gateway.pid), { timeout: 20_000 }).toHaveLength(2);
    const after = await listChildren(gateway.pid);
    expect(after).toContain(survivor);
    expect(after).not.toContain(victim);
    const newest = after.find((pid) => pid !== survivor) ?? 0;
    // It serves as well: the third worker's lines appear.
    await expect
      .poll(
        async () => {
          expect(await send(gateway, key)).toBe(200);
          return listWorkers(gateway.log()).size;
        },
        { timeout: 30_000, interval: 100 },
      )
      .toBe(3);
    await reachAll(gateway, "second");
    bundles.publish(await reviseBundle({ revision: "third", serial: 3 }));
    await reachAll(gateway, "third");
    const metrics = await (await fetch(`${gateway.adminOrigin}/metrics`)).text();
    expect(metrics).toContain('tollgate_policy_bundle_info{bundle="main",revision="third",serial="3"} 1');

    const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: key, maxRetries: 0 });
    const streams = await Promise.all(
      Array.from({ length: 6 }, () =>
        client.responses.create({ model, input: "pace 20ms\nstream 60", stream: true }),
      ),
    );
    const lasts = streams.map(async (stream) => {
      let last = "";
      for await (const event of stream) last = event.type;
      return last;
    });
    await sleep(200);
    expect(await gateway.stop()).toBe(0);
    expect(new Set(await Promise.all(lasts))).toEqual(new Set(["response.completed"]));
    for (const pid of [gateway.pid, survivor ?? 0, newest])
      expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  },
);
