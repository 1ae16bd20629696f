import { describe, expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Fake, FakeOptions } from "../../test/fixtures/fake-context.ts";
import { createDetectors } from "../detect/detector.ts";
import type { Segment } from "../exchange.ts";
import { createWholeReader } from "./whole.ts";

async function run(body: string | Buffer, options: FakeOptions = {}, status = 200): Promise<Fake> {
  const fake = createFake(options);
  const reader = createWholeReader(fake.context, status, { "content-type": "application/json" });
  reader.push(Buffer.from(body));
  reader.end();
  await fake.ended;
  return fake;
}

function call(name: string): object {
  return { id: `fc_${name}`, type: "function_call", call_id: `call_${name}`, name, arguments: "{}" };
}

const CHAT = { operation: "chat.completions.create", body: { model: "gpt-5", messages: [] } } as const;

describe("an answer that is read whole", () => {
  test("leaves as the bytes that came where nothing changes", async () => {
    const body = '{ "id":"resp_1",\n "output":[],"odd":1.50 }';
    const fake = await run(body);
    expect(fake.text()).toBe(body);
    expect(fake.log).toEqual(["ask whole", "close completed", "head 200", "end"]);
  });

  test("lets others be served between the steps over a long one", async () => {
    let turns = 0;
    let isOver = false;
    const serve = (): void => {
      turns += 1;
      if (!isOver) setImmediate(serve);
    };
    setImmediate(serve);
    const body = `${" ".repeat(300_000)}{"id":"resp_1","output":[]}`;
    const fake = await run(body);
    isOver = true;
    expect(fake.text()).toBe(body);
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  test("puts a message into each denied call's place and leaves the others", async () => {
    const fake = await run(JSON.stringify({ id: "resp_1", output: [call("drop"), call("keep")] }));
    const { output } = JSON.parse(fake.text());
    expect(output[0]).toMatchObject({ type: "message", role: "assistant" });
    expect(output[0].content[0].text).toContain("no_drop");
    expect(output[1]).toEqual(call("keep"));
    expect(fake.replaced).toHaveLength(1);
  });

  test("gives the replacement the same id whenever the answer is read", async () => {
    const body = JSON.stringify({ id: "resp_1", output: [call("drop")] });
    const [one, two] = await Promise.all([run(body), run(body, { operation: "responses.retrieve" })]);
    expect(JSON.parse(one.text()).output[0].id).toBe(JSON.parse(two.text()).output[0].id);
  });

  test("takes a denied call out of its own choice only, by its place", async () => {
    const tool = (name: string) => ({
      id: `c_${name}`,
      type: "function",
      function: { name, arguments: "{}" },
    });
    const message = (name: string) => ({ role: "assistant", content: null, tool_calls: [tool(name)] });
    const choices = [
      { index: 1, finish_reason: "tool_calls", message: message("keep") },
      { index: 0, finish_reason: "tool_calls", message: message("drop") },
    ];
    const fake = await run(JSON.stringify({ id: "chatcmpl-1", choices }), CHAT);
    const answer = JSON.parse(fake.text());
    expect(answer.choices[0]).toEqual(choices[0]);
    expect(answer.choices[1]).toMatchObject({ finish_reason: "stop" });
    expect(answer.choices[1].message.tool_calls).toBeUndefined();
  });

  test("refuses with a real status where a rule refuses the whole", async () => {
    const fake = await run("{}", { deny: () => [{ code: "no_drop" }] });
    expect(fake.status()).toBe(403);
    expect(JSON.parse(fake.text()).error).toMatchObject({ code: "no_drop", type: "permission_error" });
    expect(fake.ends[0]).toMatchObject({ outcome: "refused", errorCode: "no_drop" });
  });

  test("tells what an answer has cost although a rule refuses it", async () => {
    const usage = { input_tokens: 7, output_tokens: 3, total_tokens: 10 };
    const fake = await run(JSON.stringify({ id: "resp_1", output: [], usage }), {
      deny: () => [{ code: "no_drop" }],
    });
    expect(fake.soFar()).toMatchObject({ responseId: "resp_1", usage: { ...usage, estimated: false } });
  });

  test.each([
    ["no JSON", "<html>"],
    ["half of it", '{"id":"resp_1","output":['],
    ["invalid UTF-8", Buffer.from([0x22, 0xff, 0x22])],
  ])("passes nothing on of %s", async (_, body) => {
    const fake = await run(body);
    expect(fake.status()).toBe(502);
    expect(JSON.parse(fake.text()).error.code).toBe("answer_unreadable");
  });

  test("refuses an answer with more calls than can be judged", async () => {
    const output = Array.from({ length: 65 }, (_, i) => call(`f${i}`));
    const fake = await run(JSON.stringify({ id: "resp_1", output }));
    expect(fake.status()).toBe(502);
  });

  test("passes the target's own errors on with their status", async () => {
    const body = JSON.stringify({
      error: { message: "Slow down", type: "requests", code: "rate_limit_exceeded", param: null },
    });
    const fake = await run(body, {}, 429);
    expect(fake.status()).toBe(429);
    expect(fake.text()).toBe(body);
  });

  test("records calls even where no rule speaks", async () => {
    const fake = await run(JSON.stringify({ id: "resp_1", output: [call("drop")] }), { phases: [] });
    expect(fake.log).toContain("decided allow drop");
  });

  test("shows no tokens that were likely instead where they are a value, and is recorded masked", async () => {
    const mask = [{ code: "masks_email", class: "email", with: "redact" }] as const;
    const logprobs = [
      { token: "No", logprob: -1, top_logprobs: [{ token: "ada.l@example.com", logprob: -2 }] },
    ];
    const content = [{ type: "output_text", text: "No", annotations: [], logprobs }];
    const body = { id: "resp_1", user: "ada.l@example.com", output: [{ type: "message", content }] };
    const kept: Segment[] = [];
    const fake = await run(JSON.stringify(body), { scanner: createDetectors()({}), mask, kept });
    expect(kept.map(({ text }) => text)).toEqual(["[REDACTED:email]", "No"]);
    expect(JSON.parse(fake.text()).output[0].content).toEqual([{ ...content[0], logprobs: [] }]);
  });

  const named = { "ada.l@example.com": 1 };
  test.each([
    { body: named, operation: "responses.create" },
    { body: { output: [{ type: "message", content: [named] }] }, operation: "responses.create" },
    { body: named, operation: "chat.completions.create" },
    { body: { choices: [{ index: 0, ...named }] }, operation: "chat.completions.create" },
  ] as const)("is refused where a name of a member is a value ($operation)", async ({ body, operation }) => {
    const mask = [{ code: "masks_email", class: "email", with: "redact" }] as const;
    const fake = await run(JSON.stringify(body), { operation, scanner: createDetectors()({}), mask });
    expect(fake.text()).not.toContain("ada.l");
    expect(fake.log).toContain("close failed");
  });
});
