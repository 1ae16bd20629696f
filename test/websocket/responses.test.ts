// The Responses API over a WebSocket through a whole gateway: exchanges, lanes, refusals, held calls, closing.
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { revokeServiceAccount } from "../../db/queries/service-accounts.ts";
import { toTarget, useGateway } from "../clients/js/targets.ts";
import { startGateway } from "../gateway.ts";
import { createTestDatabase } from "../postgres.ts";
import { readEnd } from "../read-record.ts";
import { askRefused, openSocket } from "./client.ts";
import type { Client, Message } from "./client.ts";

const gateway = useGateway();
const url = (): string => `${gateway().baseUrl}/responses`;
const model = "gpt-5.4";
const tools = [{ type: "function", name: "run_sql", strict: false, parameters: { type: "object" } }];
const drop = 'call run_sql {"query":"DROP DATABASE production"}';
const select = 'call run_sql {"query":"SELECT 1"}';
const response = z.looseObject({
  id: z.string(),
  output: z.array(z.looseObject({ type: z.string() })),
});

const isEnd = ({ type }: Message): boolean =>
  /^response\.(?:completed|failed|incomplete)$|^error$/.test(type);
const is =
  (type: string) =>
  (message: Message): boolean =>
    message.type === type;
const create = (input: string, more: object = {}): object => ({
  type: "response.create",
  model,
  input,
  ...more,
});
const toResponse = (message: Message): z.output<typeof response> => response.parse(message["response"]);

async function openOne(): Promise<Client> {
  return openSocket(url(), { token: await gateway().createKey() });
}

/** Gives the messages that have reached the target so far. */
function sent(): string[] {
  return gateway()
    .upstream.requests()
    .filter(({ method, body }) => method === "WS" && body.length > 0)
    .map(({ body }) => body.toString("utf8"));
}

describe("a socket", () => {
  test("carries one request after another, each an exchange that is recorded", async () => {
    const client = await openOne();
    client.send(create("echo: first"));
    const first = await client.until(isEnd);
    expect(first).toMatchObject({ type: "response.completed", response: { status: "completed" } });
    const { id } = toResponse(first);
    client.send(create("echo: second", { previous_response_id: id }));
    expect(await client.until(isEnd)).toMatchObject({ response: { previous_response_id: id } });
    const kinds = client.received.map(({ type }) => type);
    expect(kinds.filter((type) => type === "response.created")).toHaveLength(2);
    expect(kinds).toContain("response.output_text.delta");
    client.socket.close(1000);
    expect(await client.closed).toMatchObject({ code: 1000 });
  });

  test("knows its own responses where nothing is stored", async () => {
    const client = await openOne();
    client.send(create("echo: kept by the socket", { store: false }));
    const { id } = toResponse(await client.until(isEnd));
    const before = sent().length;
    client.send(create("echo: on", { previous_response_id: id, store: false }));
    await client.until(isEnd);
    expect(sent()).toHaveLength(before + 1);
    client.socket.close();
  });

  test("takes the token from a subprotocol, and agrees on none that holds it", async () => {
    const token = await gateway().createKey();
    const client = await openSocket(url(), {
      protocols: ["realtime", `openai-insecure-api-key.${token}`],
    });
    expect(client.socket.protocol).toBe("realtime");
    client.send(create("echo: hello"));
    expect(await client.until(isEnd)).toMatchObject({ type: "response.completed" });
    client.socket.close();
  });

  test("shows the target nothing of the program's but its words", async () => {
    const token = await gateway().createKey();
    const client = await openSocket(`${url()}?beta=true`, {
      token,
      headers: { "openai-beta": "responses_websockets=v1", cookie: "a=b", "openai-project": "p" },
    });
    const opening = gateway()
      .upstream.requests()
      .findLast(({ method, body }) => method === "WS" && body.length === 0);
    expect(opening?.url).toBe("/v1/responses?beta=true");
    expect(opening?.headers).toMatchObject({
      authorization: `Bearer ${gateway().credential}`,
      "openai-beta": "responses_websockets=v1",
    });
    expect(opening?.headers).not.toHaveProperty("cookie");
    expect(opening?.headers).not.toHaveProperty("openai-project");
    expect(JSON.stringify(opening?.headers)).not.toContain(token);
    client.socket.close();
  });
});

