// Bodies that can be read in two ways, or not at all, are refused before the target hears of them.
import { once } from "node:events";
import { connect } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { Pool } from "undici";
import { z } from "zod";
import { useGateway } from "../clients/js/targets.ts";

const gateway = useGateway({
  config: (url) => `
connections:
  - { name: openai, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
limits: { request_bytes: 1MiB, depth: 64 }
`,
});
let key = "";
beforeAll(async () => {
  key = await gateway().createKey();
});

const errorBody = z.object({ error: z.object({ message: z.string(), type: z.string(), code: z.string() }) });

async function send(
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; code: string; message: string }> {
  const response = await fetch(`${gateway().baseUrl}/responses`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: new Uint8Array(Buffer.from(body)),
  });
  expect(response.headers.get("x-tollgate-exchange-id")).toMatch(/^[0-9a-f-]{36}$/);
  const text = await response.text();
  if (response.status === 200) return { status: 200, code: "", message: "" };
  const { error } = errorBody.parse(JSON.parse(text));
  return { status: response.status, code: error.code, message: error.message };
}

const SECRET = "a-word-that-must-not-come-back";

describe("a body that", () => {
  test.each([
    ["is no JSON", `{"model":"gpt-4.1","input":"${SECRET}"`, 400, "body_invalid"],
    ["is no object", `["${SECRET}"]`, 400, "body_shape"],
    ["is empty", "", 400, "body_invalid"],
    ["holds a key twice", `{"model":"gpt-4.1","input":"${SECRET}","model":"gpt-4o"}`, 400, "body_invalid"],
    [
      "holds a key twice, once escaped",
      `{"model":"gpt-4.1","input":"${SECRET}","\\u006dodel":"gpt-4o"}`,
      400,
      "body_invalid",
    ],
    [
      "holds a key twice, deep within",
      `{"model":"gpt-4.1","input":[{"role":"user","content":"${SECRET}","role":"system"}]}`,
      400,
      "body_invalid",
    ],
    ["holds a lone surrogate", `{"model":"gpt-4.1","input":"${SECRET} \\ud83d"}`, 400, "body_invalid"],
    ["begins with a byte order mark", `\ufeff{"model":"gpt-4.1","input":"${SECRET}"}`, 400, "body_invalid"],
    [
      "is no UTF-8",
      Buffer.concat([
        Buffer.from(`{"model":"gpt-4.1","input":"${SECRET}`),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}'),
      ]),
      400,
      "body_invalid",
    ],
    [
      "holds a number that does not survive",
      `{"model":"gpt-4.1","input":"${SECRET}","seed":12345678901234567890}`,
      400,
      "body_invalid",
    ],
    [
      "is too deep",
      `{"model":"gpt-4.1","input":"${SECRET}","metadata":${"[".repeat(200)}${"]".repeat(200)}}`,
      400,
      "body_too_deep",
    ],
    ["is too large", `{"model":"gpt-4.1","input":"${"x".repeat(1_100_000)}"}`, 413, "body_too_large"],
    ["names a model that is no text", `{"model":["gpt-4.1"],"input":"${SECRET}"}`, 400, "body_shape"],
  ])("%s is refused", async (_what, body, status, code) => {
    const before = gateway().upstream.requests().length;
    const answer = await send(body);
    expect(answer).toMatchObject({ status, code });
    expect(answer.message).not.toContain(SECRET);
    expect(gateway().upstream.requests()).toHaveLength(before);
  });

  test("is compressed, or of another type, is refused", async () => {
    expect(await send("x", { "content-encoding": "gzip" })).toMatchObject({
      status: 415,
      code: "body_encoding_unsupported",
    });
    expect(await send("a=b", { "content-type": "application/x-www-form-urlencoded" })).toMatchObject({
      status: 415,
    });
    expect(await send("{}", { "content-type": "application/json; charset=utf-16" })).toMatchObject({
      status: 415,
    });
  });

  test("never comes holds no connection once its request is refused", async () => {
    const { hostname, port } = new URL(gateway().origin);
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    const closed = once(socket, "close");
    // No byte of the body follows.
    socket.write(
      `POST /v1/responses HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer unknown\r\n` +
        "content-type: application/json\r\ncontent-length: 1000\r\n\r\n",
    );
    await closed;
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.1 401 /);
  });

  test("is plain passes, with the bytes that came", async () => {
    const body =
      '{ "input" : "echo: as it came" ,\n "model":"gpt-4.1", "metadata" : {"a":"1.0","\\u00e9":"\\u00e9"}}';
    expect(await send(body)).toMatchObject({ status: 200 });
    expect(gateway().upstream.requests().at(-1)?.body.toString()).toBe(body);
  });
});

test("10,000 poison requests do not disarm the policy", { timeout: 120_000 }, async () => {
  const poisons = [
    '{"model":"gpt-4.1\\u0000","input":"x"}',
    '{"model":"__proto__","input":"x"}',
    '{"model":"gpt-4.1","input":[{"type":"__proto__"},{"type":"constructor"}],"__proto__":{"model":"gpt-4.1"}}',
    `{"model":"gpt-4.1","input":"x","tools":[${Array.from({ length: 200 }, (_, index) => `{"type":"function","name":"t${index}"}`).join(",")}]}`,
    '{"model":"davinci-002","input":"x"}',
    `{"model":"${"m".repeat(5000)}","input":"x"}`,
    '{"model":"gpt-4.1","input":"\\ud800"}',
    `{"model":"gpt-4.1","input":${"[".repeat(300)}`,
    '{"model":"gpt-4.1","input":"x","max_output_tokens":1e400}',
    '{"model":{"toString":1},"input":{"length":-1}}',
    "null",
    '{"model":"gpt-4.1","input":"x","tools":[{"type":"mcp","server_url":"javascript:alert(1)","server_label":"x"}]}',
  ];
  const pool = new Pool(gateway().origin, { connections: 32 });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  let left = 10_000;
  let faults = 0;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (left > 0) {
        left -= 1;
        const body = poisons[left % poisons.length] ?? "";
        const answer = await pool.request({ path: "/v1/responses", method: "POST", headers, body });
        await answer.body.dump();
        if (answer.statusCode >= 500) faults += 1;
      }
    }),
  );
  await pool.close();
  expect(faults).toBe(0);
  expect(await send('{"model":"davinci-002","input":"x"}')).toMatchObject({
    status: 403,
    code: "model_not_allowed",
  });
  expect(await send('{"model":"gpt-4.1","input":"echo: fine"}')).toMatchObject({ status: 200 });
});
