// What a program on the npm client meets at the gateway only: refusals, denied calls, keys.
import OpenAI, { AuthenticationError, NotFoundError, PermissionDeniedError } from "openai";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { toTarget, useGateway } from "./targets.ts";

const model = "gpt-4.1";
const sql: OpenAI.Responses.FunctionTool = {
  type: "function",
  name: "run_sql",
  strict: false,
  parameters: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
};
const chatSql: OpenAI.ChatCompletionTool = {
  type: "function",
  function: { name: "run_sql", parameters: sql.parameters ?? {} },
};
const drop = 'call run_sql {"query":"DROP DATABASE production"}';
const gateway = useGateway();

async function newClient(options: { readonly maxRetries?: number } = {}): Promise<OpenAI> {
  return toTarget(gateway().baseUrl, await gateway().createKey()).client(options);
}

describe("a refused request", () => {
  test("raises PermissionDeniedError with the rule's code and remedy, without a retry", async () => {
    const client = await newClient({ maxRetries: 2 });
    const before = gateway().upstream.requests().length;
    for (const stream of [false, true]) {
      const call = client.responses.create({ model: "davinci-002", input: "echo: hello", stream });
      const error = await call.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(PermissionDeniedError);
      expect(error).toMatchObject({ status: 403, code: "model_not_allowed", type: "permission_error" });
      const headers = error instanceof PermissionDeniedError ? error.headers : undefined;
      const id = headers?.get("x-tollgate-exchange-id") ?? "";
      expect(error).toMatchObject({
        message:
          '403 Refused by policy (model_not_allowed). Your groups may not use the model "davinci-002". Use a model ' +
          `that your groups may use, or ask whoever keeps the policy to add this one. [exchange ${id}]`,
        error: { exchange_id: id },
      });
      expect(headers?.get("x-should-retry")).toBe("false");
      expect(headers?.get("x-tollgate-exchange-id")).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(gateway().upstream.requests()).toHaveLength(before);
  });

  test("tells an operation that no rule allows from one that nobody knows", async () => {
    const client = await newClient();
    await expect(client.batches.list()).rejects.toMatchObject({ status: 403, code: "policy_not_allowed" });
    await expect(client.get("/nothing/here")).rejects.toBeInstanceOf(NotFoundError);
    await expect(client.get("/nothing/here")).rejects.toMatchObject({ code: "operation_unknown" });
  });

  test("hides the stored objects of other callers", async () => {
    const owner = await newClient();
    const other = await newClient();
    const response = await owner.responses.create({ model, input: "echo: mine" });
    await expect(other.responses.retrieve(response.id)).rejects.toMatchObject({
      status: 404,
      code: "not_found",
    });
    await expect(other.responses.delete(response.id)).rejects.toMatchObject({ status: 404 });
    const chained = other.responses.create({
      model,
      input: "echo: go on",
      previous_response_id: response.id,
    });
    await expect(chained).rejects.toMatchObject({ status: 404 });
    expect((await owner.responses.retrieve(response.id)).output_text).toBe("mine");
  });
});

describe("a denied tool call", () => {
  test("becomes a message in a whole response", async () => {
    const client = await newClient();
    const response = await client.responses.create({ model, input: `reason\n${drop}`, tools: [sql] });
    expect(response.output.map((item) => item.type)).not.toContain("function_call");
    expect(response.output_text).toContain("sql_destructive");
    expect(JSON.stringify(response.output)).not.toContain("DROP");
    const later = await client.responses.retrieve(response.id);
    expect(withoutExchange(later.output)).toEqual(withoutExchange(response.output));
  });

  test("becomes a message in a streamed response, of which no event tells the call", async () => {
    const client = await newClient();
    const stream = client.responses.stream({ model, input: drop, tools: [sql] });
    let seen = "";
    for await (const event of stream) seen += JSON.stringify({ ...event, response: undefined });
    const final = await stream.finalResponse();
    expect(seen).not.toMatch(/DROP|function_call/);
    expect(final.output.map((item) => item.type)).toEqual(["message"]);
    expect(final.output_text).toContain("sql_destructive");
  });

  test("becomes a message in a chat completion, streamed and not", async () => {
    const client = await newClient();
    const body = { model, messages: [{ role: "user" as const, content: drop }], tools: [chatSql] };
    const whole = await client.chat.completions.create(body);
    expect(whole.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: expect.stringContaining("sql_destructive") },
    });
    expect(whole.choices[0]?.message.tool_calls ?? []).toEqual([]);
    const streamed = await client.chat.completions.stream(body).finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { content: expect.stringContaining("sql_destructive") },
    });
    expect(JSON.stringify(streamed)).not.toContain("DROP");
  });

  test("leaves the calls beside it alone", async () => {
    const client = await newClient();
    const input = `${drop}\ncall run_sql {"query":"SELECT 1"}`;
    const whole = await client.responses.create({ model, input, tools: [sql] });
    const streamed = await client.responses.stream({ model, input, tools: [sql] }).finalResponse();
    for (const response of [whole, streamed]) {
      expect(response.output.map((item) => item.type)).toEqual(["message", "function_call"]);
      expect(response.output[1]).toMatchObject({ arguments: '{"query":"SELECT 1"}' });
    }
    const chat = await client.chat.completions
      .stream({ model, messages: [{ role: "user", content: input }], tools: [chatSql] })
      .finalChatCompletion();
    expect(chat.choices[0]?.message.tool_calls).toHaveLength(1);
    expect(chat.choices[0]?.finish_reason).toBe("tool_calls");
  });

  test.each([{ streamed: false }, { streamed: true }])(
    "lets the conversation go on with its history resent (streamed: $streamed)",
    async ({ streamed }) => {
      const client = await newClient();
      const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: `reason\n${drop}` }];
      const create = async () => {
        const body = { model, input, tools: [sql] };
        return streamed ? client.responses.stream(body).finalResponse() : client.responses.create(body);
      };
      const first = await create();
      for (const item of first.output)
        if (item.type === "reasoning" || item.type === "message") input.push(item);
      input.push({ role: "user", content: 'reason\ncall run_sql {"query":"SELECT 1"}' });
      const second = await create();
      expect(second.output.map((item) => item.type)).toEqual(["reasoning", "function_call"]);
    },
  );

  test.each([{ streamed: false }, { streamed: true }])(
    "lets the conversation go on with its history kept at the target (streamed: $streamed)",
    async ({ streamed }) => {
      const client = await newClient();
      const body = { model, input: `reason\n${drop}`, tools: [sql] };
      const first = streamed
        ? await client.responses.stream(body).finalResponse()
        : await client.responses.create(body);
      const next = await client.responses.create({
        model,
        input: "echo: go on",
        previous_response_id: first.id,
        tools: [sql],
      });
      expect(next.output_text).toBe("go on");
    },
  );
});