describe("a refused upgrade is an HTTP answer", () => {
  test.each([
    { name: "without a token", path: "/responses", token: null, status: 401, code: "token_missing" },
    {
      name: "with another token",
      path: "/responses",
      token: "tg_nothing",
      status: 401,
      code: "token_invalid",
    },
    { name: "of an unknown path", path: "/nothing", status: 404, code: "operation_unknown" },
    { name: "of another spelling", path: "//responses", status: 404, code: "operation_unknown" },
    { name: "of a path that has none", path: "/models", status: 405, code: "method_not_allowed" },
    {
      name: "of an unknown connection",
      path: "/../c/none/v1/responses",
      status: 404,
      code: "connection_unknown",
    },
  ])("$name", async ({ path, token, status, code }) => {
    const own = token === undefined ? await gateway().createKey() : token;
    const refusal = await askRefused(`${gateway().baseUrl}${path}`, { token: own });
    expect(refusal).toMatchObject({ status, body: { error: { code } } });
    expect(refusal.headers["content-type"]).toBe("application/json");
    expect(refusal.headers["x-tollgate-exchange-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("to a caller whose groups may not", async () => {
    const token = await gateway().createKey({ groups: ["nobody"] });
    const refusal = await askRefused(url(), { token });
    expect(refusal).toMatchObject({ status: 403, body: { error: { code: "policy_not_allowed" } } });
  });

  test("with two tokens", async () => {
    const token = await gateway().createKey();
    const protocols = ["realtime", `openai-insecure-api-key.${token}`];
    expect(await askRefused(url(), { token, protocols })).toMatchObject({ status: 401 });
  });

  test("and another upgrade is none", async () => {
    const answer = await fetch(`${gateway().origin}/healthz`, { headers: { connection: "close" } });
    expect(answer.status).toBe(200);
  });
});

describe("what policy refuses", () => {
  test("is told in an error event, never reaches the target, and leaves the socket open", async () => {
    const client = await openOne();
    const before = sent().length;
    client.send(create("echo: hello", { model: "davinci-002", stream_id: "a" }));
    const refused = await client.until(isEnd);
    expect(refused).toMatchObject({
      type: "error",
      status: 403,
      stream_id: "a",
      code: "model_not_allowed",
      error: { code: "model_not_allowed", type: "permission_error", exchange_id: expect.any(String) },
    });
    expect(sent()).toHaveLength(before);
    client.send(create("echo: hello"));
    expect(await client.until(isEnd)).toMatchObject({ type: "response.completed" });
    client.socket.close();
  });

  test("is a response of another caller", async () => {
    const [one, other] = [await openOne(), await openOne()];
    one.send(create("echo: mine"));
    const { id } = toResponse(await one.until(isEnd));
    other.send(create("echo: on", { previous_response_id: id }));
    expect(await other.until(isEnd)).toMatchObject({
      type: "error",
      status: 404,
      error: { code: "not_found", param: "previous_response_id" },
    });
    one.socket.close();
    other.socket.close();
  });

  test("is a tool call, which no event tells, and the turn after it goes on", async () => {
    const client = await openOne();
    client.send(create(drop, { tools, stream_id: "lane" }));
    const end = await client.until(isEnd);
    const told = JSON.stringify(client.received.map((message) => ({ ...message, response: undefined })));
    expect(told).not.toMatch(/DROP|function_call/);
    expect(client.received.every((message) => message["stream_id"] === "lane")).toBe(true);
    const { id, output } = toResponse(end);
    expect(output.map(({ type }) => type)).toEqual(["message"]);
    expect(JSON.stringify(output)).toContain("sql_destructive");
    client.send(create("echo: and now", { previous_response_id: id, tools }));
    expect(await client.until(isEnd)).toMatchObject({ type: "response.completed" });
    expect(sent().at(-1)).toContain("function_call_output");
    client.socket.close();
  });

  test("is a tool call that the target did not keep, and the turn after it goes on", async () => {
    const key = await gateway().createKey();
    const { id: conversation } = await toTarget(gateway().baseUrl, key).client().conversations.create();
    const client = await openSocket(url(), { token: key });
    client.send(create(drop, { tools, conversation }));
    await client.until(isEnd);
    const { conversations } = toTarget(gateway().targetUrl, gateway().credential).client();
    for await (const { id, type } of conversations.items.list(conversation))
      if (type !== "message") await conversations.items.delete(id ?? "", { conversation_id: conversation });
    for (const word of ["on", "and on"]) {
      client.send(create(`echo: ${word}`, { conversation, tools }));
      const end = await client.until(isEnd);
      expect([end.type, JSON.stringify(end)]).toEqual([
        "response.completed",
        expect.stringContaining(`"${word}"`),
      ]);
    }
    client.socket.close();
  });

  test("is not a call that is allowed: all its events pass", async () => {
    const client = await openOne();
    client.send(create(select, { tools }));
    const { output } = toResponse(await client.until(isEnd));
    expect(output.map(({ type }) => type)).toEqual(["function_call"]);
    expect(client.received.map(({ type }) => type)).toContain("response.function_call_arguments.done");
    client.socket.close();
  });
});

describe("lanes", () => {
  test("are answered side by side, each in its own order", async () => {
    const client = await openOne();
    client.send(create("delay 600ms; echo: slow", { stream_id: "slow" }));
    client.send(create("echo: one", { stream_id: "quick" }));
    client.send(create("echo: two", { stream_id: "quick" }));
    const ends = [await client.until(isEnd), await client.until(isEnd), await client.until(isEnd)];
    expect(ends.map((end) => end["stream_id"])).toEqual(["quick", "quick", "slow"]);
    expect(JSON.stringify(ends[0])).toContain("one");
    expect(JSON.stringify(ends[1])).toContain("two");
    client.socket.close();
  });

  test("tell a refusal in its place", async () => {
    const client = await openOne();
    client.send(create("delay 300ms; echo: slow", { stream_id: "a" }));
    client.send(create("echo: no", { stream_id: "a", model: "davinci-002" }));
    client.send(create("echo: last", { stream_id: "a" }));
    const ends = [await client.until(isEnd), await client.until(isEnd), await client.until(isEnd)];
    expect(ends.map(({ type }) => type)).toEqual(["response.completed", "error", "response.completed"]);
    client.socket.close();
  });
});

describe("steering", () => {
  test("is decided like a request, and its answer is an exchange of its own", async () => {
    const client = await openOne();
    client.send(create("pace 40ms; stream 60", { stream_id: "s" }));
    const created = toResponse(await client.until(is("response.created")));
    await client.until(is("response.output_text.delta"));
    client.send({ type: "response.steer", previous_response_id: created.id, input: "echo: steered" });
    expect(await client.until(is("response.steer.accepted"))).toMatchObject({ stream_id: "s" });
    const cut = await client.until(isEnd);
    expect(cut).toMatchObject({ response: { incomplete_details: { reason: "steered" } } });
    const next = await client.until(isEnd);
    expect(next).toMatchObject({
      type: "response.completed",
      response: { previous_response_id: created.id },
    });
    expect(JSON.stringify(next)).toContain("steered");
    client.socket.close();
  });

  test("that is refused comes back as failed, and what it would have steered goes on", async () => {
    const client = await openOne();
    client.send(create("pace 30ms; stream 30"));
    const { id } = toResponse(await client.until(is("response.created")));
    const before = sent().length;
    const input = [{ role: "user", content: [{ type: "input_file", file_id: "file-ofSomebodyElse" }] }];
    client.send({ type: "response.steer", previous_response_id: id, input });
    expect(await client.until(is("response.steer.failed"))).toMatchObject({
      error: { code: "not_found", exchange_id: expect.any(String) },
      steer: { previous_response_id: id, input },
    });
    expect(sent()).toHaveLength(before);
    expect(await client.until(isEnd)).toMatchObject({ type: "response.completed" });
    client.socket.close();
  });

  test("of a response that is not this socket's is refused", async () => {
    const client = await openOne();
    client.send({ type: "response.steer", previous_response_id: "resp_other", input: "hello" });
    expect(await client.until(is("response.steer.failed"))).toMatchObject({ error: { code: "not_found" } });
    client.socket.close();
  });
});

describe("what cannot be understood", () => {
  test.each([
    { name: "no JSON", data: "hello", code: 1008 },
    { name: "a key that stands twice", data: '{"type":"response.create","type":"x"}', code: 1008 },
    { name: "a number that does not survive", data: '{"type":"response.create","n":1e999}', code: 1008 },
    {
      name: "an escaped lane",
      data: String.raw`{"type":"response.create","stream_\u0069d":"a","model":"gpt-5.4","input":"x"}`,
      code: 1008,
    },
  ])("closes the socket: $name", async ({ data, code }) => {
    const client = await openOne();
    const before = sent().length;
    client.send(data);
    expect(await client.until(is("error"))).toMatchObject({ status: 400, error: { code: "body_invalid" } });
    expect(await client.closed).toEqual({ code, reason: "body_invalid" });
    expect(sent()).toHaveLength(before);
  });

  test("closes the socket: a binary message", async () => {
    const client = await openOne();
    client.send(Buffer.from([1, 2, 3]));
    expect(await client.closed).toEqual({ code: 1003, reason: "message_unreadable" });
  });

  test("closes the socket: text that is not UTF-8", async () => {
    const client = await openOne();
    client.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    expect((await client.closed).code).toBe(1007);
  });

  test("is refused where it is of an unknown type", async () => {
    const client = await openOne();
    const before = sent().length;
    client.send({ type: "response.surprise", input: "hello" });
    expect(await client.until(is("error"))).toMatchObject({ error: { code: "message_unknown" } });
    expect(sent()).toHaveLength(before);
    client.socket.close();
  });

  test("from the target closes the socket, and what was under way is told", async () => {
    const client = await openOne();
    client.send(create("garbage; stream 40"));
    expect(await client.until(is("error"))).toMatchObject({ error: { code: "answer_unreadable" } });
    expect((await client.closed).code).toBe(1011);
  });

  test("where the target goes away, what was under way is told", async () => {
    const client = await openOne();
    client.send(create("reset mid-stream; stream 40"));
    expect(await client.until(is("error"))).toMatchObject({ error: { code: "target_broke_off" } });
    expect((await client.closed).code).toBe(1011);
  });

  test("an error of the target keeps its status, code and type", async () => {
    const client = await openOne();
    client.send(create("fail 429"));
    const error = await client.until(is("error"));
    expect(error).toMatchObject({
      status: 429,
      error: { code: "rate_limit_exceeded", type: "requests", message: "Simulated: rate limit reached." },
    });
    expect(error["error"]).not.toHaveProperty("exchange_id");
    client.send(create("echo: next"));
    expect(await client.until(isEnd)).toMatchObject({ type: "response.completed" });
    client.socket.close();
  });
});

describe("a token that is revoked", () => {
  test("closes its sockets within a second, and tells what was under way", async () => {
    const name = "revoked-over-a-socket";
    const token = await gateway().createKey({ name });
    const [busy, idle] = [await openSocket(url(), { token }), await openSocket(url(), { token })];
    busy.send(create("pace 50ms; stream 400"));
    await busy.until(is("response.output_text.delta"));
    await revokeServiceAccount(gateway().database.db, name);
    const began = Date.now();
    const [first, second] = await Promise.all([busy.closed, idle.closed]);
    // A second is what it takes; the rest is what a busy machine may be late by.
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(first).toEqual({ code: 1008, reason: "token_revoked" });
    expect(second).toEqual({ code: 1008, reason: "token_revoked" });
    expect(busy.received.at(-1)).toMatchObject({ type: "error", status: 401 });
  });
});

describe("the record", () => {
  test("holds the socket and each of its exchanges, with what became of them", async () => {
    const name = "recorded-socket";
    const client = await openSocket(url(), { token: await gateway().createKey({ name }) });
    client.send(create("echo: hello"));
    await client.until(isEnd);
    client.send(create("echo: hello", { model: "davinci-002" }));
    await client.until(isEnd);
    client.socket.close(1000);
    await client.closed;
    const { db } = gateway().database;
    const countEnds = async (): Promise<number> =>
      (await db.sql`select 1 from exchanges join exchange_ends on exchange_id = id where subject = ${name}`)
        .length;
    await expect.poll(countEnds, { timeout: 10_000 }).toBe(3);
    const rows = await db.sql<
      { id: string; operation: string; effect: string }[]
    >`select id, operation, effect from exchanges where subject = ${name} order by id`;
    expect(rows.map(({ operation, effect }) => [operation, effect])).toEqual([
      ["responses.connect", "allow"],
      ["responses.create", "allow"],
      ["responses.create", "deny"],
    ]);
    const ends = await Promise.all(rows.map(({ id }) => readEnd(db, id)));
    expect(ends.map((end) => [end?.outcome, end?.http_status])).toEqual([
      ["completed", 101],
      ["completed", 200],
      ["refused", 403],
    ]);
    expect(ends[1]?.usage).toMatchObject({ estimated: false });
  });
});

test("a gateway that stops closes idle sockets at once, and others behind their answer", async () => {
  await using database = await createTestDatabase();
  await using own = await startGateway({ databaseUrl: database.url });
  const token = await own.createKey();
  const at = `${own.baseUrl}/responses`;
  const [idle, busy] = [await openSocket(at, { token }), await openSocket(at, { token })];
  busy.send(create("pace 20ms; stream 60"));
  await busy.until(is("response.output_text.delta"));
  const stopped = own.stop();
  expect(await idle.closed).toEqual({ code: 1012, reason: "shutting_down" });
  busy.send(create("echo: more", { stream_id: "late" }));
  expect(await busy.until(is("error"))).toMatchObject({ status: 503, error: { code: "shutting_down" } });
  expect(await busy.until(isEnd)).toMatchObject({ type: "response.completed" });
  expect(await busy.closed).toEqual({ code: 1012, reason: "shutting_down" });
  expect(await stopped).toBe(0);
});
