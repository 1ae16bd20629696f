// What a program sees when the target breaks: a raised error, never a part that looks whole.
import { randomUUID } from "node:crypto";
import { APIError } from "openai";
import type OpenAI from "openai";
import { beforeAll, describe, expect, test } from "vitest";
import { toTarget, useGateway } from "../clients/js/targets.ts";
import { listExchangeIds, readEnd } from "../read-record.ts";

const model = "gpt-4.1";
const gateway = useGateway({
  config: (url) => `
connections:
  - name: openai
    base_url: ${url}
    credential: env:OPENAI_API_KEY
    default: true
    timeouts: { first_byte_ms: 1500, idle_ms: 1000 }
  - { name: patient, base_url: "${url}", credential: "env:OPENAI_API_KEY" }
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

  test("that is compressed though nobody asked is refused before anything of it is passed on", async () => {
    await expect(stream("gzip\necho: packed")).rejects.toMatchObject({
      status: 502,
      code: "answer_unreadable",
    });
  });
});

describe("a whole answer", () => {
  test.each([
    ["is reset", "reset mid-stream", 502, "target_broke_off"],
    ["is cut", "truncate", 502, "answer_unreadable"],
    ["never begins", "silence", 504, "target_timeout"],
    ["stalls", "stall", 504, "target_timeout"],
    ["is garbage", "garbage", 502, "answer_unreadable"],
    ["is compressed though nobody asked", "gzip", 502, "answer_unreadable"],
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

describe("a caller that leaves ends the call at the target, and the record says so", () => {
  type Leaving = { readonly input: string; readonly signal: AbortSignal; readonly leave: () => void };

  /** Begins an answer and leaves it; gives how the record and the target saw it end. */
  async function leave(input: string, begin: (client: OpenAI, leaving: Leaving) => Promise<unknown>) {
    const name = `leaver-${randomUUID()}`;
    // This connection waits for minutes: what ends these calls is the caller.
    const leaver = toTarget(`${gateway().origin}/c/patient/v1`, await gateway().createKey({ name })).client();
    const before = gateway().arrivals().length;
    const leaving = new AbortController();
    const begun = begin(leaver, { input, signal: leaving.signal, leave: () => leaving.abort() });
    const ended = begun.then(
      () => "whole",
      () => "left",
    );
    await expect.poll(() => gateway().arrivals().length, { timeout: 20_000 }).toBe(before + 1);
    // Streams leave by themselves once they have seen a part.
    if (!input.includes("stream")) leaving.abort();
    await ended;
    await expect.poll(() => gateway().arrivals()[before]?.end, { timeout: 10_000 }).toBe("left");
    const [id = "", ...more] = await listExchangeIds(gateway().database.db, name);
    expect(more).toEqual([]);
    await expect.poll(() => readEnd(gateway().database.db, id), { timeout: 10_000 }).not.toBeNull();
    return readEnd(gateway().database.db, id);
  }

  const aborted = { outcome: "aborted", error_code: null };
  // The target tells usage at the end only: what had gone by is counted.
  const counted = { ...aborted, usage: { estimated: true, output_tokens: expect.any(Number) } };

  /** What is charged: a token for each byte that was sent, and all that the answer might have been. */
  function charged(input: string, output_tokens: number) {
    const input_tokens = Buffer.byteLength(input);
    const usage = {
      estimated: true,
      input_tokens,
      output_tokens,
      total_tokens: input_tokens + output_tokens,
    };
    return { ...aborted, usage };
  }

  test("in a stream of Responses", async () => {
    const end = await leave("pace 20ms\nstream 3000", async (leaver, { input, signal, leave }) => {
      const stream = await leaver.responses.create({ model, input, stream: true }, { signal });
      for await (const event of stream) if (event.type === "response.output_text.delta") leave();
    });
    expect(end).toMatchObject(counted);
  });

  test("in a stream of Chat", async () => {
    const end = await leave("pace 20ms\nstream 3000", async (leaver, { input, signal, leave }) => {
      const messages = [{ role: "user" as const, content: input }];
      const stream = await leaver.chat.completions.create({ model, messages, stream: true }, { signal });
      for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? "") !== "") leave();
    });
    expect(end).toMatchObject(counted);
  });

  test.each(["silence", "stall", "delay 60s\necho: late"])("before a whole answer: %j", async (input) => {
    const response = await leave(input, (leaver, { signal }) =>
      leaver.responses.create({ model, input }, { signal }),
    );
    expect(response).toMatchObject(charged(input, 0));
    const bounded = await leave(input, (leaver, { signal }) =>
      leaver.responses.create({ model, input, max_output_tokens: 500 }, { signal }),
    );
    expect(bounded).toMatchObject(charged(input, 500));
    const messages = [{ role: "user" as const, content: input }];
    const completion = await leave(input, (leaver, { signal }) =>
      leaver.chat.completions.create({ model, messages, max_completion_tokens: 70, n: 2 }, { signal }),
    );
    expect(completion).toMatchObject(charged(input, 140));
  });

  test("and the gateway goes on", async () => {
    expect(await streamResponse("echo: still here")).toBe("still here");
  });
});
