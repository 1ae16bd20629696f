// Items that a program resends: one that is sent whole is content, as after `store: false`; one that only names what the
// provider stores is a handle, and must be the caller's own.
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";

const model = "gpt-4.1";
const web = "call web_search weather";
const file = 'item {"type":"file_search_call","status":"completed","queries":["weather"],"results":null}';
const image = 'item {"type":"image_generation_call","status":"completed","result":"AAAA"}';
const code = "call code_interpreter 1+1";
const tools: OpenAI.Responses.Tool[] = [
  { type: "web_search" },
  { type: "code_interpreter", container: { type: "auto" } },
];
const go: OpenAI.Responses.ResponseInputItem = { role: "user", content: "echo: go on" };

let database: TestDatabase;
let gateway: RunningGateway;
let caller: OpenAI;
let stranger: OpenAI;
beforeAll(async () => {
  database = await createTestDatabase();
  gateway = await startGateway({ databaseUrl: database.url });
  caller = toTarget(gateway.baseUrl, await gateway.createKey()).client();
  stranger = toTarget(gateway.baseUrl, await gateway.createKey()).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

type Options = { readonly store: boolean; readonly stream?: boolean };

async function ask(
  client: OpenAI,
  input: OpenAI.Responses.ResponseInput,
  { store, stream = false }: Options,
) {
  const body = { model, input, tools, store };
  return stream ? client.responses.stream(body).finalResponse() : client.responses.create(body);
}

/** Sends items as they are, whatever the client's types say of them. */
function send(client: OpenAI, input: readonly unknown[], store: boolean): Promise<unknown> {
  return client.post("/responses", { body: { model, input, tools, store } });
}

/** Gives the item that a script leaves in an answer. */
async function leave(content: string, options: Options): Promise<OpenAI.Responses.ResponseOutputItem> {
  const { output } = await ask(caller, [{ role: "user", content }], options);
  const [item] = output;
  if (item === undefined) throw new Error("The answer holds no item.");
  return item;
}

describe.each([
  { store: false, stream: false },
  { store: false, stream: true },
  { store: true, stream: false },
])("with store: $store, stream: $stream", (options) => {
  test.each([
    ["a web search", web],
    ["a file search", file],
    ["an image", image],
    ["code and its container", code],
  ])("%s goes on with the item as it came", async (_, prompt) => {
    const item = await leave(prompt, options);
    const input = [{ role: "user", content: prompt }, item, go];
    for (const store of [options.store, false])
      expect(await send(caller, input, store)).toMatchObject({ status: "completed" });
  });
});

test("what is stored for a caller is another's in no form that the provider could fill", async () => {
  for (const prompt of [web, file]) {
    const item = await leave(prompt, { store: true });
    await expect(send(stranger, [item, go], false)).rejects.toMatchObject({
      status: 404,
      code: "not_found",
      param: "input[0].id",
    });
  }
});

test.each([
  { type: "item_reference", id: "ws_unknown" },
  { type: "web_search_call", id: "ws_unknown" },
  { type: "web_search_call", id: "ws_unknown", status: "completed", action: {} },
  { type: "file_search_call", id: "fs_unknown", queries: [], results: [] },
  { type: "image_generation_call", id: "ig_unknown" },
  { type: "image_generation_call", id: "ig_unknown", status: "completed", result: null },
])("a handle that nobody was given is refused: %j", async (item) => {
  await expect(send(caller, [item, go], false)).rejects.toMatchObject({ status: 404, code: "not_found" });
});

test("a handle of an image is the caller's own where it is stored, and nobody else's", async () => {
  const { id } = await leave(image, { store: true });
  const input = [{ type: "image_generation_call", id }, go];
  expect(await send(caller, input, true)).toMatchObject({ status: "completed" });
  await expect(send(stranger, input, true)).rejects.toMatchObject({ status: 404 });
});
