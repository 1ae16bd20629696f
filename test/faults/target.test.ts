// What a program sees when the target breaks: a raised error, never a part that looks whole.
import { APIError } from "openai";
import type OpenAI from "openai";
import { beforeAll, describe, expect, test } from "vitest";
import { toTarget, useGateway } from "../clients/js/targets.ts";

const model = "gpt-4.1";
const gateway = useGateway({
  config: (url) => `
connections:
  - name: openai
    base_url: ${url}
    credential: env:OPENAI_API_KEY
    timeouts: { first_byte_ms: 1500, idle_ms: 1000 }
`,
});
let client: OpenAI;
beforeAll(async () => {
  client = toTarget(gateway().baseUrl, await gateway().createKey()).client();
});

async function streamResponse(input: string): Promise<string> {
  let text = "";
  for await (const event of await client.responses.create({ model, input, stream: true })) {
    if (event.type === "response.output_text.delta") text += event.delta;
  }
  return text;
}

async function streamChat(content: string): Promise<string> {
  let text = "";
  const stream = await client.chat.completions.create({
    model,
    messages: [{ role: "user", content }],
    stream: true,
  });
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

describe.each([
  { api: "Responses", stream: streamResponse },
  { api: "Chat", stream: streamChat },
])("a stream of $api", ({ stream }) => {
  test.each([
    ["is reset", "reset mid-stream", "target_broke_off"],
    ["ends without its terminal event", "truncate", "target_broke_off"],
    ["stalls", "stall", "target_timeout"],
    ["holds garbage", "garbage", "answer_unreadable"],
  ])("that %s raises its code", async (_what, fault, code) => {
    const broken = stream(`stream 40\n${fault}`);
    await expect(broken).rejects.toBeInstanceOf(APIError);
    await expect(broken).rejects.toMatchObject({ code });
  });

  test("of another content type is refused before anything of it is passed on", async () => {
    await expect(stream("wrong content type\necho: hello")).rejects.toMatchObject({
      status: 502,
      code: "answer_type_unexpected",
    });
  });

  test("may be cut anywhere, end its lines by CR LF, hold comments, come slowly", async () => {
    expect(await stream("split 1\ncrlf\necho: héllo wörld 🎈")).toBe("héllo wörld 🎈");
    expect(await stream("split 13\nkeepalive\necho: hello")).toBe("hello");
    expect(await stream("pace 60ms\necho: one two three four")).toBe("one two three four");
  });

  test("may be compressed though nobody asked, or is refused", async () => {
    const text = await stream("gzip\necho: packed").catch((error: unknown) =>
      error instanceof APIError ? error.code : error,
    );
    expect(["packed", "answer_unreadable", "answer_type_unexpected"]).toContain(text);
  });
});

describe("a whole answer", () => {
  test.each([
    ["is reset", "reset mid-stream", 502, "target_broke_off"],
    ["is cut", "truncate", 502, "answer_unreadable"],
    ["never begins", "silence", 504, "target_timeout"],
    ["stalls", "stall", 504, "target_timeout"],
    ["is garbage", "garbage", 502, "answer_unreadable"],
    ["is of another type", "wrong content type", 502, "answer_type_unexpected"],
  ] as const)("that %s raises its code", async (_what, fault, status, code) => {
    const broken = client.responses.create({ model, input: `${fault}\necho: hello` });
    await expect(broken).rejects.toMatchObject({ status, code });
    const chat = client.chat.completions.create({
      model,
      messages: [{ role: "user", content: `${fault}\necho: hello` }],
    });
    await expect(chat).rejects.toMatchObject({ status, code });
  });
});

test("a caller that leaves ends the call at the target, and the gateway goes on", async () => {
  const leaving = new AbortController();
  const stream = await client.responses.create(
    { model, input: "pace 20ms\nstream 500", stream: true },
    { signal: leaving.signal },
  );
  for await (const event of stream) if (event.type === "response.output_text.delta") leaving.abort();
  const { stdout } = await gateway().cli("exchanges", "list", "--json", "--limit", "1");
  expect(stdout).toContain("responses.create");
  expect(await streamResponse("echo: still here")).toBe("still here");
});
