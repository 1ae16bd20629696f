// What the gateway writes down by itself, in its log, its database, its metrics and its errors, holds no masked value,
// whichever way it came.
import { hash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readText } from "node:stream/consumers";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { dumpTables } from "./dump-tables.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { openSocket } from "./websocket/client.ts";

const model = "gpt-4.1";
const masks = [
  { class: "secret", with: "redact" },
  { class: "email", with: "token" },
];

let folder = "";
let database: TestDatabase;
let gateway: RunningGateway;
let client: OpenAI;
let key = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-clear-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks, record_texts_of_groups: ["developers"] } }));
  database = await createTestDatabase();
  gateway = await startGateway({
    databaseUrl: database.url,
    env: { TOLLGATE_POLICY_OPERATOR: operator, TOLLGATE_LOG_LEVEL: "debug" },
  });
  key = await gateway.createKey();
  client = toTarget(gateway.baseUrl, key).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Values of one way alone, so that what another left in the record is not taken for its own. */
class Values {
  readonly secret: string;
  readonly email: string;
  readonly both: string;

  constructor(way: string) {
    const digest = hash("sha256", way, "base64").replaceAll(/[^A-Za-z0-9]/g, "");
    this.secret = ["ghp", digest.slice(0, 36).padEnd(36, "x7")].join("_");
    this.email = `${digest.slice(-10).toLowerCase()}@example.com`;
    this.both = `${this.secret} of ${this.email}`;
  }

  /** Gives what of the values stands in a text: any eight characters of them count. */
  findIn(text: string): string[] {
    const local = this.email.slice(0, this.email.indexOf("@"));
    const pieces = [this.secret.slice(4), local].flatMap((value) =>
      Array.from({ length: value.length - 7 }, (_, index) => value.slice(index, index + 8)),
    );
    return pieces.filter(
      (piece) => text.includes(piece) || text.includes(Buffer.from(piece).toString("hex")),
    );
  }
}

/** Calls with the values, and gives the body of an error where it fails. */
async function attempt(call: () => Promise<unknown>): Promise<string> {
  try {
    const answer = await call();
    return typeof answer === "string" ? answer : "";
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return JSON.stringify([error.message, error.error, [...(error.headers ?? [])]]);
  }
}

