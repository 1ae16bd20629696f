// The simulated API over the wire: who may call it, what it insists on, how it breaks.
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../exchange.ts";
import { isObject, objectsAt, parseText, stringAt } from "./read-json.ts";
import { createSimulator } from "./server.ts";

const simulator = createSimulator({ credential: "right", inspect: true });
let base = "";
beforeAll(async () => {
  base = (await simulator.listen(0, "127.0.0.1")).url;
});
afterAll(() => simulator.close());

type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: JsonObject;
};

async function call(
  path: string,
  body: Json | undefined,
  options: { method?: string; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(base + path, {
    method: options.method ?? (body === undefined ? "GET" : "POST"),
    headers: { authorization: `Bearer ${options.token ?? "right"}`, ...options.headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = parseText(text);
  return { status: response.status, headers: response.headers, text, body: isObject(parsed) ? parsed : {} };
}

function respond(input: Json, more: JsonObject = {}): Promise<Answer> {
  return call("/responses", { model: "gpt-4.1", input, ...more });
}

function messageOf(answer: Answer): string {
  return stringAt(answer.body["error"], "message") ?? "";
}

const ping = { type: "function", name: "ping", parameters: {} };

describe("every answer", () => {
  test("says that it is simulated, refusals too", async () => {
    for (const answer of [
      await respond("echo: hi"),
      await call("/models", undefined),
      await call("/nothing", undefined),
      await call("/models", undefined, { token: "wrong" }),
    ]) {
      expect(answer.headers.get("x-tollgate-simulated")).toBe("true");
    }
  });

  test("needs the credential", async () => {
    expect((await call("/models", undefined, { token: "wrong" })).status).toBe(401);
    expect((await call("/models", undefined, { token: "right2" })).body["error"]).toMatchObject({
      code: "invalid_api_key",
    });
    expect((await fetch(`${base}/models`)).status).toBe(401);
  });

  test("is the same for the same prompt but for ids and times", async () => {
    const [one, two] = [
      await respond("personal data\nfake secrets"),
      await respond("personal data\nfake secrets"),
    ];
    expect(textsOf(one)).toEqual(textsOf(two));
    expect(textsOf(one).join("\n")).toMatch(/Card: \d{4} \d{4}/);
    expect(one.body["usage"]).toEqual(two.body["usage"]);
    expect(one.body["id"]).not.toBe(two.body["id"]);
  });

  test("is kept for inspection only where that was asked for", async () => {
    await respond("echo: seen");
    const seen = simulator.requests().at(-1);
    expect(seen?.url).toBe("/v1/responses");
    expect(seen?.body.toString()).toContain("echo: seen");
    const blind = createSimulator();
    const { url } = await blind.listen(0, "127.0.0.1");
    await fetch(`${url}/models`, { headers: { authorization: "Bearer any" } });
    expect(blind.requests()).toEqual([]);
    await blind.close();
  });
});

function textsOf(answer: Answer): readonly string[] {
  return objectsAt(answer.body, "output").flatMap((item) =>
    objectsAt(item, "content").map((part) => stringAt(part, "text") ?? ""),
  );
}

describe("items that belong together", () => {
  test("a call needs its output, and an output its call", async () => {
    const first = await respond("call ping", { tools: [ping] });
    const [item = {}] = objectsAt(first.body, "output");
    const alone = await respond([{ role: "user", content: "hi" }, item]);
    expect(alone.status).toBe(400);
    expect(messageOf(alone)).toBe(`No tool output found for function call ${stringAt(item, "call_id")}.`);
    const output = { type: "function_call_output", call_id: item["call_id"] ?? "", output: "pong" };
    expect(messageOf(await respond([output]))).toContain("No tool call found for function call output");
    const pending = await respond("echo: on", { previous_response_id: first.body["id"] ?? "" });
    expect(messageOf(pending)).toContain("No tool output found");
    expect((await respond([output], { previous_response_id: first.body["id"] ?? "" })).status).toBe(200);
    expect((await respond([item, output])).status).toBe(200);
  });

  test("reasoning needs what followed it, and what followed it needs the reasoning", async () => {
    const first = await respond("reason\ncall ping", { tools: [ping] });
    const [reasoning = {}, item = {}] = objectsAt(first.body, "output");
    const output = { type: "function_call_output", call_id: item["call_id"] ?? "", output: "pong" };
    expect((await respond([reasoning, item, output])).status).toBe(200);
    expect(messageOf(await respond([reasoning, { role: "user", content: "hi" }]))).toContain(
      "without its required following item",
    );
    const other = {
      type: "message",
      role: "assistant",
      id: stringAt(item, "id")?.replace("fc_", "msg_") ?? "",
      content: "hi",
    };
    expect((await respond([reasoning, other])).status).toBe(400);
    expect(messageOf(await respond([item, output]))).toContain("without its required 'reasoning' item");
  });

  test("sealed reasoning is taken unchanged only", async () => {
    const first = await respond("reason\necho: hi", {
      store: false,
      include: ["reasoning.encrypted_content"],
    });
    const [reasoning = {}, message = {}] = objectsAt(first.body, "output");
    expect((await respond([reasoning, message], { store: false })).status).toBe(200);
    const changed = { ...reasoning, encrypted_content: `${stringAt(reasoning, "encrypted_content") ?? ""}x` };
    expect((await respond([changed, message], { store: false })).body["error"]).toMatchObject({
      code: "invalid_encrypted_content",
    });
  });

  test("ids that were never issued are unknown, where items are stored", async () => {
    const foreign = {
      type: "message",
      role: "assistant",
      id: "msg_0123",
      content: [{ type: "output_text", text: "hi", annotations: [] }],
    };
    expect(messageOf(await respond([foreign, { role: "user", content: "echo: on" }]))).toContain("not found");
    expect((await respond([foreign, { role: "user", content: "echo: on" }], { store: false })).status).toBe(
      200,
    );
    expect(messageOf(await respond([{ ...foreign, id: "fc_0123" }]))).toContain("begins with 'msg'");
    expect((await respond([{ type: "item_reference", id: "msg_0123" }])).status).toBe(404);
    expect((await respond("hi", { previous_response_id: "resp_0123" })).body["error"]).toMatchObject({
      code: "previous_response_not_found",
    });
  });

  test("a chat's tool messages follow the calls that they answer", async () => {
    const chat = (messages: Json): Promise<Answer> =>
      call("/chat/completions", { model: "gpt-4.1", messages });
    const assistant = {
      role: "assistant",
      tool_calls: [{ id: "c1", type: "function", function: { name: "ping", arguments: "{}" } }],
    };
    const tool = { role: "tool", tool_call_id: "c1", content: "pong" };
    expect((await chat([{ role: "user", content: "hi" }, assistant, tool])).status).toBe(200);
    expect(messageOf(await chat([{ role: "user", content: "hi" }, tool]))).toContain(
      "must be a response to a preceding message",
    );
    expect(messageOf(await chat([assistant, { role: "user", content: "hi" }]))).toContain(
      "did not have response messages: c1",
    );
    expect((await chat([assistant])).status).toBe(400);
  });
});

describe("a fault on request", () => {
  test("leaves a JSON answer cut, foreign, compressed or broken off", async () => {
    expect((await respond("garbage")).text).toBe("<<< not JSON >>>");
    expect((await respond("wrong content type")).headers.get("content-type")).toBe("text/html");
    expect(parseText((await respond("truncate\necho: hi")).text)).toBeUndefined();
    await expect(respond("reset mid-stream")).rejects.toThrow();
    const zipped = await raw("gzip\necho: packed");
    expect(zipped.encoding).toBe("gzip");
    expect(gunzipSync(zipped.bytes).toString()).toContain("packed");
  });

  test("leaves a stream without its end", async () => {
    for (const fault of ["truncate", "garbage"]) {
      const cut = await respond(`stream 20\n${fault}`, { stream: true });
      expect(cut.text).toContain("response.output_text.delta");
      expect(cut.text).not.toContain("response.completed");
    }
    await expect(respond("stream 20\nreset mid-stream", { stream: true })).rejects.toThrow();
    const stalled = fetch(`${base}/responses`, {
      method: "POST",
      headers: { authorization: "Bearer right" },
      body: JSON.stringify({ model: "gpt-4.1", input: "stream 20\nstall", stream: true }),
      signal: AbortSignal.timeout(300),
    }).then((response) => response.text());
    await expect(stalled).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("changes only how a stream is cut or its lines end", async () => {
    const events = (text: string): number =>
      text.split(/\r?\n\r?\n/).filter((frame) => frame.startsWith("event:")).length;
    const plain = await respond("stream 20", { stream: true });
    const odd = await respond("stream 20\ncrlf\nsplit 7", { stream: true });
    expect(odd.text).toContain("\r\n\r\n");
    expect(events(odd.text)).toBe(events(plain.text));
  });

  test("counts its failures by the retry number that the SDKs send", async () => {
    expect((await respond("fail 500 once")).status).toBe(500);
    const again = await call(
      "/responses",
      { model: "gpt-4.1", input: "fail 500 once" },
      { headers: { "x-stainless-retry-count": "1" } },
    );
    expect(again.status).toBe(200);
  });
});

function raw(input: string): Promise<{ encoding: string | undefined; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${base}/responses`,
      { method: "POST", headers: { authorization: "Bearer right" } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ encoding: response.headers["content-encoding"], bytes: Buffer.concat(chunks) }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(JSON.stringify({ model: "gpt-4.1", input }));
  });
}
