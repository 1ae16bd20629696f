import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../exchange.ts";
import { createChatDialect } from "./chat-dialect.ts";
import type { TextScanner } from "./context.ts";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Fake, FakeOptions } from "../../test/fixtures/fake-context.ts";
import { createResponsesDialect } from "./responses-dialect.ts";
import { createStreamReader } from "./stream.ts";

type Event = { readonly type: string; readonly [key: string]: unknown };

const ID = "resp_1";

function toResponse(status: string, output: readonly object[]): object {
  return { id: ID, object: "response", model: "gpt-5", status, output, usage: null };
}

function callItem(name: string, args: string, id = "call_1"): JsonObject {
  return { id: `fc_${id}`, type: "function_call", status: "completed", call_id: id, name, arguments: args };
}

function callEvents(item: JsonObject, index: number): Event[] {
  const place = { output_index: index, item_id: item["id"] };
  return [
    {
      type: "response.output_item.added",
      output_index: index,
      item: { ...item, status: "in_progress", arguments: "" },
    },
    { type: "response.function_call_arguments.delta", ...place, delta: item["arguments"] },
    { type: "response.function_call_arguments.done", ...place, arguments: item["arguments"] },
    { type: "response.output_item.done", output_index: index, item },
  ];
}

function textEvents(text: string, index: number): { events: Event[]; item: JsonObject } {
  const part = { type: "output_text", annotations: [], logprobs: [], text };
  const item = {
    id: `msg_${index}`,
    type: "message",
    status: "completed",
    role: "assistant",
    content: [part],
  };
  const place = { output_index: index, item_id: item.id, content_index: 0 };
  return {
    item,
    events: [
      {
        type: "response.output_item.added",
        output_index: index,
        item: { ...item, status: "in_progress", content: [] },
      },
      { type: "response.content_part.added", ...place, part: { ...part, text: "" } },
      ...Array.from(text).map((delta) => ({
        type: "response.output_text.delta",
        ...place,
        delta,
        logprobs: [],
      })),
      { type: "response.output_text.done", ...place, text, logprobs: [] },
      { type: "response.content_part.done", ...place, part },
      { type: "response.output_item.done", output_index: index, item },
    ],
  };
}

function toSse(events: readonly Event[]): string {
  return events
    .map(
      (event, sequence_number) =>
        `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
    )
    .join("");
}

function wrap(events: readonly Event[], output: readonly object[], terminal = "response.completed"): string {
  return toSse([
    { type: "response.created", response: toResponse("in_progress", []) },
    ...events,
    { type: terminal, response: toResponse("completed", output) },
  ]);
}

/** Reads the beginning of a stream; it never ends. */
function begin(events: readonly object[], options: FakeOptions = {}): Fake {
  const fake = createFake(options);
  fake.context.sink.head(200, {});
  const isChat = options.operation === "chat.completions.create";
  const reader = createStreamReader(fake.context, isChat ? createChatDialect : createResponsesDialect);
  for (const event of events) reader.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`));
  return fake;
}

describe("an answer that is cut off is known by what the program has of it", () => {
  test("in the Responses API: its items, a call, and a text that never became whole", async () => {
    const call = callItem("look_up", "{}");
    const { events, item } = textEvents("whole", 1);
    const fake = begin([
      { type: "response.created", response: toResponse("in_progress", []) },
      ...callEvents(call, 0),
      ...events,
      ...textEvents("cut off", 2).events.slice(0, 5),
      ...callEvents(callItem("held", "{}", "call_2"), 3).slice(0, 2),
    ]);
    await new Promise(setImmediate);
    expect(fake.soFar()?.shown).toEqual({
      said: [
        { id: "fc_call_1", calls: ["call_1"], text: "" },
        { id: item["id"], calls: [], text: "whole" },
        { id: "msg_2", calls: [], text: "cut" },
      ],
      objects: ["fc_call_1", "msg_1", "msg_2"].map((id) => ({ kind: "item", id })),
    });
  });

  test("in the Responses API: our message where a call was denied", async () => {
    const fake = begin(callEvents(callItem("drop", "{}"), 0));
    await new Promise(setImmediate);
    const said = fake.soFar()?.shown?.said;
    expect(said?.find(({ id }) => id?.startsWith("msg_tg_"))).toMatchObject({ calls: [] });
    expect(JSON.stringify(said)).not.toContain("fc_call_1");
  });

  test("in Chat Completions: the text of each choice", () => {
    const choices = [{ index: 0, delta: { role: "assistant", content: " cut" }, finish_reason: null }];
    const fake = begin([{ id: "chatcmpl-1", choices }], { operation: "chat.completions.create" });
    expect(fake.soFar()?.shown?.said).toEqual([{ id: null, calls: [], text: "cut" }]);
  });
});

