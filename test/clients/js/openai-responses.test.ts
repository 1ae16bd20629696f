// The npm client's Responses calls, unmodified.
import type OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import type { FunctionTool, ResponseStreamEvent } from "openai/resources/responses/responses";
import { expect, test } from "vitest";
import { z } from "zod";
import { onBothTargets } from "./targets.ts";

const model = "gpt-4.1";
const weather: FunctionTool = {
  type: "function",
  name: "get_weather",
  description: "Tells the weather.",
  strict: true,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};

onBothTargets((target) => {
  test("gives a text", async () => {
    const response = await target().client().responses.create({ model, input: "echo: hello" });
    expect(response.output_text).toBe("hello");
    expect(response.usage?.total_tokens).toBe(
      (response.usage?.input_tokens ?? 0) + (response.usage?.output_tokens ?? 0),
    );
    expect(response._request_id).toMatch(/./);
  });

  test("streams a text event by event", async () => {
    const stream = await target().client().responses.create({ model, input: "stream 50", stream: true });
    const events: ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    const deltas = events.flatMap((event) =>
      event.type === "response.output_text.delta" ? [event.delta] : [],
    );
    expect(deltas).toHaveLength(50);
    const last = events.at(-1);
    expect(last?.type === "response.completed" && last.response.output[0]?.type).toBe("message");
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  });

  test("feeds the stream helper to its final response", async () => {
    const stream = target()
      .client()
      .responses.stream({ model, input: 'reason\ncall get_weather {"city":"Oslo"}', tools: [weather] });
    let args = "";
    stream.on("response.function_call_arguments.delta", (event) => (args += event.delta));
    const final = await stream.finalResponse();
    expect(final.output.map((item) => item.type)).toEqual(["reasoning", "function_call"]);
    expect(args).toBe('{"city":"Oslo"}');
  });

  test("parses structured output", async () => {
    const format = z.object({
      name: z.string(),
      count: z.number().int(),
      kind: z.enum(["a", "b"]),
      tags: z.array(z.string()),
    });
    const client = target().client();
    const text = { format: zodTextFormat(format, "thing") };
    const parsed = await client.responses.parse({ model, input: "Describe a thing", text });
    expect(format.parse(parsed.output_parsed)).toEqual(parsed.output_parsed);
    const streamed = await client.responses
      .stream({ model, input: "Describe a thing", text })
      .finalResponse();
    expect(streamed.output_parsed).toEqual(parsed.output_parsed);
  });

  test("carries a tool's call and its output, with the history resent", async () => {
    const client = target().client();
    const input: OpenAI.Responses.ResponseInput = [
      { role: "user", content: "What is the weather in Paris?" },
    ];
    const first = await client.responses.create({ model, input, tools: [weather] });
    const calls = first.output.filter((item) => item.type === "function_call");
    expect(calls.map((call) => call.arguments)).toEqual(['{"city":"Paris"}']);
    input.push(...calls, {
      type: "function_call_output",
      call_id: calls[0]?.call_id ?? "",
      output: "Sunny in Paris",
    });
    const second = await client.responses.create({ model, input, tools: [weather] });
    expect(second.output_text).toBe("Sunny in Paris");
  });

  test("carries a tool's output alone, with the history kept at the target", async () => {
    const client = target().client();
    const first = await client.responses.create({
      model,
      input: 'reason\ncall get_weather {"city":"Rome"}',
      tools: [weather],
    });
    const call = first.output.find((item) => item.type === "function_call");
    const output = [{ type: "function_call_output" as const, call_id: call?.call_id ?? "", output: "Rain" }];
    const second = await client.responses.create({
      model,
      input: output,
      previous_response_id: first.id,
      tools: [weather],
    });
    expect(second.output_text).toBe("Rain");
    expect(second.previous_response_id).toBe(first.id);
  });

  test("carries several calls of one turn", async () => {
    const input = 'call get_weather {"city":"Oslo"}; call get_weather {"city":"Rome"}';
    const client = target().client();
    const whole = await client.responses.create({ model, input, tools: [weather] });
    const calls = whole.output.flatMap((item) => (item.type === "function_call" ? [item.arguments] : []));
    expect(calls).toEqual(['{"city":"Oslo"}', '{"city":"Rome"}']);
    const streamed = await client.responses.stream({ model, input, tools: [weather] }).finalResponse();
    expect(streamed.output).toHaveLength(2);
    const one = await client.responses.create({ model, input, tools: [weather], parallel_tool_calls: false });
    expect(one.output).toHaveLength(1);
  });

  test("carries custom tools, shell commands and patches", async () => {
    const client = target().client();
    const tools: OpenAI.Responses.Tool[] = [
      { type: "custom", name: "note" },
      { type: "shell" },
      { type: "apply_patch" },
    ];
    const input =
      'call note free text; with a semicolon\ncall shell ls -la; pwd\ncall apply_patch {"type":"delete_file","path":"a.txt"}';
    const whole = await client.responses.create({ model, input, tools });
    expect(whole.output.map((item) => item.type)).toEqual([
      "custom_tool_call",
      "shell_call",
      "apply_patch_call",
    ]);
    const streamed = await client.responses.stream({ model, input, tools }).finalResponse();
    expect(streamed.output[0]).toMatchObject({
      type: "custom_tool_call",
      input: "free text; with a semicolon",
    });
    expect(streamed.output[1]).toMatchObject({ type: "shell_call", action: { commands: ["ls -la; pwd"] } });
  });

  test("keeps stored responses: reads, lists, replays from a point, deletes", async () => {
    const client = target().client();
    const created = await client.responses.create({ model, input: "echo: kept here" });
    expect((await client.responses.retrieve(created.id)).output_text).toBe("kept here");
    const items = [];
    for await (const item of client.responses.inputItems.list(created.id)) items.push(item);
    expect(items).toHaveLength(1);
    const sequence = [];
    const replay = await client.responses.retrieve(created.id, { stream: true, starting_after: 2 });
    for await (const event of replay) sequence.push(event.sequence_number);
    expect(sequence[0]).toBe(3);
    await client.responses.delete(created.id);
    await expect(client.responses.retrieve(created.id)).rejects.toMatchObject({ status: 404 });
  });

  test("runs in the background: queued, then completed or cancelled", async () => {
    const client = target().client();
    const queued = await client.responses.create({
      model,
      input: "delay 200ms\necho: later",
      background: true,
    });
    expect(queued.status).toBe("queued");
    expect((await client.responses.retrieve(queued.id)).status).toBe("in_progress");
    await expect
      .poll(async () => (await client.responses.retrieve(queued.id)).output_text, { timeout: 5000 })
      .toBe("later");
    const other = await client.responses.create({ model, input: "delay 60s\necho: never", background: true });
    expect((await client.responses.cancel(other.id)).status).toBe("cancelled");
  });

  test("ends an answer at max_output_tokens", async () => {
    const response = await target()
      .client()
      .responses.create({ model, input: "stream 200", max_output_tokens: 16 });
    expect(response.status).toBe("incomplete");
    expect(response.incomplete_details?.reason).toBe("max_output_tokens");
    expect(response.usage?.output_tokens).toBe(16);
  });
});
