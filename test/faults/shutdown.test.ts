// The way down: no new work, what runs is finished within its grace, and whoever is left is told.
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import OpenAI, { APIError } from "openai";
import { expect, test } from "vitest";
import { startGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import { readEnd } from "../read-record.ts";

const model = "gpt-4.1";

function toConfig(graceMs: number): (url: string) => string {
  return (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
shutdown: { grace_ms: ${graceMs} }
`;
}

test("while a stream is finished after SIGTERM, new work is refused", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({ databaseUrl: database.url, config: toConfig(30_000) });
  const client = new OpenAI({
    baseURL: gateway.baseUrl,
    apiKey: await gateway.createKey(),
    maxRetries: 0,
  });
  const { data: stream, response } = await client.responses
    .create({ model, input: "pace 20ms\nstream 100", stream: true })
    .withResponse();
  // A request whose head is under way when the signal comes: its connection is not idle.
  const early = await beginRequest(
    gateway.origin,
    "GET /v1/models HTTP/1.1\r\nhost: gateway\r\n",
    "authorization: Bearer any\r\n\r\n",
  );
  let words = 0;
  let last = "";
  let refused: unknown = null;
  let ended: Promise<number | null> | null = null;
  for await (const event of stream) {
    last = event.type;
    if (event.type === "response.output_text.delta") words += 1;
    if (ended !== null || words < 5) continue;
    ended = gateway.stop();
    await expect.poll(() => gateway.log(), { timeout: 10_000 }).toContain("Draining");
    const before = gateway.arrivals().length;
    refused = await client.responses.create({ model, input: "echo: late" }).catch((error: unknown) => error);
    const told = await early();
    expect(told).toMatch(/^HTTP\/1\.1 503 /);
    expect(told).toMatch(/^connection: close\r$/im);
    expect(told).toContain('"code":"shutting_down"');
    expect(gateway.arrivals()).toHaveLength(before);
  }
  // Either nobody listens any more, or a connection that stood already is told.
  expect(refused).toBeInstanceOf(APIError);
  if (!(refused instanceof OpenAI.APIConnectionError)) {
    expect(refused).toMatchObject({ status: 503, code: "shutting_down" });
  }
  expect({ words, last }).toEqual({ words: 100, last: "response.completed" });
  expect(await ended).toBe(0);
  expect(await readEnd(database.db, response.headers.get("x-tollgate-exchange-id") ?? "")).toMatchObject({
    outcome: "completed",
    error_code: null,
  });
});

test("whoever is left after the grace is told, in the record too", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({ databaseUrl: database.url, config: toConfig(500) });
  const client = new OpenAI({
    baseURL: gateway.baseUrl,
    apiKey: await gateway.createKey(),
    maxRetries: 0,
  });
  const input = "pace 20ms\nstream 3000";
  const responses = await client.responses.create({ model, input, stream: true }).withResponse();
  const messages = [{ role: "user" as const, content: input }];
  const chat = await client.chat.completions.create({ model, messages, stream: true }).withResponse();
  const whole = client.responses.create({ model, input: "delay 60s\necho: late" });
  const ends = [drain(responses.data), drain(chat.data), whole].map((end) =>
    end.then(
      () => null,
      (error: unknown) => error,
    ),
  );
  await expect.poll(() => gateway.arrivals().length, { timeout: 20_000 }).toBe(3);
  expect(await gateway.stop()).toBe(0);

  const [ofResponses, ofChat, ofWhole] = await Promise.all(ends);
  expect(ofResponses).toBeInstanceOf(APIError);
  expect(ofResponses).toMatchObject({ code: "shutting_down" });
  expect(ofChat).toBeInstanceOf(APIError);
  expect(ofChat).toMatchObject({ code: "shutting_down" });
  expect(ofWhole).toMatchObject({ status: 503, code: "shutting_down" });
  for (const { response } of [responses, chat]) {
    const end = await readEnd(database.db, response.headers.get("x-tollgate-exchange-id") ?? "");
    expect(end).toMatchObject({ outcome: "failed", error_code: "shutting_down" });
  }
  await expect.poll(() => gateway.arrivals().map(({ end }) => end)).toEqual(["left", "left", "left"]);
});

test("an answer of the token service is waited for", async () => {
  await using database = await createTestDatabase();
  await using gateway = await startGateway({ databaseUrl: database.url, config: toConfig(30_000) });
  const form = "grant_type=refresh_token&refresh_token=tg_rt_unknown";
  const head = `POST /oauth/token HTTP/1.1\r\nhost: gateway\r\ncontent-length: ${form.length}\r\n`;
  const type = "content-type: application/x-www-form-urlencoded\r\n\r\n";
  const early = await beginRequest(gateway.origin, head + type + form.slice(0, 20), form.slice(20));
  // Whatever came before it on another connection has been taken up.
  expect((await fetch(`${gateway.origin}/healthz`)).status).toBe(200);
  const ended = gateway.stop();
  await expect.poll(() => gateway.log(), { timeout: 10_000 }).toContain("Draining");
  const told = await early();
  expect(told).toMatch(/^HTTP\/1\.1 400 /);
  expect(told).toContain("invalid_grant");
  expect(await ended).toBe(0);
});

/** Sends the first part of a request; gives the function that sends the rest and reads the answer to its end. */
async function beginRequest(origin: string, first: string, rest: string): Promise<() => Promise<string>> {
  const socket = connect({ port: Number(new URL(origin).port), host: "127.0.0.1" });
  await once(socket, "connect");
  socket.write(first);
  return () => {
    socket.write(rest);
    return text(socket);
  };
}

async function drain(stream: AsyncIterable<unknown>): Promise<number> {
  let events = 0;
  for await (const _ of stream) events += 1;
  return events;
}
