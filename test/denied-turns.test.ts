// The turn after a denied call: what a program resends must be a history that the API takes, whatever it kept of it.
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const model = "gpt-4.1";
const tools: OpenAI.Responses.FunctionTool[] = ["run_sql", "look_up"].map((name) => ({
  type: "function",
  name,
  strict: false,
  parameters: { type: "object", properties: { query: { type: "string" } } },
}));
const drop = 'reason\ncall run_sql {"query":"DROP DATABASE production"}';
const both = `${drop}\ncall look_up {"query":"weather"}`;
const go: OpenAI.Responses.ResponseInputItem = { role: "user", content: "echo: go on" };
const sentTypes = z.object({ input: z.array(z.object({ type: z.string().optional() })) });

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

/** Gives the types of the items that reached the target with the last request. */
function sent(): (string | undefined)[] {
  const body = gateway.upstream.requests().at(-1)?.body.toString() ?? "";
  return sentTypes.parse(JSON.parse(body)).input.map(({ type }) => type);
}

type Kept = { readonly reasoning: boolean; readonly message: boolean };

/** Gives what a program keeps of an answer, with an output for each call. */
function keep(output: readonly OpenAI.Responses.ResponseOutputItem[], { reasoning, message }: Kept) {
  const kept: OpenAI.Responses.ResponseInputItem[] = [];
  for (const item of output) {
    if (item.type === "reasoning" && reasoning) kept.push(item);
    if (item.type === "message" && message) kept.push(item);
    if (item.type === "function_call")
      kept.push(item, { type: "function_call_output", call_id: item.call_id, output: "sunny" });
  }
  return kept;
}

describe.each([
  { stream: false, store: true },
  { stream: false, store: false },
  { stream: true, store: true },
  { stream: true, store: false },
])("after a denied call, stream: $stream, store: $store", ({ stream, store }) => {
  async function create(input: OpenAI.Responses.ResponseInput): Promise<OpenAI.Responses.Response> {
    const include: OpenAI.Responses.ResponseIncludable[] = store ? [] : ["reasoning.encrypted_content"];
    const body = { model, input, tools, store, include };
    return stream ? client.responses.stream(body).finalResponse() : client.responses.create(body);
  }

  test.each([
    { reasoning: true, message: true },
    { reasoning: true, message: false },
    { reasoning: false, message: true },
    { reasoning: false, message: false },
  ])("the next turn goes on, kept: %o", async (kept) => {
    const prompt: OpenAI.Responses.ResponseInputItem = { role: "user", content: drop };
    const denied = await create([prompt]);
    expect(denied.output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect(denied.output_text).toContain("sql_destructive");
    const history = [prompt, ...keep(denied.output, kept)];
    const next = await create([...history, go]);
    expect(next.output_text).toBe("go on");
    expect(sent()).not.toContain("reasoning");
    // And the turn after it, of which nothing is new but its end.
    const last = await create([
      ...history,
      go,
      ...keep(next.output, kept),
      { role: "user", content: "echo: ok" },
    ]);
    expect(last.output_text).toBe("ok");
  });

  test.each([
    { reasoning: true, message: true },
    { reasoning: true, message: false },
  ])("a call beside it that was allowed goes on, kept: %o", async (kept) => {
    const prompt: OpenAI.Responses.ResponseInputItem = { role: "user", content: both };
    const denied = await create([prompt]);
    expect(denied.output.map(({ type }) => type)).toEqual(["reasoning", "message", "function_call"]);
    const next = await create([prompt, ...keep(denied.output, kept)]);
    expect(next.status).toBe("completed");
    expect(sent()).not.toContain("reasoning");
  });

  test("reasoning that led to an allowed call stays", async () => {
    const prompt: OpenAI.Responses.ResponseInputItem = {
      role: "user",
      content: 'reason\ncall look_up {"query":"weather"}',
    };
    const called = await create([prompt]);
    const next = await create([prompt, ...keep(called.output, { reasoning: true, message: true })]);
    expect(next.status).toBe("completed");
    expect(sent()).toContain("reasoning");
  });
});

test("another caller's reasoning does not answer for one's own", async () => {
  const prompt: OpenAI.Responses.ResponseInputItem = { role: "user", content: drop };
  const include: OpenAI.Responses.ResponseIncludable[] = ["reasoning.encrypted_content"];
  const denied = await client.responses.create({ model, input: [prompt], tools, store: false, include });
  const input = [prompt, ...keep(denied.output, { reasoning: true, message: false }), go];
  const stranger = toTarget(gateway.baseUrl, await gateway.createKey()).client();
  // Nothing is known of it under this caller, so that it goes as it came, and the API refuses it.
  await expect(stranger.responses.create({ model, input, store: false })).rejects.toMatchObject({
    status: 400,
  });
  expect((await client.responses.create({ model, input, store: false })).output_text).toBe("go on");
});
