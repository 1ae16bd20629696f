// The npm client's Chat Completions calls, unmodified.
import type OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { expect, test } from "vitest";
import { z } from "zod";
import { onBothTargets } from "./targets.ts";

const model = "gpt-4.1";
const weather: OpenAI.ChatCompletionTool = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

function user(content: string): OpenAI.ChatCompletionMessageParam[] {
  return [{ role: "user", content }];
}

onBothTargets((target) => {
  test("gives a text, several choices on request", async () => {
    const client = target().client();
    const one = await client.chat.completions.create({ model, messages: user("echo: hello") });
    expect(one.choices[0]?.message.content).toBe("hello");
    expect(one.choices[0]?.finish_reason).toBe("stop");
    const two = await client.chat.completions.create({ model, n: 2, messages: user("echo: hello") });
    expect(two.choices.map((choice) => choice.index)).toEqual([0, 1]);
  });

  test("streams without usage unless it is asked for", async () => {
    const client = target().client();
    const plain = await client.chat.completions.create({ model, stream: true, messages: user("stream 20") });
    const deltas: string[] = [];
    for await (const chunk of plain) {
      expect(chunk.choices).toHaveLength(1);
      expect(chunk.usage ?? null).toBeNull();
      deltas.push(chunk.choices[0]?.delta.content ?? "");
    }
    expect(deltas.filter((delta) => delta !== "")).toHaveLength(20);
    const counted = await client.chat.completions.create({
      model,
      stream: true,
      stream_options: { include_usage: true },
      messages: user("stream 20"),
    });
    let last: OpenAI.ChatCompletionChunk | undefined;
    for await (const chunk of counted) last = chunk;
    expect(last?.choices).toEqual([]);
    expect(last?.usage?.completion_tokens).toBeGreaterThan(10);
  });

  test("feeds the stream helper to its final message", async () => {
    const stream = target()
      .client()
      .chat.completions.stream({
        model,
        messages: user('call get_weather {"city":"Oslo"}; call get_weather {"city":"Rome"}'),
        tools: [weather],
      });
    const message = await stream.finalMessage();
    const calls = message.tool_calls?.map((call) =>
      call.type === "function" ? call.function.arguments : "",
    );
    expect(calls).toEqual(['{"city":"Oslo"}', '{"city":"Rome"}']);
    expect((await stream.finalChatCompletion()).choices[0]?.finish_reason).toBe("tool_calls");
  });

  test("runs tools until there is an answer", async () => {
    const runner = target()
      .client()
      .chat.completions.runTools({
        model,
        stream: true,
        messages: user("What is the weather in Paris?"),
        tools: [
          zodFunction({
            name: "get_weather",
            parameters: z.object({ city: z.string() }),
            function: ({ city }) => `Sunny in ${city}`,
          }),
        ],
      });
    expect(await runner.finalContent()).toBe("Sunny in Paris");
  });

  test("parses structured output and typed tools", async () => {
    const format = z.object({ name: z.string(), when: z.iso.date(), nested: z.object({ ok: z.boolean() }) });
    const client = target().client();
    const response_format = zodResponseFormat(format, "thing");
    const parsed = await client.chat.completions.parse({
      model,
      messages: user("Describe"),
      response_format,
    });
    expect(format.parse(parsed.choices[0]?.message.parsed)).toEqual(parsed.choices[0]?.message.parsed);
    const called = await client.chat.completions.parse({
      model,
      messages: user("call lookup"),
      tools: [zodFunction({ name: "lookup", parameters: z.object({ id: z.number() }) })],
    });
    const call = called.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === "function" && call.function.parsed_arguments).toEqual({ id: 1 });
  });

  test("carries custom tools", async () => {
    const message = await target()
      .client()
      .chat.completions.stream({
        model,
        messages: user("call note some text"),
        tools: [{ type: "custom", custom: { name: "note" } }],
      })
      .finalMessage();
    expect(message.tool_calls?.[0]).toMatchObject({
      type: "custom",
      custom: { name: "note", input: "some text" },
    });
  });

  test("keeps stored completions: reads, updates, lists messages, deletes", async () => {
    const client = target().client();
    const created = await client.chat.completions.create({
      model,
      messages: user("echo: kept here"),
      store: true,
    });
    expect((await client.chat.completions.retrieve(created.id)).choices[0]?.message.content).toBe(
      "kept here",
    );
    const updated = await client.chat.completions.update(created.id, { metadata: { topic: "test" } });
    expect(updated.metadata).toEqual({ topic: "test" });
    const messages = [];
    for await (const message of client.chat.completions.messages.list(created.id)) messages.push(message);
    expect(messages).toHaveLength(1);
    expect((await client.chat.completions.delete(created.id)).deleted).toBe(true);
    await expect(client.chat.completions.retrieve(created.id)).rejects.toMatchObject({ status: 404 });
  });

  test("ends an answer at max_completion_tokens", async () => {
    const answer = await target()
      .client()
      .chat.completions.create({ model, messages: user("stream 100"), max_completion_tokens: 10 });
    expect(answer.choices[0]?.finish_reason).toBe("length");
    expect(answer.usage?.completion_tokens).toBe(10);
  });
});