async function run(
  stream: string,
  options: FakeOptions = {},
  sizes: readonly number[] = [1 << 20],
): Promise<Fake> {
  const fake = createFake(options);
  const isChat = options.operation === "chat.completions.create";
  fake.context.sink.head(200, {});
  const reader = createStreamReader(fake.context, isChat ? createChatDialect : createResponsesDialect);
  const bytes = Buffer.from(stream);
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  reader.end();
  await fake.ended;
  return fake;
}

function readEvents(text: string): JsonObject[] {
  return text
    .split("\n\n")
    .flatMap((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? [])
    .filter((data) => data !== "[DONE]")
    .map((data) => JSON.parse(data));
}

describe("a Responses stream", () => {
  const said = textEvents("hello", 0);
  const call = callItem("get_weather", '{"city":"Paris"}');
  const clean = wrap([...said.events, ...callEvents(call, 1)], [said.item, call]);

  test("leaves byte for byte as it came, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1, maxLength: 20 }),
        async (sizes) => {
          const fake = await run(clean, {}, sizes);
          expect(fake.text()).toBe(clean);
          expect(fake.ends[0]).toMatchObject({ outcome: "completed", responseId: ID });
        },
      ),
      { numRuns: 40 },
    );
  });

  test("keeps a call back until its decision is durable, and the end until the end is", async () => {
    let allow: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      allow = resolve;
    });
    const fake = createFake({ durable: () => gate });
    fake.context.sink.head(200, {});
    const reader = createStreamReader(fake.context, createResponsesDialect);
    reader.push(Buffer.from(clean));
    reader.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fake.text()).toContain("hello");
    expect(fake.text()).not.toContain("Paris");
    expect(fake.text()).not.toContain("response.completed");
    allow();
    await fake.ended;
    expect(fake.text()).toBe(clean);
    expect(fake.log.indexOf("close completed")).toBeLessThan(fake.log.indexOf("end"));
  });

  test("puts a message into a denied call's place in every copy", async () => {
    const reasoning = { id: "rs_1", type: "reasoning", summary: [], encrypted_content: "xyz" };
    const denied = callItem("drop", '{"sql":"DROP DATABASE prod"}');
    const stream = wrap(
      [
        { type: "response.output_item.added", output_index: 0, item: reasoning },
        { type: "response.output_item.done", output_index: 0, item: reasoning },
        ...callEvents(denied, 1),
      ],
      [reasoning, denied],
    );
    const fake = await run(stream);
    expect(fake.text()).not.toContain("DROP DATABASE");
    expect(fake.text()).not.toContain("call_1");
    const events = readEvents(fake.text());
    expect(events.map((event) => event["type"])).toEqual([
      "response.created",
      "response.output_item.added",
      "response.output_item.done",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    const last = JSON.stringify(events.at(-1));
    const itemDone = JSON.stringify(events.at(-2)?.["item"]);
    expect(last).toContain(itemDone);
    expect(last).toContain("no_drop");
    expect(fake.replaced).toMatchObject([
      { responseId: ID, reasoningIds: ["rs_1"], itemId: "fc_call_1", code: "no_drop" },
    ]);
  });

  test("notes a denied call before a message takes its place, for an answer that is cut off behind it", async () => {
    const reasoning = { id: "rs_1", type: "reasoning", summary: [], encrypted_content: "xyz" };
    const denied = callItem("drop", "{}");
    const stream = wrap(
      [
        { type: "response.output_item.added", output_index: 0, item: reasoning },
        { type: "response.output_item.done", output_index: 0, item: reasoning },
        ...callEvents(denied, 1),
      ],
      [reasoning, denied],
    );
    const fake = await run(stream.slice(0, stream.indexOf("event: response.completed")));
    expect(fake.log).toContain("close failed");
    const message = readEvents(fake.text()).find(({ type }) => type === "response.output_item.done");
    expect(message).toBeDefined();
    expect(fake.replaced).toMatchObject([
      { responseId: ID, reasoningIds: ["rs_1"], itemId: "fc_call_1", code: "no_drop" },
    ]);
  });

  test("judges a call that stands in the last event only", async () => {
    const fake = await run(wrap([], [callItem("drop", "{}")]));
    expect(fake.text()).not.toContain('"drop"');
    expect(fake.log).toContain("decided deny drop");
  });

  test("judges a call anew where the last event tells other arguments than were streamed", async () => {
    const streamed = callItem("get_weather", "{}");
    const swapped = callItem("drop", "{}");
    const fake = await run(wrap(callEvents(streamed, 0), [swapped]));
    expect(readEvents(fake.text()).at(-1)).toMatchObject({ response: { output: [{ type: "message" }] } });
  });

  test.each(["shell_call", "local_shell_call", "apply_patch_call", "computer_call", "something_new_call"])(
    "holds and judges a %s",
    async (type) => {
      const item = { id: "x_1", type, call_id: "c", name: "drop", action: { commands: ["rm -rf /"] } };
      const events = [
        { type: "response.output_item.added", output_index: 0, item },
        { type: "response.output_item.done", output_index: 0, item },
      ];
      const fake = await run(wrap(events, [item]));
      expect(fake.text()).not.toContain("rm -rf");
      expect(fake.log).toContain("decided deny drop");
    },
  );

  test("never sends an item that did not become whole", async () => {
    const started = callEvents(callItem("get_weather", "{}"), 0).slice(0, 2);
    const fake = await run(wrap(started, [], "response.incomplete"));
    expect(fake.text()).not.toContain("get_weather");
  });

  test("ends in an error that every client raises where the target breaks off", async () => {
    const fake = await run(clean.slice(0, clean.indexOf("event: response.completed")));
    const last = readEvents(fake.text()).at(-1);
    expect(last).toMatchObject({
      type: "error",
      code: "target_broke_off",
      error: { code: "target_broke_off" },
    });
    expect(fake.ends[0]).toMatchObject({ outcome: "failed", errorCode: "target_broke_off" });
  });

  test("turns the target's own error event into one that every client raises", async () => {
    const error = { type: "error", code: "rate_limit_exceeded", message: "Slow down", param: null };
    const fake = await run(
      toSse([{ type: "response.created", response: toResponse("in_progress", []) }, error]),
    );
    expect(readEvents(fake.text())).toMatchObject([
      // What came before it came to the program too, though in one piece with it.
      { type: "response.created" },
      { code: "rate_limit_exceeded", error: { message: "Slow down", code: "rate_limit_exceeded" } },
    ]);
  });

  test("takes an event whose blank line is missing at the stream's end", async () => {
    const fake = await run(clean.trimEnd());
    expect(fake.text()).toBe(clean);
  });

  test("ends in an error where an event is no JSON", async () => {
    const fake = await run(
      `${toSse([{ type: "response.created", response: toResponse("in_progress", []) }])}data: {oops\n\n`,
    );
    expect(readEvents(fake.text()).at(-1)).toMatchObject({ code: "answer_unreadable" });
  });

  test("strips what the SDKs trip over: retry, id and empty data", async () => {
    const [first = ""] = clean.split("\n\n");
    const fake = await run(
      clean
        .replace(first, `id: 7\nretry: 3000\n${first}`)
        .replace("event: response.completed", "event: ping\n\nevent: response.completed"),
    );
    expect(fake.text()).not.toMatch(/retry:|id: 7|event: ping/);
    expect(readEvents(fake.text())).toEqual(readEvents(clean));
  });

  test("sends no text in which a pattern is found that a rule refuses, whatever the chunks", async () => {
    const scanner = createWordScanner("secret");
    const text = textEvents("this is secret stuff", 0);
    const fake = await run(wrap(text.events, [text.item]), {
      scanner,
      phases: ["finding"],
      deny: (phase) => (phase === "finding" ? [{ code: "no_drop" }] : []),
    });
    const deltas = readEvents(fake.text())
      .flatMap(({ delta }) => (typeof delta === "string" ? delta : []))
      .join("");
    expect("this is ".startsWith(deltas)).toBe(true);
    expect(readEvents(fake.text()).at(-1)).toMatchObject({ code: "no_drop" });
    expect(fake.ends[0]).toMatchObject({ outcome: "refused" });
  });

  test("sends all text where a pattern that could have begun did not come", async () => {
    const text = textEvents("a secre", 0);
    const stream = wrap(text.events, [text.item]);
    const fake = await run(stream, {
      scanner: createWordScanner("secret"),
      phases: ["finding"],
      deny: () => [],
    });
    expect(fake.text()).toBe(stream);
  });
});

