// Sockets between a program and a target that both say what they should not.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { insertKey, startGateway } from "../gateway.ts";
import { z } from "zod";
import type { RunningGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import type { TestDatabase } from "../postgres.ts";
import { startMirror } from "../surface/mirror.ts";
import type { Mirror } from "../surface/mirror.ts";
import { openSocket } from "./client.ts";
import type { Client, Message } from "./client.ts";

const CREDENTIAL = "a-credential-of-the-provider";
const is =
  (type: string) =>
  (message: Message): boolean =>
    message.type === type;
const server = { type: "mcp", server_label: "x", server_url: "https://mcp.example.com" };

let mirror: Mirror;
let database: TestDatabase;
let gateway: RunningGateway;
let key: string;
let developerKey: string;

beforeAll(async () => {
  mirror = await startMirror();
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    target: { url: mirror.url, credential: CREDENTIAL },
  });
  key = await insertKey(database.url, { groups: ["admins"] });
  developerKey = await insertKey(database.url);
}, 120_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await mirror?.close();
});

const open = (path: string, token = key): Promise<Client> =>
  openSocket(`${gateway.baseUrl}${path}`, { token });
const create = { type: "response.create", model: "gpt-5.4", input: "hello" };

describe("what is added to a response", () => {
  test("is judged by the tools and the model that it names itself too", async () => {
    const client = await open("/responses", developerKey);
    const response = { id: "resp_1", object: "response", status: "in_progress", output: [] };
    mirror.reply({ type: "response.created", sequence_number: 0, response });
    client.send(create);
    await client.until(is("response.created"));
    const steer = { type: "response.steer", previous_response_id: "resp_1", input: "go on" };
    // By its first event the response is the caller's.
    client.send({ ...steer, tools: [server] });
    expect(await client.until(is("response.steer.failed"))).toMatchObject({
      error: { code: "mcp_server_not_allowed" },
    });
    client.send({ ...steer, model: "a-model-of-nobody" });
    expect(await client.until(is("response.steer.failed"))).toMatchObject({
      error: { code: "model_not_allowed" },
    });
    client.socket.terminate();
  });
});

describe("a part of a call that belongs to no response", () => {
  const part = { type: "response.function_call_arguments.done", call_id: "c", name: "sh", arguments: "{}" };

  test("does not pass over a realtime socket", async () => {
    const client = await open("/realtime?model=gpt-realtime");
    mirror.reply(part);
    client.send({ type: "session.update", session: { type: "realtime", instructions: "Help." } });
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(client.received.map(({ type }) => type)).not.toContain(part.type);
  });

  test("does not pass over a socket of responses", async () => {
    const client = await open("/responses");
    mirror.reply({ ...part, stream_id: "nobody" });
    client.send(create);
    await expect.poll(() => mirror.messages.length).toBeGreaterThan(0);
    mirror.reply({ type: "error", status: 400, error: { type: "invalid_request_error", message: "No." } });
    client.send(create);
    await client.until(is("error"));
    expect(client.received.map(({ type }) => type)).not.toContain(part.type);
    client.socket.terminate();
  });
});

describe("a response that is asked for and ends in an error", () => {
  test.each([
    ["with an id of the program's", "evt_1"],
    ["without an id", null],
  ])("is over: %s", async (_, event_id) => {
    const client = await open("/realtime?model=gpt-realtime");
    const known = mirror.messages.length;
    const count = 70;
    mirror.reply((message) => {
      const asked = z.object({ event_id: z.string() }).parse(JSON.parse(message));
      return { type: "error", event_id: "event_1", error: { code: "busy", message: "No.", ...asked } };
    });
    // More than may wait at once: each is over before the next begins.
    for (let sent = 0; sent < count; sent += 1) {
      client.send({ type: "response.create", ...(event_id !== null && { event_id }) });
      expect(await client.until(is("error"))).toMatchObject({ error: { code: "busy", event_id } });
    }
    expect(mirror.messages.length).toBe(known + count);
    client.socket.close();
    await client.closed;
    const ends = (): Promise<readonly unknown[]> => database.db.sql`
        select count(*)::int as ends from exchange_ends
        where outcome = 'failed' and error_code = 'target:busy'`;
    await expect.poll(ends, { timeout: 30_000 }).toEqual([{ ends: event_id === null ? 2 * count : count }]);
  });
});

