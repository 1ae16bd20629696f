// Values that go out as placeholders come back to the caller who sent them, at any gateway of the database, and to nobody else.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { openSocket } from "./websocket/client.ts";
import type { Message } from "./websocket/client.ts";

const model = "gpt-4.1";
const email = "ada.l@example.com";
const phone = "+49 30 1234567";
const key = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const masks = [
  { class: "email", with: "placeholder", restore: ["message"] },
  { class: "phone", with: "placeholder", direction: "request", restore: ["message", "tool_arguments"] },
  { class: "secret", with: "placeholder" },
];
const pay: OpenAI.Responses.FunctionTool = {
  type: "function",
  name: "pay",
  strict: false,
  parameters: { type: "object", properties: { to: { type: "string" }, call: { type: "string" } } },
};
const completed = z.looseObject({
  type: z.literal("response.completed"),
  response: z.looseObject({ id: z.string(), output: z.array(z.unknown()) }),
});
const EMAIL = /\[EMAIL_[A-Z2-7]{16}\]/;

let folder = "";
let database: TestDatabase;
let one: RunningGateway;
let other: RunningGateway;
let first: OpenAI;
/** The same caller at the other gateway. */
let second: OpenAI;
let stranger: OpenAI;
/** The key of the first two. */
let token = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-placeholders-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks } }));
  database = await createTestDatabase();
  const env = {
    TOLLGATE_POLICY_OPERATOR: operator,
    TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
  };
  one = await startGateway({ databaseUrl: database.url, env });
  const target = { url: one.targetUrl, credential: one.credential };
  other = await startGateway({ databaseUrl: database.url, env, target });
  token = await one.createKey();
  first = toTarget(one.baseUrl, token).client();
  second = toTarget(other.baseUrl, token).client();
  stranger = toTarget(other.baseUrl, await one.createKey()).client();
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await one?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** What the target was sent last. */
function lastBody(): string {
  return one.upstream.requests().at(-1)?.body.toString() ?? "";
}

function lastPlaceholder(): string {
  return EMAIL.exec(lastBody())?.[0] ?? "none";
}

function toText(response: OpenAI.Responses.Response): string {
  return response.output_text;
}

