// Fields that policy masks reach neither the target nor the program, and the SDKs' helpers go on parsing what is left.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import { openSocket } from "./websocket/client.ts";
import type { RunningGateway } from "./gateway.ts";

const model = "gpt-4.1";
const masks = [
  { class: "secret", with: "redact" },
  { fields: ["ssn", "/salary", "address", "/relatives"], direction: "answer" },
  { fields: ["customer.ssn"], with: "token", direction: "request" },
  { fields: ["/account"], with: "block", direction: "request", kinds: ["tool_output"] },
];
const person = z.object({
  name: z.string(),
  ssn: z.string(),
  salary: z.number(),
  address: z.object({ street: z.string(), number: z.number(), isHome: z.boolean() }),
  relatives: z.array(z.object({ name: z.string() })),
  jobs: z.array(z.object({ title: z.string(), ssn: z.string() })),
});
const masked = {
  ssn: "[REDACTED:field]",
  salary: 0,
  address: { street: "[REDACTED:field]", number: 0, isHome: false },
  relatives: [],
};
const tool = {
  type: "function",
  name: "pay",
  description: "Pays.",
  strict: false,
  parameters: { type: "object", properties: { ssn: { type: "string" }, amount: { type: "number" } } },
} as const;
const args = '{"s\\u0073n":"078-05-1120", "salary":123456,"amount":2,"body":"{\\"ssn\\":\\"078-05-1120\\"}"}';
const maskedArgs =
  '{"s\\u0073n":"[REDACTED:field]", "salary":0,"amount":2,"body":"{\\"ssn\\":\\"[REDACTED:field]\\"}"}';

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-fields-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks } }));
  gateway = await startGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
  client = toTarget(gateway.baseUrl, await gateway.createKey()).client();
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe("structured output", () => {
  test("is parsed with its fields masked, whole, streamed and stored alike", async () => {
    const sent = { model, input: "Describe Ada", text: { format: zodTextFormat(person, "person") } };
    const { data: whole, response } = await client.responses.parse(sent).withResponse();
    expect(whole.output_parsed).toMatchObject(masked);
    expect(whole.output_parsed?.name).not.toContain("REDACTED");
    expect(whole.output_parsed?.jobs[0]).toMatchObject({ ssn: "[REDACTED:field]" });
    expect(response.headers.get("x-tollgate-effects")).toMatch(/^masked;field=\d+$/);
    const stream = client.responses.stream(sent);
    let deltas = "";
    stream.on("response.output_text.delta", ({ delta }) => (deltas += delta));
    const streamed = await stream.finalResponse();
    expect(streamed.output_parsed).toEqual(whole.output_parsed);
    expect(deltas).toBe(whole.output_text);
    expect(streamed.output_text).toBe(whole.output_text);
    expect((await client.responses.retrieve(whole.id)).output_text).toBe(whole.output_text);
  });

  test("is parsed in chat completions, whole and streamed alike", async () => {
    const sent = {
      model,
      messages: [{ role: "user" as const, content: "Describe Ada" }],
      response_format: zodResponseFormat(person, "person"),
    };
    const whole = (await client.chat.completions.parse(sent)).choices[0]?.message;
    expect(whole?.parsed).toMatchObject(masked);
    const streamed = await client.chat.completions.stream(sent).finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual(whole?.parsed);
    expect(streamed.choices[0]?.message.content).toBe(whole?.content);
  });
});

describe("a message", () => {
  test("has the fields of the JSON in it masked, fenced or not, whole and streamed alike, and all else as it was", async () => {
    const say = (ssn: string): string =>
      `Here's what I found:\n\n\`\`\`json\n{\n  "name": "Ada",\n  "ssn": "${ssn}"\n}\n\`\`\`\n\nand {"ssn":"${ssn}"} [1].`;
    const sent = { model, input: `echo: ${say("078-05-1120")}` };
    const stream = client.responses.stream(sent);
    let deltas = "";
    stream.on("response.output_text.delta", ({ delta }) => (deltas += delta));
    const expected = say("[REDACTED:field]");
    expect((await client.responses.create(sent)).output_text).toBe(expected);
    expect((await stream.finalResponse()).output_text).toBe(expected);
    expect(deltas).toBe(expected);
  });
});

describe("a tool call", () => {
  test("has the fields of its arguments masked, whole and streamed alike, and all else as it was", async () => {
    const sent = { model, input: `call pay ${args}`, tools: [tool] };
    for (const { output } of [
      await client.responses.create(sent),
      await client.responses.stream(sent).finalResponse(),
    ]) {
      const call = output.find((item) => item.type === "function_call");
      expect(call?.type === "function_call" ? call.arguments : "").toBe(maskedArgs);
    }
  });

  test("is run with them by the helper of chat completions, which sends on what its tool gives", async () => {
    const seen: string[] = [];
    const runner = client.chat.completions.runTools({
      model,
      messages: [{ role: "user", content: `call pay ${args}` }],
      tools: [
        {
          type: "function",
          function: {
            name: "pay",
            description: "Pays.",
            parameters: { type: "object", properties: tool.parameters.properties },
            function: (given: string) => {
              seen.push(given);
              return { customer: { ssn: "219-09-9999", paid: 2 } };
            },
          },
        },
      ],
    });
    await runner.done();
    expect(seen).toEqual([maskedArgs]);
    const body = gateway.upstream.requests().at(-1)?.body.toString() ?? "";
    expect(body).not.toContain("219-09");
    expect(body).toMatch(/\{\\"customer\\":\{\\"ssn\\":\\"\[FIELD_[A-Z2-7]{16}\]\\",\\"paid\\":2\}\}/);
  });
});

