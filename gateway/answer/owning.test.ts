// What names an object for the first time waits until the object is its caller's; what comes behind it does not wait again.
import { expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Fake } from "../../test/fixtures/fake-context.ts";
import { GatewayError } from "../errors.ts";
import { createChatDialect } from "./chat-dialect.ts";
import { createOtherDialect } from "./other-dialect.ts";
import { createResponsesDialect } from "./responses-dialect.ts";
import { createStreamReader } from "./stream.ts";

const chunk = (delta: object, finish_reason: string | null = null): object => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  model: "m",
  choices: [{ index: 0, delta, finish_reason }],
});
const STREAMS = [
  {
    operation: "responses.create",
    dialect: createResponsesDialect,
    events: [
      { type: "response.created", response: { id: "resp_1", output: [] } },
      { type: "response.in_progress", response: { id: "resp_1", output: [] } },
    ],
    id: "resp_1",
  },
  {
    operation: "chat.completions.create",
    dialect: createChatDialect,
    events: [chunk({ role: "assistant" }), chunk({ content: "hello" })],
    id: "chatcmpl-1",
  },
  {
    operation: "threads.create_and_run",
    dialect: createOtherDialect,
    events: [
      { object: "thread.run", id: "run_1", thread_id: "thread_1" },
      { object: "thread.run", id: "run_1", thread_id: "thread_1", status: "in_progress" },
    ],
    id: "thread_1",
  },
];

type Opened = {
  readonly fake: Fake;
  readonly push: (event: object) => void;
  readonly asked: () => number;
  readonly settle: (error?: Error) => Promise<void>;
};

function open({ operation, dialect }: (typeof STREAMS)[number]): Opened {
  const waiting = Promise.withResolvers<void>();
  let asked = 0;
  const fake = createFake({
    operation,
    owning() {
      asked += 1;
      return waiting.promise;
    },
  });
  fake.context.sink.head(200, {});
  const reader = createStreamReader(fake.context, dialect);
  return {
    fake,
    push: (event) => reader.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`)),
    asked: () => asked,
    async settle(error) {
      if (error === undefined) waiting.resolve();
      else waiting.reject(error);
      await new Promise(setImmediate);
    },
  };
}

test.each(STREAMS)("a stream of $operation begins when its id is owned", async (stream) => {
  const { fake, push, asked, settle } = open(stream);
  const [first = {}, second = {}] = stream.events;
  push(first);
  await new Promise(setImmediate);
  expect(fake.owned).toContainEqual(expect.objectContaining({ id: stream.id }));
  expect(fake.text()).toBe("");
  await settle();
  expect(fake.text()).toContain(stream.id);
  const before = fake.text().length;
  push(second);
  expect(fake.text().length).toBeGreaterThan(before);
  expect(asked()).toBe(1);
});

test.each(STREAMS)("a stream of $operation whose id can't be written down is refused", async (stream) => {
  const { fake, push, settle } = open(stream);
  push(stream.events[0] ?? {});
  await settle(new GatewayError("record_unavailable", "The record is away."));
  await fake.ended;
  expect(fake.text()).toContain("record_unavailable");
  expect(fake.text()).not.toContain(stream.id);
});
