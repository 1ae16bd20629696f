// What an answer was labelled with reaches whatever continues it, and nothing else: not another run of the same caller
// that began alike, and no other caller.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { buildFixture } from "./policy/fixture-bundle.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { readEnd } from "./read-record.ts";

const model = "gpt-4.1";
/** Labels an answer that calls `read_secret`; whoever is of the group `team` may go on with the responses of others. */
const rego = `
request := object.union(plain, {"share": {{"code": "teams", "kind": "response", "group": "team"}}})
label := {{"code": "reads_secret", "label": "secret"}}
tool_call := object.union(plain, {"label": label}) if input.calls[_].name == "read_secret"
else := plain
whole := object.union(plain, {"label": label}) if input.calls[_].name == "read_secret"
else := plain
`;

let folder = "";
let database: TestDatabase;
let gateway: RunningGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-taints-"));
  const bundle = join(folder, "bundle.tar.gz");
  await writeFile(bundle, await buildFixture({ rego, metadata: {} }));
  database = await createTestDatabase();
  gateway = await startGateway({ databaseUrl: database.url, env: { TOLLGATE_POLICY_BUNDLE: bundle } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

type Seen = { readonly session: string; readonly labels: readonly string[] };
type Turn<Item> = Seen & { readonly id: string; readonly items: readonly Item[] };
type Options = { readonly session?: string; readonly previous?: string };

const row = z.object({ session: z.string(), labels: z.array(z.string()) });

/** Reads what the gateway knew of an exchange when it decided. */
async function look(response: Response): Promise<Seen> {
  const id = response.headers.get("x-tollgate-exchange-id") ?? "";
  const rows = await database.db.sql`
    select session_id as session, facts -> 'session' -> 'labels' as labels from exchanges where id = ${id}`;
  return row.parse(rows[0]);
}

function toHeaders({ session }: Options): Record<string, string> {
  return session === undefined ? {} : { "x-tollgate-session": session };
}

/** One API's way to write a history and to send it. */
type Api<Item> = {
  readonly user: (text: string) => Item;
  /** An assistant's text, without anything else of it. */
  readonly said: (text: string) => Item;
  /** What a program adds to a history for an answer: its items, and an output for each call. */
  readonly send: (key: string, items: readonly Item[], options?: Options) => Promise<Turn<Item>>;
};

function createResponses(stream: boolean, store: boolean): Api<OpenAI.Responses.ResponseInputItem> {
  const tools: OpenAI.Responses.FunctionTool[] = ["read_secret", "look_up"].map((name) => ({
    type: "function",
    name,
    strict: false,
    parameters: {},
  }));
  return {
    user: (content) => ({ role: "user", content }),
    said: (content) => ({ role: "assistant", content }),
    async send(key, items, options = {}) {
      const client = toTarget(gateway.baseUrl, key).client();
      const body = {
        model,
        tools,
        store,
        input: [...items],
        ...(options.previous !== undefined && { previous_response_id: options.previous }),
      };
      const headers = toHeaders(options);
      let answer: OpenAI.Responses.Response | undefined;
      let response: Response;
      if (stream) {
        const told = await client.responses.create({ ...body, stream }, { headers }).withResponse();
        for await (const event of told.data) if (event.type === "response.completed") answer = event.response;
        response = told.response;
      } else {
        const told = await client.responses.create(body, { headers }).withResponse();
        [answer, response] = [told.data, told.response];
      }
      const output = answer?.output ?? [];
      const kept = output.flatMap((item): OpenAI.Responses.ResponseInputItem[] => {
        if (item.type === "message") return [item];
        if (item.type !== "function_call") return [];
        return [item, { type: "function_call_output", call_id: item.call_id, output: "42" }];
      });
      return { ...(await look(response)), id: answer?.id ?? "", items: kept };
    },
  };
}

function createChat(stream: boolean): Api<OpenAI.ChatCompletionMessageParam> {
  const tools = ["read_secret", "look_up"].map((name) => ({
    type: "function" as const,
    function: { name, parameters: {} },
  }));
  return {
    user: (content) => ({ role: "user", content }),
    said: (content) => ({ role: "assistant", content }),
    async send(key, items, options = {}) {
      const client = toTarget(gateway.baseUrl, key).client();
      const body = { model, tools, messages: [...items] };
      const headers = toHeaders(options);
      let response: Response;
      let message: OpenAI.ChatCompletionAssistantMessageParam = { role: "assistant", content: null };
      if (stream) {
        const told = await client.chat.completions.create({ ...body, stream }, { headers }).withResponse();
        let content = "";
        const calls: OpenAI.ChatCompletionMessageToolCall[] = [];
        for await (const { choices } of told.data) {
          content += choices[0]?.delta.content ?? "";
          for (const { index, id, function: piece } of choices[0]?.delta.tool_calls ?? []) {
            const known = calls[index];
            if (known?.type === "function") known.function.arguments += piece?.arguments ?? "";
            else
              calls[index] = {
                type: "function",
                id: id ?? "",
                function: { name: piece?.name ?? "", arguments: piece?.arguments ?? "" },
              };
          }
        }
        message = { ...message, content, ...(calls.length > 0 && { tool_calls: calls }) };
        response = told.response;
      } else {
        const told = await client.chat.completions.create(body, { headers }).withResponse();
        message = told.data.choices[0]?.message ?? message;
        response = told.response;
      }
      const outputs = (message.tool_calls ?? []).map(
        ({ id }) => ({ role: "tool", tool_call_id: id, content: "42" }) as const,
      );
      return { ...(await look(response)), id: "", items: [message, ...outputs] };
    },
  };
}

function check<Item>(api: Api<Item>): void {
  const { user, said, send } = api;
  const begin = 'call look_up {"query":"weather"}';
  const secret = "call read_secret {}\nthen\necho: the secret is out";

  test("the label stays with the run, and a run that began alike is another", async () => {
    const key = await gateway.createKey();
    const a1 = await send(key, [user(begin)]);
    const b1 = await send(key, [user(begin)]);
    expect(b1.session).not.toBe(a1.session);
    const a = [user(begin), ...a1.items, user(secret)];
    const a2 = await send(key, a);
    const b = [user(begin), ...b1.items, user("echo: hello")];
    const b2 = await send(key, b);
    expect([a2.session, b2.session]).toEqual([a1.session, b1.session]);
    expect([a2.labels, b2.labels]).toEqual([[], []]);
    a.push(...a2.items);
    const a3 = await send(key, a);
    const b3 = await send(key, [...b, ...b2.items, user("echo: again")]);
    expect(a3).toMatchObject({ session: a1.session, labels: ["secret"] });
    expect(b3).toMatchObject({ session: b1.session, labels: [] });
  });

  test("the label comes with the answer into any other history and under any name, and to nobody else", async () => {
    const key = await gateway.createKey();
    const first = await send(key, [user(secret)]);
    const call = [user("echo: what was it?"), ...first.items];
    const next = await send(key, call);
    expect(next.labels).toEqual(["secret"]);
    expect(next.session).not.toBe(first.session);
    expect((await send(key, call, { session: "clean" })).labels).toEqual(["secret"]);
    // Of an answer to what is tainted the text alone is enough.
    const told = await send(key, [user(secret), ...first.items]);
    expect(told.labels).toEqual(["secret"]);
    const text = [user("echo: and then?"), said("the secret is out"), user("echo: well")];
    expect((await send(key, text)).labels).toEqual(["secret"]);
    const stranger = await gateway.createKey();
    expect((await send(stranger, text)).labels).toEqual([]);
    expect((await send(stranger, call)).labels).toEqual([]);
  });

  test("runs that are the same to the last word share no session, and each keeps its labels", async () => {
    const key = await gateway.createKey();
    const same = [user("echo: hello"), said("hello"), user(secret)];
    const runs = [await send(key, [user("echo: hello")]), await send(key, [user("echo: hello")])];
    const [one, other] = [await send(key, same), await send(key, [...same.slice(0, 2), user("echo: no")])];
    const sessions = [...runs, one, other].map(({ session }) => session);
    expect(new Set(sessions).size).toBe(4);
    expect((await send(key, [...same, ...one.items])).labels).toEqual(["secret"]);
    const rest = [...same.slice(0, 2), user("echo: no"), ...other.items, user("echo: still no")];
    expect(await send(key, rest)).toMatchObject({ session: other.session, labels: [] });
  });
}

describe.each([
  { stream: false, store: true },
  { stream: false, store: false },
  { stream: true, store: true },
  { stream: true, store: false },
])("in the Responses API, stream: $stream, store: $store", ({ stream, store }) => {
  check(createResponses(stream, store));
});

describe.each([{ stream: false }, { stream: true }])(
  "in the Responses API, stream: $stream",
  ({ stream }) => {
    const api = createResponses(stream, true);

    test("the label comes with the response that is continued", async () => {
      const key = await gateway.createKey();
      const first = await api.send(key, [api.user("call read_secret {}")]);
      const [, output] = first.items;
      if (output === undefined) throw new Error("The answer holds no call.");
      const next = await api.send(key, [output], { previous: first.id });
      expect(next).toMatchObject({ session: first.session, labels: ["secret"] });
      const other = await api.send(key, [api.user("echo: hi")]);
      expect(other.labels).toEqual([]);
    });
    test("the label comes with the response of another that the group shares", async () => {
      const [key, others] = [
        await gateway.createKey({ groups: ["team"] }),
        await gateway.createKey({ groups: ["team"] }),
      ];
      const first = await api.send(key, [api.user("call read_secret {}")]);
      const [, output] = first.items;
      if (output === undefined) throw new Error("The answer holds no call.");
      expect((await api.send(others, [output], { previous: first.id })).labels).toEqual(["secret"]);
    });
  },
);

test("the label sticks to what the program has of an answer that was cut off", async () => {
  const key = await gateway.createKey();
  const api = createResponses(false, true);
  const client = toTarget(gateway.baseUrl, key).client();
  const tools = [{ type: "function" as const, name: "read_secret", strict: false, parameters: {} }];
  const told = await client.responses
    .create({ model, tools, stream: true, input: "call read_secret {}\npace 300ms" })
    .withResponse();
  let call: OpenAI.Responses.ResponseFunctionToolCall | undefined;
  for await (const event of told.data) {
    if (event.type !== "response.output_item.done" || event.item.type !== "function_call") continue;
    call = event.item;
    break;
  }
  if (call === undefined) throw new Error("The answer holds no call.");
  const exchange = told.response.headers.get("x-tollgate-exchange-id") ?? "";
  await expect
    .poll(() => readEnd(database.db, exchange), { timeout: 30_000 })
    .toMatchObject({ outcome: "aborted" });
  const output = { type: "function_call_output", call_id: call.call_id, output: "42" } as const;
  expect((await api.send(key, [call, output])).labels).toEqual(["secret"]);
  // The item is the caller's too, though the answer never came to its end.
  const rows = await database.db.sql`select 1 from objects where kind = 'item' and id = ${call.id ?? ""}`;
  expect(rows).toHaveLength(1);
});

describe.each([{ stream: false }, { stream: true }])("in Chat Completions, stream: $stream", ({ stream }) =>
  check(createChat(stream)),
);
