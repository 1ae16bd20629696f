// Opens many streams or sockets on which nothing happens, and sees that they cost little, harm nobody and still work.
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { Pool } from "undici";
import { expect } from "vitest";
import { readMemory } from "../bench/process-usage.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import { openSocket } from "./websocket/client.ts";
import type { Client } from "./websocket/client.ts";
import { startSocketTarget } from "./websocket/socket-target.ts";
import type { Opened } from "./websocket/socket-target.ts";

/** What one of them may cost the gateway, in MiB. */
const EACH_MIB = 0.15;
/** What a gateway grows by at its first work, whatever it is. */
const BASE_MIB = 128;
const SIDE_BY_SIDE = 50;
const model = "gpt-5.4";

const response = { id: "resp_idle", object: "response", status: "in_progress", model, output: [] };
const toEvent = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;
const created = toEvent({ type: "response.created", sequence_number: 0, response });
const completed = toEvent({
  type: "response.completed",
  sequence_number: 1,
  response: { ...response, status: "completed" },
});

/** Makes things, some of them at a time. */
async function makeMany<T>(count: number, make: (number: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const some = Array.from({ length: Math.min(SIDE_BY_SIDE, count - made.length) }, (_, index) =>
      make(made.length + index),
    );
    made.push(...(await Promise.all(some)));
  }
  return made;
}

async function listModels(gateway: RunningGateway, token: string): Promise<number> {
  const answer = await fetch(`${gateway.baseUrl}/models`, { headers: { authorization: `Bearer ${token}` } });
  await answer.text();
  return answer.status;
}

/** Holds streams over HTTP until the target ends them. */
export async function holdStreams(count: number): Promise<void> {
  await using database = await createTestDatabase();
  const open: ServerResponse[] = [];
  const target = createServer((request, answer) => {
    request.resume();
    if (request.method === "GET") {
      answer.writeHead(200, { "content-type": "application/json" }).end('{"object":"list","data":[]}');
      return;
    }
    answer.writeHead(200, { "content-type": "text/event-stream" }).write(created);
    open.push(answer);
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  const address = target.address();
  if (address === null || typeof address === "string") throw new Error("No port is free.");
  const url = `http://127.0.0.1:${address.port}/v1`;
  await using gateway = await startGateway({
    databaseUrl: database.url,
    target: { url, credential: "a-credential" },
  });
  const token = await gateway.createKey();
  const pool = new Pool(gateway.origin, { connections: count, headersTimeout: 0, bodyTimeout: 0 });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ model, input: "wait", stream: true });
  const before = readMemory(gateway.pid).resident;
  const texts = await makeMany(count, async () => {
    const answer = await pool.request({ path: "/v1/responses", method: "POST", headers, body });
    expect(answer.statusCode).toBe(200);
    const [first]: unknown[] = await once(answer.body, "data");
    const text = [String(first)];
    answer.body.on("data", (chunk: Buffer) => text.push(chunk.toString("utf8")));
    return { text, ended: once(answer.body, "end") };
  });
  expect(open).toHaveLength(count);
  expect(readMemory(gateway.pid).resident - before).toBeLessThan(BASE_MIB + count * EACH_MIB);
  expect(await listModels(gateway, token)).toBe(200);
  for (const answer of open) answer.end(completed);
  await Promise.all(texts.map(({ ended }) => ended));
  for (const { text } of texts) expect(text.join("")).toContain('"type":"response.completed"');
  await pool.destroy();
  target.closeAllConnections();
  target.close();
}

/** Holds WebSockets until the gateway stops. */
export async function holdSockets(count: number): Promise<void> {
  await using database = await createTestDatabase();
  const target = await startSocketTarget();
  await using gateway = await startGateway({
    databaseUrl: database.url,
    target: { url: target.url, credential: "a-credential" },
    // One caller opens them all.
    config: (url) =>
      `connections:\n  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }\n` +
      `limits: { per_caller: { sockets: ${count + 1} } }\n`,
  });
  const token = await gateway.createKey({ groups: ["admins"] });
  const before = readMemory(gateway.pid).resident;
  const opened: Opened[] = [];
  const clients = await makeMany<Client>(count, async () => {
    const client = await openSocket(`${gateway.baseUrl}/realtime?model=gpt-realtime`, { token });
    opened.push(await target.next());
    return client;
  });
  expect(readMemory(gateway.pid).resident - before).toBeLessThan(BASE_MIB + count * EACH_MIB);
  for (const one of opened) one.say({ type: "session.updated", session: {} });
  await Promise.all(clients.map((client) => client.until(({ type }) => type === "session.updated")));
  expect(await gateway.stop()).toBe(0);
  const codes = new Set((await Promise.all(clients.map(({ closed }) => closed))).map(({ code }) => code));
  expect([...codes]).toEqual([1012]);
  await target.close();
}