describe("messages without an answer", () => {
  test("are not kept without end", async () => {
    mirror.reply({ type: "nothing" });
    const client = await open("/realtime?model=gpt-realtime");
    for (let count = 0; count < 70; count += 1) client.send({ type: "response.create" });
    expect(await client.closed).toMatchObject({ code: 1008, reason: "socket_flooded" });
  });
});

describe("a form's session", () => {
  const text = JSON.stringify({ type: "realtime", model: "gpt-realtime", tools: [server] });

  test.each([
    ["it does not say that it is", text],
    ["it comes as a file", new Blob([text], { type: "application/json" })],
  ])("is read as JSON where %s", async (_, session) => {
    const form = new FormData();
    form.set("sdp", "v=0");
    if (typeof session === "string") form.set("session", session);
    else form.set("session", session);
    const before = mirror.arrived.length;
    const answer = await fetch(`${gateway.baseUrl}/realtime/calls`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: form,
    });
    expect(await answer.json()).toMatchObject({ error: { code: "mcp_server_not_allowed" } });
    expect(mirror.arrived.length).toBe(before);
  });

  test("names the model that the query names, if that does", async () => {
    const form = new FormData();
    form.set("session", JSON.stringify({ type: "realtime", model: "gpt-realtime" }));
    const answer = await fetch(`${gateway.baseUrl}/realtime/calls?model=another`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: form,
    });
    expect(await answer.json()).toMatchObject({ error: { code: "query_invalid" } });
  });
});

describe("a target that repeats the credential", () => {
  test("does not get it to the program, over HTTP or a socket", async () => {
    const error = { type: "invalid_request_error", message: `Bad header: Bearer ${CREDENTIAL}`, code: null };
    mirror.answer({ status: 400, body: JSON.stringify({ error }) });
    const answer = await fetch(`${gateway.baseUrl}/models`, { headers: { authorization: `Bearer ${key}` } });
    const text = await answer.text();
    expect(answer.status).toBe(502);
    expect(text).not.toContain(CREDENTIAL);
    mirror.reply({ type: "session.created", session: { id: "sess_1", echo: CREDENTIAL } });
    const client = await open("/realtime?model=gpt-realtime");
    client.send({ type: "session.update", session: { type: "realtime", instructions: "Help." } });
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(JSON.stringify(client.received)).not.toContain(CREDENTIAL);
  });
});

describe("an idempotency key", () => {
  test("is the caller's own over a socket too", async () => {
    const from = mirror.opened.length;
    for (const token of [key, developerKey, key]) {
      const headers = { "idempotency-key": "one" };
      const client = await openSocket(`${gateway.baseUrl}/responses`, { token, headers });
      client.socket.terminate();
    }
    const keys = mirror.opened.slice(from).map((headers) => headers["idempotency-key"]);
    expect(keys[0]).toBe(keys[2]);
    expect(new Set([...keys, "one"]).size).toBe(3);
  });
});

describe("a form's field that decides", () => {
  async function post(path: string, name: string, file: boolean): Promise<unknown> {
    const form = new FormData();
    if (file) form.set(name, new Blob(["file-of-another"], { type: "text/plain" }), "a.txt");
    else form.set(name, "whisper-1");
    const answer = await fetch(gateway.baseUrl + path, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: form,
    });
    return answer.json();
  }
  const refused = { error: { code: "body_invalid" } };

  test("is one value, and no list", async () => {
    const before = mirror.arrived.length;
    expect(await post("/audio/transcriptions", "model[]", false)).toMatchObject(refused);
    expect(await post("/files", "purpose[0]", false)).toMatchObject(refused);
    expect(mirror.arrived.length).toBe(before);
  });

  test("is no file where it names an object", async () => {
    const before = mirror.arrived.length;
    expect(await post("/audio/voices", "consent", true)).toMatchObject(refused);
    expect(await post("/containers/cntr_1/files", "file_id", true)).toMatchObject(refused);
    expect(mirror.arrived.length).toBe(before);
  });
});
