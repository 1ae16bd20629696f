// Parameters of requests that policy sets: what goes to the target, what the program is told, and what is recorded.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toTarget } from "./clients/js/targets.ts";
import { startGateway } from "./gateway.ts";
import type { RunningGateway } from "./gateway.ts";
import { openSocket } from "./websocket/client.ts";

const model = "gpt-4.1";
const key = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const set = [
  { parameter: "max_output_tokens", at_most: 1000 },
  { parameter: "max_output_tokens", at_most: 200, groups: ["interns"] },
  { parameter: "store", to: false, operations: ["responses.create"] },
  { parameter: "temperature", at_most: 0.5 },
  { parameter: "service_tier", strip: true },
  { parameter: "tools", without: [{ type: "web_search" }, { name: "run_sql" }] },
  { parameter: "verbosity", to: "low", groups: ["torn"] },
  { parameter: "verbosity", to: "high", groups: ["torn"] },
];
const tool = { type: "function", name: "pay", strict: false, parameters: { type: "object" } } as const;

let folder = "";
let gateway: RunningGateway;
let client: OpenAI;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tollgate-set-"));
  const operator = join(folder, "operator.json");
  await writeFile(operator, JSON.stringify({ lists: { set } }));
  gateway = await startGateway({ env: { TOLLGATE_POLICY_OPERATOR: operator } });
  client = await clientOf(["developers"]);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function clientOf(groups: readonly string[]): Promise<OpenAI> {
  return toTarget(gateway.baseUrl, await gateway.createKey({ groups })).client();
}

/** What the target was sent last. */
function lastBody(): string {
  return gateway.upstream.requests().at(-1)?.body.toString() ?? "";
}

async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => null,
    (error: unknown) => error,
  );
}

describe("a request", () => {
  test("goes on with its parameters set, and tells its program and the record so", async () => {
    const { data, response } = await client.responses
      .create({
        model,
        input: "echo: hello",
        max_output_tokens: 5000,
        store: true,
        service_tier: "flex",
        temperature: 0.25,
        tools: [{ type: "web_search" }, tool],
        tool_choice: { type: "web_search_preview" },
      })
      .withResponse();
    expect(data.output_text).toBe("hello");
    expect(response.headers.get("x-tollgate-effects")).toBe("set;max_output_tokens;service_tier;store;tools");
    expect(JSON.parse(lastBody())).toEqual({
      model,
      input: "echo: hello",
      max_output_tokens: 1000,
      store: false,
      temperature: 0.25,
      tools: [tool],
      tool_choice: { type: "web_search_preview" },
    });
    const id = response.headers.get("x-tollgate-exchange-id") ?? "";
    const shown = (await gateway.cli("exchanges", "show", id)).stdout;
    expect(shown).toContain("/max_output_tokens  5000 → 1000  (parameters_set)");
    expect(shown).toContain("/service_tier  text → absent");
    expect(shown).toContain("/store  true → false");
    expect(shown).toContain("/tools  without web_search");
    const listed = (await gateway.cli("exchanges", "list", "--rule", "parameters_set", "--json")).stdout;
    expect(listed).toContain(id);
  });

  test("keeps every byte that no rule speaks of, also where a value is masked", async () => {
    const body = `{ "model":"${model}","input" : "the key is ${key}" ,"temperature": 9e-1,"metadata":{"a":"\\u0041"},"top_p":1.0}`;
    const { status } = await fetch(`${gateway.baseUrl}/responses`, {
      method: "POST",
      headers: { authorization: `Bearer ${client.apiKey}`, "content-type": "application/json" },
      body,
    });
    expect(status).toBe(200);
    expect(lastBody()).toBe(
      body
        .replace(key, "[REDACTED:secret]")
        .replace("9e-1", "0.5")
        .replace("1.0}", '1.0,"max_output_tokens":1000,"store":false}'),
    );
  });

  test("is bounded by the strictest of its caller's groups, streamed and in chat too", async () => {
    const intern = await clientOf(["developers", "interns"]);
    const stream = intern.chat.completions.stream({
      model,
      messages: [{ role: "user", content: "echo: a" }],
    });
    expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe("a");
    expect(JSON.parse(lastBody())).toMatchObject({ max_completion_tokens: 200, temperature: 0.5 });
    const { response } = await intern.responses
      .create({ model, input: "echo: a", stream: true })
      .withResponse();
    expect(response.headers.get("x-tollgate-effects")).toBe("set;max_output_tokens;store;temperature");
    await response.text();
  });

  test("is as it came where its parameters are as they must be", async () => {
    const { response } = await client.embeddings
      .create({ model: "text-embedding-3-small", input: "a" })
      .withResponse();
    expect(response.headers.has("x-tollgate-effects")).toBe(false);
  });

  test("is refused where two rules want different things", async () => {
    const torn = await clientOf(["developers", "torn"]);
    const before = gateway.upstream.requests().length;
    const refused = await refusalOf(torn.responses.create({ model, input: "echo: a" }));
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(refused).toMatchObject({ code: "policy_settings_conflict", param: "verbosity" });
    expect(gateway.upstream.requests()).toHaveLength(before);
  });

  test("is refused where a tool to take out stands deeper than the gateway writes", async () => {
    const inner = { type: "function", name: "run_sql", parameters: { type: "object" } };
    const tools = [{ type: "namespace", name: "db", description: "d", tools: [inner] }];
    const body = { model, input: "echo: a", tools };
    const refused = await refusalOf(client.post("/responses", { body }));
    expect(refused).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(refused).toMatchObject({ code: "parameters_set" });
  });
});

