// How the npm client raises what goes wrong at the target: the class, the code, the retries.
import type OpenAI from "openai";
import { APIError, BadRequestError, InternalServerError, NotFoundError, RateLimitError } from "openai";
import { expect, test } from "vitest";
import { onBothTargets } from "./targets.ts";

const model = "gpt-4.1";

onBothTargets((target) => {
  test.for([
    [400, BadRequestError, "invalid_value"],
    [404, NotFoundError, "model_not_found"],
    [429, RateLimitError, "rate_limit_exceeded"],
    [500, InternalServerError, null],
    [503, InternalServerError, "service_unavailable"],
  ] as const)("raises the target's %s as its class with its code", async ([status, errorClass, code]) => {
    const client = target().client();
    for (const stream of [false, true]) {
      const call = client.responses.create({ model, input: `fail ${status}`, stream });
      await expect(call).rejects.toBeInstanceOf(errorClass);
      await expect(call).rejects.toMatchObject({ status, code });
    }
    const chat = client.chat.completions.create({
      model,
      messages: [{ role: "user", content: `fail ${status}` }],
    });
    await expect(chat).rejects.toMatchObject({ status, code });
  });

  test("retries what may be retried", async () => {
    const client = target().client({ maxRetries: 2 });
    expect((await client.responses.create({ model, input: "fail 429 once\necho: later" })).output_text).toBe(
      "later",
    );
    expect((await client.responses.create({ model, input: "fail 500 twice\necho: later" })).output_text).toBe(
      "later",
    );
    const streamed = client.responses.stream({ model, input: "fail 503 once\necho: later" });
    expect((await streamed.finalResponse()).output_text).toBe("later");
    await expect(
      client.responses.create({ model, input: "fail 429 3 times\necho: later" }),
    ).rejects.toMatchObject({ status: 429 });
  });

  test("raises an error that comes in the middle of a stream", async () => {
    const client = target().client();
    await expect(
      drain(await client.responses.create({ model, input: "stream 20\nfail mid-stream", stream: true })),
    ).rejects.toBeInstanceOf(APIError);
    const messages = [{ role: "user" as const, content: "stream 20\nfail mid-stream" }];
    await expect(
      drain(await client.chat.completions.create({ model, messages, stream: true })),
    ).rejects.toBeInstanceOf(APIError);
  });

  test("tells a response that failed from one that completed", async () => {
    const failed = await target().client().responses.create({ model, input: "fail response" });
    expect(failed.status).toBe("failed");
    expect(failed.error?.code).toBe("server_error");
  });

  test("refuses a call whose output is missing, with the history kept at the target", async () => {
    const client = target().client();
    const tools: OpenAI.Responses.Tool[] = [
      { type: "function", name: "ping", strict: false, parameters: {} },
    ];
    const first = await client.responses.create({ model, input: "call ping", tools });
    const next = client.responses.create({
      model,
      input: "echo: go on",
      previous_response_id: first.id,
      tools,
    });
    await expect(next).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("No tool output found for function call"),
    });
  });
});

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const event of stream) void event;
}