/** Finds one word; holds back what could begin it. */
function createWordScanner(word: string): TextScanner {
  const find = (text: string) => {
    const start = text.indexOf(word);
    return start < 0 ? [] : [{ id: "word", class: "test", start, end: start + word.length }];
  };
  return {
    scan: find,
    stream() {
      let text = "";
      let told = false;
      return {
        push(piece) {
          text += piece;
          const found = told ? [] : find(text);
          told ||= found.length > 0;
          return found;
        },
        end: () => [],
        get pending() {
          for (let n = Math.min(word.length - 1, text.length); n > 0; n -= 1)
            if (word.startsWith(text.slice(-n))) return n;
          return 0;
        },
      };
    },
  };
}

describe("a Chat Completions stream", () => {
  const chat = {
    operation: "chat.completions.create",
    body: { model: "gpt-5", messages: [{ role: "user", content: "hi" }], stream: true },
  } as const;

  function chunk(choices: readonly object[], more: object = {}): string {
    return `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-5", choices, ...more })}\n\n`;
  }
  function delta(index: number, value: object, finish: string | null = null): object {
    return { index, delta: value, logprobs: null, finish_reason: finish };
  }
  function calls(...names: string[]): string {
    return names
      .flatMap((name, index) => [
        chunk([
          delta(0, {
            tool_calls: [{ index, id: `call_${index}`, type: "function", function: { name, arguments: "" } }],
          }),
        ]),
        chunk([delta(0, { tool_calls: [{ index, function: { arguments: '{"a":' } }] })]),
        chunk([delta(0, { tool_calls: [{ index, function: { arguments: "1}" } }] })]),
      ])
      .join("");
  }
  const role = chunk([delta(0, { role: "assistant", content: null })]);
  const done = "data: [DONE]\n\n";

  test("leaves byte for byte as it came, however it is cut", async () => {
    const stream =
      role +
      chunk([delta(0, { content: "hé" })]) +
      calls("f", "g") +
      chunk([delta(0, {}, "tool_calls")]) +
      done;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 61 }), { minLength: 1, maxLength: 20 }),
        async (sizes) => {
          const fake = await run(stream, chat, sizes);
          expect(fake.text()).toBe(stream);
          expect(fake.log.filter((line) => line.startsWith("decided"))).toEqual([
            "decided allow f",
            "decided allow g",
          ]);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("takes the usage out again that the program did not ask for, and counts it", async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const stream =
      chunk([delta(0, { content: "x" })], { usage: null }) +
      chunk([delta(0, {}, "stop")], { usage: null }) +
      chunk([], { usage }) +
      done;
    const fake = await run(stream, chat);
    expect(fake.text()).not.toContain("usage");
    expect(fake.text().endsWith(done)).toBe(true);
    expect(fake.ends[0]?.usage).toMatchObject({ total_tokens: 5, estimated: false });
  });

  test("says so where usage is an estimate", async () => {
    const fake = await run(
      chunk([delta(0, { content: "12345678" })]) + chunk([delta(0, {}, "stop")]) + done,
      chat,
    );
    expect(fake.ends[0]?.usage).toMatchObject({ output_tokens: 2, estimated: true });
  });

  test("takes a denied call out, speaks in its place and ends with stop", async () => {
    const fake = await run(role + calls("drop") + chunk([delta(0, {}, "tool_calls")]) + done, chat);
    expect(fake.text()).not.toContain("tool_calls");
    const events = readEvents(fake.text());
    expect(JSON.stringify(events)).toContain("no_drop");
    expect(events.at(-1)).toMatchObject({ choices: [{ finish_reason: "stop" }] });
  });

  test("numbers the calls that stay from 0 without a gap", async () => {
    const fake = await run(role + calls("drop", "keep") + chunk([delta(0, {}, "tool_calls")]) + done, chat);
    const indexes = [...fake.text().matchAll(/"tool_calls":\[\{"index":(\d)/g)].map((match) => match[1]);
    expect(indexes.length).toBeGreaterThan(0);
    expect(new Set(indexes)).toEqual(new Set(["0"]));
    expect(fake.text()).not.toContain('"drop"');
    expect(readEvents(fake.text()).at(-1)).toMatchObject({ choices: [{ finish_reason: "tool_calls" }] });
  });

  test("judges each choice's calls and leaves the other choices alone", async () => {
    const body = { ...chat.body, n: 2 };
    const call = { index: 0, id: "c", type: "function", function: { name: "drop", arguments: "{}" } };
    const stream =
      chunk([delta(0, { role: "assistant", tool_calls: [call] })]) +
      chunk([delta(1, { role: "assistant", content: "kept" })]) +
      chunk([delta(1, {}, "stop")]) +
      chunk([delta(0, {}, "tool_calls")]) +
      done;
    const fake = await run(stream, { ...chat, body });
    expect(fake.text()).toContain("kept");
    expect(fake.text()).not.toContain('"drop"');
  });

  test("denies the legacy function_call too", async () => {
    const stream =
      role +
      chunk([delta(0, { function_call: { name: "drop", arguments: "{}" } })]) +
      chunk([delta(0, {}, "function_call")]) +
      done;
    const fake = await run(stream, chat);
    expect(fake.text()).not.toContain("function_call");
    expect(readEvents(fake.text()).at(-1)).toMatchObject({ choices: [{ finish_reason: "stop" }] });
  });

  test("gives a rule that reads the answer at its end the whole of what went out", async () => {
    const stream =
      role +
      chunk([delta(0, { content: "he" })]) +
      chunk([delta(0, { content: "llo" })]) +
      calls("drop", "keep") +
      chunk([delta(0, {}, "tool_calls")]) +
      done;
    const fake = await run(stream, { ...chat, phases: ["tool_call", "end"] });
    expect(fake.contents.at(-1)?.body()).toMatchObject({
      id: "chatcmpl-1",
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          message: {
            content: "hello",
            tool_calls: [{ id: "call_1", function: { name: "keep", arguments: '{"a":1}' } }],
          },
        },
      ],
    });
  });

  test("ends in an error where the target breaks off", async () => {
    const fake = await run(role + chunk([delta(0, { content: "par" })]), chat);
    expect(fake.text().endsWith(done)).toBe(true);
    expect(readEvents(fake.text()).at(-1)).toMatchObject({ error: { code: "target_broke_off" } });
  });
});