describe("a file of requests", () => {
  const upload = (lines: readonly string[], purpose: OpenAI.FilePurpose = "batch") =>
    client.files.create({ file: new File([lines.join("\n")], "lines.jsonl"), purpose }).withResponse();
  const line = (body: string): string =>
    `{"custom_id":"a", "method":"POST","url":"/v1/responses","body":${body} }`;

  test("goes on with the parameters of its lines set; the bytes of everything else stay", async () => {
    const input = '"model":"gpt-4.1" ,"input":"echo: a","temperature":';
    const kept = line(`{${input}0.1,"store":false,"max_output_tokens":8}`);
    const { response } = await upload([
      line(`{${input}9e-1,"store" : true}`),
      kept,
      line(`{${input}0.7,"tools":[{"type":"web_search"}],"store":false,"instructions":"the key is ${key}"}`),
    ]);
    const sent = [
      line(`{${input}0.5,"store" : false,"max_output_tokens":1000}`),
      kept,
      line(
        `{${input}0.5,"store":false,"instructions":"the key is [REDACTED:secret]","max_output_tokens":1000}`,
      ),
    ];
    expect(lastBody()).toContain(sent.join("\n"));
    expect(response.headers.get("x-tollgate-effects")).toBe(
      "masked;secret=1, set;max_output_tokens;store;temperature;tools",
    );
    const id = response.headers.get("x-tollgate-exchange-id") ?? "";
    const shown = (await gateway.cli("exchanges", "show", id)).stdout;
    expect(shown).toContain("/temperature  other → 0.5  (parameters_set)");
    expect(shown).toContain("/max_output_tokens  absent → 1000");
    expect(shown).toContain("/tools  without web_search");
  });

  test("that are data is refused, and told how to be sent", async () => {
    const tools = [{ type: "function", function: { name: "run_sql", parameters: { type: "object" } } }];
    const example = JSON.stringify({ messages: [{ role: "user", content: "a" }], tools });
    const refused = await refusalOf(upload([example], "fine-tune"));
    expect(refused).toMatchObject({ status: 403, code: "parameters_set" });
    expect(String(refused)).toContain("Line 1");
  });
});

describe("a form", () => {
  test("goes on with its fields set, and without those that are left out", async () => {
    const admin = await clientOf(["admins"]);
    const file = new File(["RIFF"], "a.wav", { type: "audio/wav" });
    const body = { file, model: "gpt-4o-transcribe", temperature: 0.9, language: "de" };
    const { response } = await admin.audio.transcriptions.create(body).withResponse();
    expect(response.headers.get("x-tollgate-effects")).toBe("set;temperature");
    expect(lastBody()).toContain('name="temperature"\r\n\r\n0.5\r\n');
    expect(lastBody()).toContain('name="language"\r\n\r\nde\r\n');
    expect(lastBody()).toContain("RIFF");
    const form = new FormData();
    form.append("model", "gpt-image-1");
    form.append("prompt", "a cat");
    form.append("service_tier", "flex");
    form.append("image", file);
    const headers = { authorization: `Bearer ${admin.apiKey}` };
    await fetch(`${gateway.baseUrl}/images/edits`, { method: "POST", headers, body: form });
    expect(lastBody()).toContain('name="prompt"\r\n\r\na cat\r\n');
    expect(lastBody()).not.toContain("service_tier");
  });

  test("is refused where a list lies in several fields", async () => {
    const admin = await clientOf(["admins"]);
    const before = gateway.upstream.requests().length;
    const form = new FormData();
    form.append("model", "gpt-image-1");
    form.append("prompt", "a cat");
    form.append("tools[][type]", "web_search");
    form.append("image", new File(["RIFF"], "a.png", { type: "image/png" }));
    const headers = { authorization: `Bearer ${admin.apiKey}` };
    const refused = await fetch(`${gateway.baseUrl}/images/edits`, { method: "POST", headers, body: form });
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain("must lack web_search here");
    expect(gateway.upstream.requests()).toHaveLength(before);
  });
});

describe("over a socket", () => {
  test("a message that asks for a response is set like a request", async () => {
    const socket = await openSocket(`${gateway.baseUrl}/responses`, { token: client.apiKey });
    socket.send({ type: "response.create", model, input: "echo: a", max_output_tokens: 5000 });
    await socket.until(({ type }) => type === "response.completed");
    expect(JSON.parse(lastBody())).toEqual({
      type: "response.create",
      model,
      input: "echo: a",
      max_output_tokens: 1000,
      store: false,
      temperature: 0.5,
    });
    socket.socket.close();
    await socket.closed;
  });

  test("a realtime session is bounded where it says how long an answer may be, and in each answer", async () => {
    const token = await gateway.createKey({ groups: ["admins"] });
    const socket = await openSocket(`${gateway.baseUrl}/realtime?model=gpt-realtime`, { token });
    await socket.until(({ type }) => type === "session.created");
    socket.send({ type: "session.update", session: { type: "realtime", max_output_tokens: "inf" } });
    await socket.until(({ type }) => type === "session.updated");
    expect(JSON.parse(lastBody())).toMatchObject({ session: { max_output_tokens: 1000 } });
    socket.send({ type: "response.create" });
    await socket.until(({ type }) => type === "response.done");
    expect(JSON.parse(lastBody())).toMatchObject({ response: { max_output_tokens: 1000 } });
    socket.socket.close();
    await socket.closed;
  });
});