describe("a key", () => {
  test("that has expired is asked for again, where it is callable", async () => {
    const [short, long] = [await gateway().createKey({ ttl: "1s" }), await gateway().createKey()];
    await sleep(1500);
    const asked: string[] = [];
    const apiKey = async (): Promise<string> => {
      asked.push(asked.length === 0 ? short : long);
      return asked.at(-1) ?? "";
    };
    const client = new OpenAI({ baseURL: gateway().baseUrl, apiKey });
    expect((await client.responses.create({ model, input: "echo: fresh" })).output_text).toBe("fresh");
    expect(asked).toEqual([short, long]);
  });

  test("that nobody knows, or of a provider, raises AuthenticationError with its own code", async () => {
    const unknown = toTarget(gateway().baseUrl, "tg_unknown").client({ maxRetries: 2 });
    const refused = unknown.responses.create({ model, input: "echo: no" });
    await expect(refused).rejects.toBeInstanceOf(AuthenticationError);
    await expect(refused).rejects.toMatchObject({ code: "token_invalid" });
    const provider = toTarget(gateway().baseUrl, ["sk", "proj", "0".repeat(40)].join("-")).client();
    await expect(provider.responses.create({ model, input: "echo: no" })).rejects.toMatchObject({
      code: "provider_key_presented",
    });
  });

  test("comes with what the SDK tells of itself, which reaches the target", async () => {
    const told = new Map<string, string>();
    const client = new OpenAI({
      baseURL: gateway().baseUrl,
      apiKey: await gateway().createKey(),
      timeout: 40_000,
      fetch: async (url, init) => {
        for (const [name, value] of new Headers(init?.headers)) told.set(name, value);
        return fetch(url, init);
      },
    });
    await client.responses.create({ model, input: "echo: hello" }, { timeout: 30_000 });
    const names = [...told.keys()].filter((name) => /^x-stainless-|^user-agent$|^accept$/.test(name));
    expect(names.length).toBeGreaterThan(8);
    const headers = gateway().upstream.requests().at(-1)?.headers ?? {};
    for (const name of names) expect([name, headers[name]]).toEqual([name, told.get(name)]);
  });

  test("never reaches the target, and the target's never reaches the program or the log", async () => {
    const key = await gateway().createKey();
    const client = toTarget(gateway().baseUrl, key).client();
    const { data, response } = await client.responses.create({ model, input: "echo: hello" }).withResponse();
    const { credential, upstream } = gateway();
    expect(upstream.requests().at(-1)?.headers.authorization).toBe(`Bearer ${credential}`);
    const told = JSON.stringify([data, [...response.headers]]);
    expect(told).not.toContain(credential);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(response.headers.get("openai-organization")).toBeNull();
    expect(response.headers.get("x-tollgate-exchange-id")).not.toBeNull();
    expect(gateway().log()).not.toContain(credential);
    expect(gateway().log()).not.toContain(key);
  });
});

/** Each answer names its own exchange in a denied call's place. */
function withoutExchange(output: readonly unknown[]): string {
  return JSON.stringify(output).replaceAll(/exchange [0-9a-f-]{36}/g, "exchange");
}
