// Names and addresses that a recogniser finds are masked like any other value, wherever they stand; where it cannot be asked,
// nothing passes unless that is said.
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { createTestDatabase } from "./postgres.ts";
import type { TestDatabase } from "./postgres.ts";
import { startRecogniser } from "./recogniser-server.ts";
import type { RecogniserServer } from "./recogniser-server.ts";
import { openSocket } from "./websocket/client.ts";
import type { Client, Message } from "./websocket/client.ts";

const model = "gpt-4.1";
const name = "Ada Lovelace";
const street = "12 St James's Square";
const masks = [
  { class: "secret", with: "redact" },
  { class: "credit_card", with: "last4" },
  { class: "person_name", with: "token", direction: "request", groups: ["developers"] },
  { class: "address", with: "redact", direction: "request", groups: ["developers"] },
  { class: "person_name", with: "redact", direction: "answer" },
  { class: "address", with: "fixed", direction: "answer" },
];

let folder = "";
let database: TestDatabase;
let recogniser: RecogniserServer;
let gateway: RunningGateway;
let lenient: RunningGateway;
let client: OpenAI;
/** Whose requests go to the target as they are, so that its answers hold the names. */
let trusted: OpenAI;
let ignoring: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-recogniser-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { masks } }));
  database = await createTestDatabase();
  recogniser = await startRecogniser();
  const toOptions = (onError: string) => ({
    databaseUrl: database.url,
    config: () =>
      JSON.stringify({
        detect: {
          recogniser: {
            url: recogniser.url,
            on_error: onError,
            timeout_ms: 2000,
            max_chars: 20_000,
            pause_ms: 1,
          },
        },
      }),
    env: {
      TOLLGATE_POLICY_OPERATOR: operator,
      TEST_ENCRYPTION_KEY: randomBytes(32).toString("base64"),
    },
  });
  const options = toOptions("refuse");
  gateway = await startGateway(options);
  lenient = await startGateway({ ...toOptions("ignore"), env: options.env });
  const [key, trustedKey] = await Promise.all([
    gateway.createKey(),
    gateway.createKey({ groups: ["admins"] }),
  ]);
  client = toTarget(gateway.baseUrl, key).client();
  trusted = toTarget(gateway.baseUrl, trustedKey).client();
  ignoring = toTarget(lenient.baseUrl, trustedKey).client();
});
beforeEach(() => recogniser.release());
afterAll(async () => {
  await lenient?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
  await recogniser?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** What the target was sent last. */
const lastBody = (from = gateway): string => from.upstream.requests().at(-1)?.body.toString() ?? "";

/** A text that no cache knows. */
const fresh = (text: string): string => `${text} (${randomBytes(6).toString("hex")})`;

const failure = (thrown: unknown): unknown => thrown;

describe("a request", () => {
  test("goes out with names and addresses masked in every text, and is told what was", async () => {
    const { response } = await client.responses
      .create({
        model,
        instructions: `You are ${name}'s assistant.`,
        input: [
          { role: "user", content: `😀 Write to ${name}, ${street}.` },
          { type: "function_call", call_id: "call_1", name: "find", arguments: '{"who":"Ada Lovelace"}' },
          {
            type: "function_call_output",
            call_id: "call_1",
            output: String.raw`{"who":"Ada\u0020Lovelace"}`,
          },
        ],
        metadata: { owner: name },
      })
      .withResponse();
    const sent = lastBody();
    expect(sent).not.toMatch(/Ada|Lovelace|James/);
    const token = /\[PERSON_NAME_[A-Z2-7]{16}\]/.exec(sent)?.[0] ?? "";
    expect(JSON.parse(sent)).toMatchObject({
      instructions: `You are ${token}'s assistant.`,
      input: [
        { content: `😀 Write to ${token}, [REDACTED:address].` },
        { arguments: `{"who":"${token}"}` },
        { output: `{"who":"${token}"}` },
      ],
      metadata: { owner: token },
    });
    expect(response.headers.get("x-tollgate-effects")).toBe("masked;address=1;person_name=5");
    const shown = await gateway.cli(
      "exchanges",
      "show",
      response.headers.get("x-tollgate-exchange-id") ?? "",
      "--json",
    );
    expect(shown.stdout).toContain("presidio_person");
    expect(shown.stdout).not.toContain("Lovelace");
  });

  test("is asked about once, however often it is resent", async () => {
    const first = fresh(`${name} said hello.`);
    const messages = [{ role: "user" as const, content: first }];
    await client.chat.completions.create({ model, messages });
    const before = recogniser.asked.length;
    const next = fresh(`${name} said more.`);
    await client.chat.completions.create({ model, messages: [...messages, { role: "user", content: next }] });
    expect(recogniser.asked.slice(before).join("")).not.toContain("hello");
    expect(recogniser.asked.slice(before).join("")).toContain("said more");
    expect(lastBody()).not.toContain("Lovelace");
  });

  test("has its file masked, and the requests in its lines", async () => {
    const notes = new File([fresh(`${name} lives here. `).repeat(200)], "notes.txt");
    await client.files.create({ file: notes, purpose: "assistants" });
    expect(lastBody()).toContain("[PERSON_NAME_");
    expect(lastBody()).not.toContain("Lovelace");
    const line = {
      custom_id: "1",
      method: "POST",
      url: "/v1/responses",
      body: { model, input: fresh(name) },
    };
    const lines = new File([`${JSON.stringify(line)}\n`], "batch.jsonl");
    await client.files.create({ file: lines, purpose: "batch" });
    expect(lastBody()).toContain("[PERSON_NAME_");
    expect(lastBody()).not.toContain("Lovelace");
  });
});

describe("an answer", () => {
  const prompt = `echo: Dear ${name}, you live at ${street}. 😀 Your ${name} is ${"very ".repeat(150)}well, says Grace Hopper`;
  const expected = prompt
    .slice("echo: ".length)
    .replaceAll(/Ada Lovelace|Grace Hopper/g, "[REDACTED:person_name]")
    .replaceAll(street, "********");

  test("is masked whole, streamed and stored alike", async () => {
    const whole = await trusted.responses.create({ model, input: prompt });
    expect(lastBody()).toContain(name);
    expect(whole.output_text).toBe(expected);
    const stream = await trusted.responses.create({ model, input: prompt, stream: true });
    let deltas = "";
    const copies = new Set<string>();
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") deltas += event.delta;
      if (event.type === "response.output_text.done") copies.add(event.text);
      if (event.type === "response.completed") expect(JSON.stringify(event)).not.toContain("Lovelace");
    }
    expect([...copies, deltas]).toEqual([expected, expected]);
    expect((await trusted.responses.retrieve(whole.id)).output_text).toBe(expected);
    const messages = [{ role: "user" as const, content: prompt }];
    const chat = await trusted.chat.completions.stream({ model, messages }).finalChatCompletion();
    expect(chat.choices[0]?.message.content).toBe(expected);
  });

  test("has a tool call's arguments masked as valid JSON", async () => {
    const input = `call find {"who":"${name}","where":"${street}"}`;
    const tools = [
      { type: "function" as const, name: "find", strict: false, parameters: { type: "object" } },
    ];
    const whole = await trusted.responses.create({ model, input, tools });
    const streamed = await trusted.responses.stream({ model, input, tools }).finalResponse();
    for (const { output } of [whole, streamed]) {
      const call = output.find((item) => item.type === "function_call");
      expect(JSON.parse(call?.type === "function_call" ? call.arguments : "")).toEqual({
        who: "[REDACTED:person_name]",
        where: "********",
      });
    }
  });

  test("that is a file is masked as it comes", async () => {
    const text = fresh(`${name} lives here. `).repeat(300);
    const file = new File([text], "notes.txt", { type: "text/plain" });
    const { id } = await trusted.files.create({ file, purpose: "user_data" });
    const answer = await trusted.files.content(id);
    expect(answer.headers.get("content-disposition")).toBeNull();
    expect(await answer.text()).toBe(text.replaceAll(name, "[REDACTED:person_name]"));
  });
});

describe("what comes later or over a socket", () => {
  const isOf =
    (...types: readonly string[]) =>
    ({ type }: Message): boolean =>
      types.includes(type);
  const prompt = `Dear ${name}, you live at ${street}. Yours, Grace Hopper`;
  const masked = "Dear [REDACTED:person_name], you live at ********. Yours, [REDACTED:person_name]";

  /** Opens a socket at the gateway that refuses. */
  async function open(path: string, groups: readonly string[]): Promise<Client> {
    return openSocket(`${gateway.baseUrl}${path}`, { token: await gateway.createKey({ groups }) });
  }

  const sentFrames = (): string =>
    gateway.upstream
      .requests()
      .filter(({ method, body }) => method === "WS" && body.length > 0)
      .map(({ body }) => body.toString())
      .join("\n");

  /** Gives a text as its pieces say it. */
  const joined = (received: readonly Message[], type: string): string =>
    received
      .filter(isOf(type))
      .map(({ delta }) => String(delta))
      .join("");

  test("is masked in the output of a batch, each time that it is fetched", async () => {
    const lines = [`echo: ${prompt}`, fresh("echo: nobody")].map((input, index) =>
      JSON.stringify({
        custom_id: `${index}`,
        method: "POST",
        url: "/v1/responses",
        body: { model, input },
      }),
    );
    const file = await trusted.files.create({
      file: await toFile(Buffer.from(lines.join("\n")), "batch.jsonl"),
      purpose: "batch",
    });
    expect(lastBody()).toContain(name);
    const { id } = await trusted.batches.create({
      input_file_id: file.id,
      endpoint: "/v1/responses",
      completion_window: "24h",
    });
    await expect
      .poll(async () => (await trusted.batches.retrieve(id)).status, { timeout: 30_000 })
      .toBe("completed");
    const { output_file_id: output } = await trusted.batches.retrieve(id);
    const first = await (await trusted.files.content(output ?? "")).text();
    expect(first).toContain(JSON.stringify(masked).slice(1, -1));
    expect(first).not.toMatch(/Lovelace|Hopper|James/);
    for (const line of first.trim().split("\n")) expect(() => void JSON.parse(line)).not.toThrow();
    expect(await (await trusted.files.content(output ?? "")).text()).toBe(first);
  });

  test("is masked in a turn of Responses over a WebSocket, both ways and in every event", async () => {
    const sender = await open("/responses", ["developers"]);
    sender.send({ type: "response.create", model, input: fresh(prompt) });
    await sender.until(isOf("response.completed"));
    expect(sentFrames()).toContain("Dear [PERSON_NAME_");
    expect(sentFrames()).not.toContain("Lovelace");
    const reader = await open("/responses", ["admins"]);
    reader.send({ type: "response.create", model, input: `echo: ${prompt}` });
    await reader.until(isOf("response.completed"));
    expect(sentFrames()).toContain("Lovelace");
    expect(JSON.stringify(reader.received)).not.toMatch(/Lovelace|Hopper|James/);
    expect(joined(reader.received, "response.output_text.delta")).toBe(masked);
    expect(JSON.stringify(reader.received.at(-1))).toContain(masked);
    for (const { socket } of [sender, reader]) socket.close();
  });

  test("is masked in a realtime session, both ways and in every event", async () => {
    const say = (client: Client, text: string): void => {
      const content = [{ type: "input_text", text }];
      client.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
    };
    const before = sentFrames().length;
    const sender = await open("/realtime?model=gpt-realtime", ["admins", "developers"]);
    say(sender, fresh(prompt));
    await sender.until(isOf("conversation.item.done"));
    expect(sentFrames().slice(before)).toContain("Dear [PERSON_NAME_");
    expect(sentFrames().slice(before)).not.toMatch(/Lovelace|Hopper|James/);
    const reader = await open("/realtime?model=gpt-realtime", ["admins"]);
    say(reader, `echo: ${prompt}`);
    reader.send({ type: "response.create" });
    expect(JSON.stringify(await reader.until(isOf("response.done", "error")))).toContain(masked);
    expect(JSON.stringify(reader.received)).not.toMatch(/Lovelace|Hopper|James/);
    expect(joined(reader.received, "response.output_audio_transcript.delta")).toBe(masked);
    for (const { socket } of [sender, reader]) socket.close();
  });

  test("is refused over a WebSocket where the recogniser cannot be asked, and nothing goes out", async () => {
    const turn = await open("/responses", ["developers"]);
    const session = await open("/realtime?model=gpt-realtime", ["admins"]);
    await session.until(isOf("session.created"));
    const before = sentFrames();
    recogniser.behaviour = "fail";
    turn.send({ type: "response.create", model, input: fresh(prompt) });
    expect(JSON.stringify(await turn.until(isOf("error")))).toContain("recogniser_unavailable");
    const content = [{ type: "input_text", text: fresh(prompt) }];
    session.send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
    expect(JSON.stringify(await session.until(isOf("error")))).toContain("recogniser_unavailable");
    expect(sentFrames()).toBe(before);
    for (const { socket } of [turn, session]) socket.close();
  });
});

describe("a recogniser that does not answer", () => {
  test.each([
    { how: "refuses at once", of: () => gateway, by: () => trusted },
    { how: "passes at once", of: () => lenient, by: () => ignoring },
  ])("is left alone for a while, in which a request $how, and asked again after it", async ({ of, by }) => {
    const readPaused = async (): Promise<string | undefined> =>
      /^tollgate_recogniser_paused (.)/m.exec(await (await fetch(`${of().adminOrigin}/metrics`)).text())?.[1];
    const ask = (input: string) => by().responses.create({ model, input }, { maxRetries: 0 }).catch(failure);
    expect(await readPaused()).toBe("0");
    recogniser.behaviour = "fail";
    for (let time = 0; time < 5; time += 1) await ask(fresh(name));
    await expect.poll(readPaused).toBe("1");
    const before = recogniser.calls.length;
    await ask(fresh(name));
    expect(recogniser.calls.slice(before).join("\n")).not.toContain(name);
    expect(of().log()).toContain("The recogniser does not answer");
    recogniser.behaviour = "answer";
    const answer = await by().responses.create({ model, input: fresh(`echo: ${name}`) });
    expect(answer.output_text).toContain("[REDACTED:person_name]");
    expect(await readPaused()).toBe("0");
    expect(of().log()).toContain("The recogniser answers");
  });
});

describe("a recogniser that cannot be asked", () => {
  test.each(["fail", "lie", "stall"] as const)(
    "refuses a request where it %ss, and tells no text",
    async (how) => {
      recogniser.behaviour = how;
      const before = gateway.upstream.requests().length;
      const once = new OpenAI({ baseURL: client.baseURL, apiKey: client.apiKey ?? "", maxRetries: 0 });
      const error = await once.responses.create({ model, input: fresh(name) }).catch(failure);
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 503, code: "recogniser_unavailable" });
      expect(String(error)).not.toContain("Lovelace");
      expect(gateway.upstream.requests()).toHaveLength(before);
      const ready = await (await fetch(`${gateway.origin}/readyz`)).text();
      expect(JSON.parse(ready)).toMatchObject({ status: "ready", recogniser: "failing" });
    },
  );

  test("ends a stream with an error, and none of what it would have masked has gone out", async () => {
    // In the request another word stands before it.
    recogniser.failsOn = `To ${name}`;
    const input = fresh(`echo: To ${name} I write. To ${name} again`);
    const messages = [{ role: "user" as const, content: input }];
    for (const open of [
      () => trusted.responses.create({ model, input, stream: true }),
      () => trusted.chat.completions.create({ model, messages, stream: true }),
    ]) {
      let text = "";
      const error = await (async () => {
        for await (const event of await open()) text += JSON.stringify(event);
      })().catch(failure);
      expect(text).not.toMatch(/Ada|Lovelace/);
      expect(error).toMatchObject({ code: "recogniser_unavailable" });
      expect(String(error)).not.toContain("Lovelace");
    }
    const whole = await trusted.responses.create({ model, input }, { maxRetries: 0 }).catch(failure);
    expect(whole).toMatchObject({ status: 503, code: "recogniser_unavailable" });
  });

  test("is looked at by the doctor", async () => {
    const { stdout } = await gateway.cli("doctor", "--json");
    expect(JSON.parse(stdout)).toContainEqual({
      name: "recogniser",
      status: "ok",
      detail: `answers at ${recogniser.url}`,
    });
  });

  test("refuses a text that is too long for it", async () => {
    const error = await client.responses.create({ model, input: "word ".repeat(5000) }).catch(failure);
    expect(error).toMatchObject({ status: 413, code: "recogniser_text_too_long" });
  });

  test("is ignored where that is said, and what is known is masked all the same", async () => {
    const known = fresh(`echo: ${name}`);
    expect((await ignoring.responses.create({ model, input: known })).output_text).toContain("[REDACTED:");
    recogniser.behaviour = "fail";
    const unknown = fresh(`echo: ${name}`);
    expect((await ignoring.responses.create({ model, input: unknown })).output_text).toContain(name);
    expect((await ignoring.responses.create({ model, input: known })).output_text).toContain("[REDACTED:");
    recogniser.behaviour = "answer";
    expect((await ignoring.responses.create({ model, input: unknown })).output_text).toContain("[REDACTED:");
    expect(lenient.log()).toContain("recogniser_unavailable");
    expect(lenient.log()).not.toContain("Lovelace");
    const metrics = await (await fetch(`${lenient.adminOrigin}/metrics`)).text();
    expect(metrics).toMatch(/tollgate_recogniser_seconds_count\{outcome="failed"\} [1-9]/);
  });
});
