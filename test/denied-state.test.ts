// The turn after a denied call where the turns lie with the API: it waits for an output that the program cannot give.
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const model = "gpt-4.1";
const tools: OpenAI.Responses.FunctionTool[] = [
  {
    type: "function",
    name: "run_sql",
    strict: false,
    parameters: { type: "object", properties: { query: { type: "string" } } },
  },
];
const drop = 'reason\ncall run_sql {"query":"DROP DATABASE production"}';

let database: TestDatabase;
let gateway: RunningGateway;
let client: OpenAI;
beforeAll(async () => {
  database = await createTestDatabase();
  gateway = await startGateway({ databaseUrl: database.url });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function create(
  body: Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, "model">,
  stream = false,
): Promise<OpenAI.Responses.Response> {
  if (!stream) return client.responses.create({ model, tools, ...body });
  const { stream: _, ...rest } = body;
  return client.responses.stream({ model, tools, ...rest }).finalResponse();
}

async function waitFor(id: string): Promise<OpenAI.Responses.Response> {
  for (;;) {
    const response = await client.responses.retrieve(id);
    if (response.status !== "queued" && response.status !== "in_progress") return response;
    await sleep(20);
  }
}

async function typesOf(
  items: AsyncIterable<{ readonly type?: string | null | undefined }>,
): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of items) types.push(type ?? "");
  return types;
}

function without(type: string, types: readonly string[]): void {
  expect(types).not.toContain(type);
}

describe.each([false, true])("in a conversation, stream: %s", (stream) => {
  test("the next turns go on, and its items show neither the call nor what stands for its output", async () => {
    const { id: conversation } = await client.conversations.create();
    const denied = await create({ input: drop, conversation }, stream);
    expect(denied.output_text).toContain("sql_destructive");
    const list = (): Promise<string[]> =>
      typesOf(client.conversations.items.list(conversation, { order: "asc" }));
    const before = await list();
    expect(before.at(-1)).toBe("message");
    without("function_call", before);

    expect((await create({ input: "echo: on", conversation }, stream)).output_text).toBe("on");
    expect((await create({ input: "echo: and on", conversation }, stream)).output_text).toBe("and on");
    const after = await list();
    without("function_call", after);
    without("function_call_output", after);
    expect(after.filter((type) => type === "message")).toHaveLength(6);
    // The API got an output, once.
    const sent = gateway.upstream
      .requests()
      .filter(({ body }) => body.toString().includes("Refused by policy (sql_destructive)"));
    expect(sent.length).toBeGreaterThan(0);
  });

  test("the items that a program resends by themselves are a history that the API takes", async () => {
    const { id: conversation } = await client.conversations.create();
    await create({ input: drop, conversation }, stream);
    await create({ input: "echo: on", conversation }, stream);
    const items: OpenAI.Responses.ResponseInputItem[] = [];
    for await (const item of client.conversations.items.list(conversation, { order: "asc" }))
      items.push(JSON.parse(JSON.stringify(item)));
    const next = await create({ input: [...items, { role: "user", content: "echo: again" }] }, stream);
    expect(next.output_text).toBe("again");
  });

  test("an item that is asked for by itself is not the call", async () => {
    const { id: conversation } = await client.conversations.create();
    await create({ input: drop, conversation }, stream);
    // The program does not know the call's id; one that guesses it gets no more than the message.
    const direct = toTarget(gateway.targetUrl, gateway.credential).client();
    const all = await direct.conversations.items.list(conversation);
    const call = all.data.find(({ type }) => type === "function_call");
    const item = await client.conversations.items.retrieve(call?.id ?? "", { conversation_id: conversation });
    expect(item.type).toBe("message");
    expect(JSON.stringify(item)).toContain("sql_destructive");
    expect(JSON.stringify(item)).not.toContain("DROP DATABASE");
  });
});

describe.each([false, true])("with previous_response_id, stream: %s", (stream) => {
  test("the next turns go on, and stored answers show the message", async () => {
    const denied = await create({ input: drop }, stream);
    const next = await create({ input: "echo: on", previous_response_id: denied.id }, stream);
    expect(next.output_text).toBe("on");
    const last = await create({ input: "echo: and on", previous_response_id: next.id }, stream);
    expect(last.output_text).toBe("and on");
    const stored = await client.responses.retrieve(denied.id);
    expect(stored.output.map(({ type }) => type)).toEqual(denied.output.map(({ type }) => type));
    expect(stored.output_text).toContain("sql_destructive");
    for (const { id } of [next, last]) {
      const types = await typesOf(client.responses.inputItems.list(id));
      without("function_call", types);
      without("function_call_output", types);
    }
    // A branch from the denied one goes on as well.
    const branch = await create({ input: "echo: branch", previous_response_id: denied.id }, stream);
    expect(branch.output_text).toBe("branch");
  });
});

describe.each(["previous_response_id", "conversation"] as const)(
  "an answer that its caller left, with %s",
  (by) => {
    test("was told that a call is denied, and the next turn goes on", async () => {
      const conversation = (await client.conversations.create()).id;
      const stream = await client.responses.create({
        model,
        tools,
        input: `${drop}\npace 20ms\nstream 2000`,
        stream: true,
        ...(by === "conversation" && { conversation }),
      });
      let id = "";
      for await (const event of stream) {
        if (event.type === "response.created") id = event.response.id;
        if (event.type === "response.output_item.done" && event.item.type === "message") break;
      }
      stream.controller.abort();
      const next = by === "conversation" ? { conversation } : { previous_response_id: id };
      expect((await create({ input: "echo: on", ...next })).output_text).toBe("on");
      expect((await create({ input: "echo: and on", ...next })).output_text).toBe("and on");
    });
  },
);

test("a call that the API did not keep is given no output", async () => {
  const { id: conversation } = await client.conversations.create();
  const denied = await create({ input: drop, conversation }, true);
  const direct = toTarget(gateway.targetUrl, gateway.credential).client();
  for await (const { id, type } of direct.conversations.items.list(conversation))
    if (type !== "message")
      await direct.conversations.items.delete(id ?? "", { conversation_id: conversation });
  expect(denied.output_text).toContain("sql_destructive");
  expect((await create({ input: "echo: on", conversation })).output_text).toBe("on");
  expect((await create({ input: "echo: and on", conversation })).output_text).toBe("and on");
});

test("a response in the background is polled to its message, and the next turn goes on", async () => {
  const { id } = await client.responses.create({ model, tools, input: drop, background: true });
  const done = await waitFor(id);
  expect(done.status).toBe("completed");
  expect(done.output_text).toContain("sql_destructive");
  expect((await create({ input: "echo: on", previous_response_id: id })).output_text).toBe("on");
});