test("over a WebSocket fields are masked both ways, in each copy", async () => {
  const socket = await openSocket(`${gateway.baseUrl}/responses`, { token: await gateway.createKey() });
  const input = 'echo: {"ssn": "078-05-1120", "customer": {"ssn": "219-09-9999"}, "n": 1}';
  socket.send({ type: "response.create", model, input });
  const isEnd = ({ type }: { type: string }): boolean =>
    /^response\.(?:completed|failed)$|^error$/.test(type);
  const end = await socket.until(isEnd);
  const text = '{"ssn": "[REDACTED:field]", "customer": {"ssn": "[REDACTED:field]"}, "n": 1}';
  const deltas = socket.received.filter(({ type }) => type === "response.output_text.delta");
  expect(deltas.map(({ delta }) => delta).join("")).toBe(text);
  expect(end).toMatchObject({ response: { output: [{ content: [{ text }] }] } });
  const output = {
    type: "function_call_output",
    call_id: "call_1",
    output: '{"customer":{"ssn":"219-09-9999"}}',
  };
  const call = { type: "function_call", call_id: "call_1", name: "pay", arguments: "{}" };
  socket.send({ type: "response.create", model, input: [call, output], tools: [tool] });
  await socket.until(isEnd);
  expect(gateway.upstream.requests().at(-1)?.body.toString()).toContain("[FIELD_");
  expect(gateway.upstream.requests().at(-1)?.body.toString()).not.toContain("219-09");
  socket.socket.terminate();
});

test("a file is given out with its fields masked, and no part of it", async () => {
  const file = new File(['{"ssn": "078-05-1120"}'], "person.json", { type: "application/json" });
  const { id } = await client.files.create({ file, purpose: "user_data" });
  expect(await (await client.files.content(id)).text()).toBe('{"ssn": "[REDACTED:field]"}');
  const part = await client.files
    .content(id, { headers: { range: "bytes=6-20" } })
    .then((answer) => answer.text())
    .catch((error: unknown) => String(error));
  expect(part).not.toContain("078-05");
});

describe("a request", () => {
  const first = { type: "function_call", call_id: "call_1", name: "pay", arguments: "{}" } as const;
  const resend = (output: string): OpenAI.Responses.ResponseInput => [
    { role: "user", content: "Pay." },
    first,
    { type: "function_call_output", call_id: "call_1", output },
  ];

  test("has the fields of its tools' outputs masked, in strings that hold JSON too, and is refused where one is blocked", async () => {
    const inner = '{"customer": {"ssn": "078-05-1120"}, "ssn": "1"}';
    const output = JSON.stringify({ content: [{ type: "text", text: inner }] });
    await client.responses.create({ model, input: resend(output), tools: [tool] });
    const sent: unknown = JSON.parse(gateway.upstream.requests().at(-1)?.body.toString() ?? "");
    const { input } = z
      .object({ input: z.array(z.looseObject({ output: z.string().optional() })) })
      .parse(sent);
    const token = /\[FIELD_[A-Z2-7]{16}\]/.exec(input[2]?.output ?? "")?.[0] ?? "";
    expect(token).not.toBe("");
    expect(input[2]?.output).toBe(output.replace("078-05-1120", token));
    const before = gateway.upstream.requests().length;
    const refused = await client.responses
      .create({ model, input: resend('{"account": "DE-1"}'), tools: [tool] })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(String(refused)).toContain("values_masked");
    expect(gateway.upstream.requests().length).toBe(before);
  });

  test("has those of a file of JSON masked, and of the requests in a file of requests", async () => {
    const text = '{"customer":{"ssn":"078-05-1120"}}\n{"customer":{"ssn":"078-05-1120"},"n":1}\n';
    await client.files.create({ file: new File([text], "people.jsonl"), purpose: "user_data" });
    const file = gateway.upstream.requests().at(-1)?.body.toString() ?? "";
    expect(file).not.toContain("078-05");
    expect(file).toMatch(/\{"customer":\{"ssn":"\[FIELD_[A-Z2-7]{16}\]"\},"n":1\}\n/);
    const body = { model, input: resend('{"customer":{"ssn":"078-05-1120"}}') };
    const line = JSON.stringify({ custom_id: "a", method: "POST", url: "/v1/responses", body });
    await client.files.create({ file: new File([line], "batch.jsonl"), purpose: "batch" });
    const batch = gateway.upstream.requests().at(-1)?.body.toString() ?? "";
    expect(batch).not.toContain("078-05");
    expect(batch).toContain("[FIELD_");
    const refused = await client.uploads
      .create({
        bytes: text.length,
        filename: "people.json",
        mime_type: "application/json",
        purpose: "user_data",
      })
      .then(({ id }) => client.uploads.parts.create(id, { data: new File([text], "part") }))
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
  });
});