/** Asks without an SDK, and gives the head and the body of the answer. */
async function ask(path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<string> {
  const asked = send(`${gateway.origin}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  asked.end(body);
  const [answer] = await once(asked, "response");
  return JSON.stringify(answer.headers) + (await readText(answer));
}

function askWith(headers: Readonly<Record<string, string>>): Promise<unknown> {
  return client.responses.create({ model, input: "hi" }, { headers });
}

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
};

/** Sends one message over a socket, and gives the error that comes back. */
async function askSocket(path: string, message: object): Promise<string> {
  const token = await gateway.createKey({ groups: ["admins"] });
  const socket = await openSocket(`${gateway.baseUrl}${path}`, { token });
  socket.send(message);
  const error = await socket.until(({ type }) => type === "error" || type.endsWith(".failed"));
  socket.socket.close();
  return JSON.stringify(error);
}

const WAYS: Readonly<Record<string, (values: Values) => Promise<unknown>>> = {
  "a prompt": ({ both }) =>
    client.responses.create({ model, input: both, instructions: both, metadata: { note: both } }),
  "a tool": ({ both }) =>
    client.responses.create({
      model,
      input: `call pay {"to":"${both}"}`,
      tools: [
        {
          type: "function",
          name: "pay",
          description: both,
          strict: false,
          parameters: { type: "object", properties: { to: { type: "string", description: both } } },
        },
      ],
    }),
  "a tool's name": ({ secret, email }) =>
    client.responses.create({
      model,
      input: "hi",
      tools: [
        { type: "function", name: secret, strict: false, parameters: {} },
        { type: "mcp", server_label: email, server_url: `https://${secret}.example.com` },
      ],
    }),
  "a tool's output": ({ both }) =>
    client.chat.completions.create({
      model,
      messages: [
        { role: "user", content: "go" },
        {
          role: "assistant",
          tool_calls: [
            {
              id: "call_1",
              type: "function",
              function: { name: "pay", arguments: JSON.stringify({ to: both }) },
            },
          ],
        },
        { role: "tool", tool_call_id: "call_1", content: both },
      ],
    }),
  "the id of a call": ({ secret }) =>
    client.chat.completions.create({
      model,
      messages: [
        { role: "user", content: "go" },
        {
          role: "assistant",
          tool_calls: [{ id: secret, type: "function", function: { name: "pay", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: secret, content: "paid" },
      ],
    }),
  "a stream": async ({ both }) => {
    for await (const _ of await client.responses.create({ model, input: `echo: ${both}`, stream: true }));
  },
  "a name of a member": ({ secret }) =>
    client.responses.create({ model, input: "hi", metadata: { [secret]: "x" } }),
  "a file and its name": ({ both, email }) =>
    client.files.create({ file: new File([both], `${email}.txt`), purpose: "assistants" }),
  "the name of a file that is cut": ({ secret }) =>
    client.files.create({
      file: new File(["hi"], `${"a ".repeat(118)}${secret}.txt`),
      purpose: "assistants",
    }),
  "a part of an upload": async ({ both }) => {
    const upload = await client.uploads.create({
      bytes: both.length,
      filename: "a.txt",
      mime_type: "text/plain",
      purpose: "assistants",
    });
    await client.uploads.parts.create(upload.id, { data: new File([both], "part") });
  },
  "the name of an upload": ({ both }) =>
    client.uploads.create({ bytes: 1, filename: both, mime_type: "text/plain", purpose: "assistants" }),
  "a model": ({ both }) => client.responses.create({ model: both, input: "hi" }),
  "an id": ({ secret }) => client.responses.retrieve(`resp_${secret}`),
  "an earlier response": ({ secret }) =>
    client.responses.create({ model, input: "hi", previous_response_id: `resp_${secret}` }),
  "a stored prompt": ({ both }) =>
    client.responses.create({ model, input: "hi", prompt: { id: both, version: both } }),
  "an item of a type that nobody knows": ({ secret }) =>
    ask(
      "/v1/responses",
      { "content-type": "application/json" },
      JSON.stringify({ model, input: [{ type: secret, role: secret, text: secret }] }),
    ),
  "a program's name": ({ both }) => askWith({ "user-agent": `agent/1 (${both})` }),
  "a program's name that is cut": ({ secret }) => askWith({ "user-agent": `${"a ".repeat(118)}${secret}` }),
  "a session's name": ({ both }) => askWith({ "x-tollgate-session": both }),
  "a beta": ({ both }) => askWith({ "openai-beta": both }),
  "an idempotency key": ({ both }) => askWith({ "idempotency-key": both }),
  "a path that nobody knows": ({ both, secret }) =>
    ask(`/v1/${secret}/${encodeURIComponent(both)}`, { "user-agent": both }),
  "a query": ({ secret }) => ask(`/v1/files?${secret}=${secret}&limit=${secret}`, { "user-agent": secret }),
  "the name of a connection": ({ secret }) => ask(`/c/${secret}/v1/models`, { "user-agent": secret }),
  "a body that can't be read": ({ both }) =>
    ask("/v1/responses", { "content-type": "application/json", "user-agent": both }, `{"model": ${both}`),
  "a body of the wrong shape": ({ both, secret }) =>
    ask(
      "/v1/responses",
      { "content-type": "application/json" },
      JSON.stringify({ model, input: { [secret]: both }, tools: [{ type: { [secret]: both } }] }),
    ),
  "the id of a message that is refused": ({ secret }) =>
    askSocket("/realtime?model=gpt-realtime", { type: "response.create", event_id: secret }),
  "input of a message that is refused": ({ both, secret }) =>
    askSocket("/responses", {
      type: "response.steer",
      previous_response_id: `resp_${secret}`,
      input: [{ role: "user", content: both }],
    }),
  "what stands behind the media type of a file": async ({ both, secret }) => {
    const file = new File([both], "a.txt", { type: `text/plain; note=${secret}` });
    const headers = { authorization: `Bearer ${key}` };
    const body = new FormData();
    body.append("purpose", "assistants");
    body.append("file", file);
    const answer = await fetch(`${gateway.baseUrl}/files`, { method: "POST", headers, body });
    expect(answer.status).toBe(403);
    return answer.text();
  },
  "a media type": ({ secret }) => ask("/v1/responses", { "content-type": `text/${secret}` }, "{}"),
  "a key that nobody gave": ({ both, secret }) =>
    ask("/v1/models", { authorization: `Bearer ${secret}`, "user-agent": both }),
  "a WebSocket": ({ both }) =>
    ask(`/v1/realtime?model=${encodeURIComponent(both)}`, {
      ...UPGRADE,
      "user-agent": both,
      "x-tollgate-session": both,
    }),
  traces: ({ both, secret }) =>
    ask(
      "/v1/traces/ingest",
      { "content-type": "application/json" },
      JSON.stringify({
        data: [
          { object: "trace", id: secret, workflow_name: both, group_id: both },
          {
            object: "trace.span",
            id: secret,
            trace_id: secret,
            span_data: { type: secret, name: both, input: both },
          },
        ],
      }),
    ),
};

test.each(Object.keys(WAYS))("no value is written down that comes in %s", async (way) => {
  const call = WAYS[way];
  if (call === undefined) throw new Error("There is no such way.");
  const values = new Values(way);
  const error = await attempt(() => call(values));
  expect(values.findIn(error)).toEqual([]);
  for (const [table, text] of await dumpTables(database.db))
    expect([table, values.findIn(text)]).toEqual([table, []]);
  expect(values.findIn(gateway.log())).toEqual([]);
  const metrics = await fetch(`${gateway.adminOrigin}/metrics`);
  expect(values.findIn(await metrics.text())).toEqual([]);
});

test("a session that is named by a value is one session, whose name is told masked", async () => {
  const { email } = new Values("a session");
  await askWith({ "x-tollgate-session": email });
  await askWith({ "x-tollgate-session": email });
  const rows = await database.db.sql<{ name: string; count: string }[]>`
    select s.name, count(*) from exchanges e join sessions s on s.id = e.session_id
    where s.name like '[EMAIL_%' group by s.id`;
  expect(rows.map(({ count }) => Number(count))).toContain(2);
});