describe("a placeholder", () => {
  test("stands for the value at the target, which comes back in the answer, whole and streamed, in every copy", async () => {
    const input = `echo: Write to ${email} or call ${phone}.`;
    const said = `Write to ${email} or call ${phone}.`;
    const { data: whole, response } = await first.responses.create({ model, input }).withResponse();
    expect(lastBody()).toMatch(/echo: Write to \[EMAIL_[A-Z2-7]{16}\] or call \[PHONE_[A-Z2-7]{16}\]\./);
    expect(toText(whole)).toBe(said);
    expect(response.headers.get("x-tollgate-effects")).toBe("masked;email=1;phone=1");
    const copies: string[] = [];
    let deltas = "";
    for await (const event of await first.responses.create({ model, input, stream: true })) {
      if (event.type === "response.output_text.delta") deltas += event.delta;
      if (event.type === "response.output_text.done") copies.push(event.text);
      if (event.type === "response.content_part.done" && event.part.type === "output_text")
        copies.push(event.part.text);
      if (event.type === "response.completed") copies.push(JSON.stringify(event.response.output));
    }
    expect([deltas, ...copies.slice(0, 2)]).toEqual([said, said, said]);
    expect(copies.at(-1)).toContain(said);
  });

  test("comes back in chat completions, whole and streamed", async () => {
    const messages = [{ role: "user" as const, content: `echo: ${email}` }];
    const whole = await first.chat.completions.create({ model, messages });
    expect(lastBody()).not.toContain(email);
    const streamed = await first.chat.completions.stream({ model, messages }).finalChatCompletion();
    for (const { choices } of [whole, streamed]) expect(choices[0]?.message.content).toBe(email);
  });

  test("comes back in a tool call only where policy names it", async () => {
    const input = `call pay {"to":"${email}","call":"${phone}"}`;
    const sent = { model, input, tools: [pay] };
    const whole = await first.responses.create(sent);
    const streamed = await first.responses.stream(sent).finalResponse();
    for (const { output } of [whole, streamed]) {
      const call = output.find((item) => item.type === "function_call");
      expect(JSON.parse(call?.type === "function_call" ? call.arguments : "")).toEqual({
        to: expect.stringMatching(EMAIL),
        call: phone,
      });
    }
  });

  test("is the same on each turn of a history that the program resends", async () => {
    const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [
      { role: "user", content: `echo: I wrote to ${email}` },
    ];
    const answer = await first.chat.completions.create({ model, messages });
    const placeholder = lastPlaceholder();
    messages.push({ role: "assistant", content: answer.choices[0]?.message.content ?? "" });
    messages.push({ role: "user", content: `echo: and again to ${email}` });
    const next = await second.chat.completions.create({ model, messages });
    expect(next.choices[0]?.message.content).toBe(`and again to ${email}`);
    expect(lastBody()).not.toContain(email);
    expect(lastBody().split(placeholder)).toHaveLength(4);
  });

  test("comes back at another gateway where the history lies with the provider, and when an answer is fetched", async () => {
    const { id, output_text } = await first.responses.create({ model, input: `echo: mail ${email}` });
    const placeholder = lastPlaceholder();
    expect(output_text).toBe(`mail ${email}`);
    const input = `echo: to ${placeholder}`;
    const next = await second.responses.create({ model, previous_response_id: id, input });
    expect(next.output_text).toBe(`to ${email}`);
    const stream = await second.responses
      .stream({ model, previous_response_id: id, input: `echo: to ${placeholder} and ${email}` })
      .finalResponse();
    expect(stream.output_text).toBe(`to ${email} and ${email}`);
    expect(lastPlaceholder()).toBe(placeholder);
    expect((await second.responses.retrieve(id)).output_text).toBe(`mail ${email}`);
    expect((await first.responses.retrieve(next.id)).output_text).toBe(`to ${email}`);
  });

  test("comes back over WebSocket, in each event, and at another gateway that goes on", async () => {
    const isEnd = ({ type }: Message): boolean => /^response\.completed$|^error$/.test(type);
    const socket = await openSocket(`${one.baseUrl}/responses`, { token });
    socket.send({ type: "response.create", model, input: `echo: mail ${email}` });
    const ended = completed.parse(await socket.until(isEnd));
    expect(lastBody()).not.toContain(email);
    const placeholder = lastPlaceholder();
    expect(JSON.stringify(ended.response.output)).toContain(`"mail ${email}"`);
    const deltas = socket.received.map(({ type, ["delta"]: delta }) =>
      type === "response.output_text.delta" ? String(delta) : "",
    );
    expect(deltas.join("")).toBe(`mail ${email}`);
    expect(JSON.stringify(socket.received)).not.toContain(placeholder);
    socket.socket.close();
    const next = await openSocket(`${other.baseUrl}/responses`, { token });
    const input = `echo: to ${placeholder}`;
    next.send({ type: "response.create", model, previous_response_id: ended.response.id, input });
    expect(JSON.stringify(completed.parse(await next.until(isEnd)).response.output)).toContain(
      `"to ${email}"`,
    );
    // A session of its own was given none.
    next.send({ type: "response.create", model, input });
    expect(JSON.stringify(completed.parse(await next.until(isEnd)).response.output)).toContain(
      `"to ${placeholder}"`,
    );
    next.socket.close();
  });

  test("comes back in a conversation that the provider keeps, at another gateway too", async () => {
    const { id: conversation } = await first.conversations.create();
    const answer = await first.responses.create({ model, conversation, input: `echo: mail ${email}` });
    expect(answer.output_text).toBe(`mail ${email}`);
    const placeholder = lastPlaceholder();
    const input = `echo: to ${placeholder}`;
    const headers = { "x-tollgate-session": "of another name" };
    for (const options of [{}, { headers }]) {
      const next = await second.responses.create({ model, conversation, input }, options);
      expect(next.output_text).toBe(`to ${email}`);
    }
    const said: string[] = [];
    for await (const item of second.conversations.items.list(conversation))
      if (item.type === "message") said.push(JSON.stringify(item.content));
    expect(said.join()).toContain(`mail ${email}`);
    const { id: another } = await second.conversations.create();
    const elsewhere = await second.responses.create({ model, conversation: another, input });
    expect(elsewhere.output_text).toBe(`to ${placeholder}`);
  });

  test("says nothing to another session or another caller, nor does one that nobody was given", async () => {
    await first.responses.create({ model, input: `echo: mail ${email}` });
    const input = `echo: ${lastPlaceholder()} [EMAIL_ABCDEFGHIJKLMNOP]`;
    for (const client of [first, second, stranger]) {
      expect((await client.responses.create({ model, input })).output_text).toBe(input.slice(6));
    }
    const own = lastPlaceholder();
    await stranger.responses.create({ model, input: `echo: mail ${email}` });
    expect(lastPlaceholder()).not.toBe(own);
  });

  test("of a secret never comes back, and no value lies in the database", async () => {
    const answer = await first.responses.create({ model, input: `echo: ${key} of ${email}` });
    expect(answer.output_text).toMatch(/^\[SECRET_[A-Z2-7]{16}\] of ada/);
    const rows = await database.db.sql<{ placeholder: string; sealed: Buffer }[]>`
      select placeholder, sealed from placeholders`;
    expect(rows.length).toBeGreaterThan(0);
    for (const { placeholder, sealed } of rows) {
      expect(placeholder).not.toMatch(/SECRET/);
      expect(sealed.includes(email) || sealed.includes(phone)).toBe(false);
    }
  });
});
