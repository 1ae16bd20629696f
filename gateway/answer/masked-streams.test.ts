// However a stream is cut, what goes out is the masked whole, in every copy, and no piece of a masked value.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFake, type FakeOptions } from "../../test/fixtures/fake-context.ts";
import { VALUES } from "../../test/made/secrets.ts";
import { createDetectors } from "../detect/detector.ts";
import type { Effect, Segment } from "../exchange.ts";
import { createMaskAccount } from "../mask/account.ts";
import { createEditor } from "../mask/edits.ts";
import { withFieldStreams } from "../mask/field-scan.ts";
import { createMasks } from "../mask/masks.ts";
import { createPlaceholders } from "../mask/placeholders.ts";
import { maskText } from "../mask/mask-text.ts";
import { createChatDialect } from "./chat-dialect.ts";
import { createResponsesDialect } from "./responses-dialect.ts";
import { createStreamReader } from "./stream.ts";

/** Patterns of a policy's author, each with a class of its own or one that values have too. */
const detector = createDetectors()({
  projects: { class: "project", any: ["project bluebird nest", "990417"] },
  staff_number: {
    class: "staff_number",
    any: [{ prefix: "STF-", alphabet: "0-9", min: 8, max: 12, right_boundary: true }],
  },
  ticket: {
    class: "secret",
    any: [{ literals: ["ticket"], regex: "ticket [a-z]{4}(-[0-9]{4}){3}", window: 32, before: 4 }],
  },
});
const OWN = ["Project  Bluebird nest", "STF-4711081512", "ticket abcd-1234-5678-9012"];
const mask: Effect[] = [
  { code: "m", class: "secret" },
  { code: "m", class: "credit_card", with: "last4" },
  { code: "m", class: "email", with: "token" },
  { code: "m", class: "bank_account", with: "fixed" },
  { code: "m", class: "phone", with: "surrogate" },
  { code: "m", class: "project", with: "fixed" },
  { code: "m", class: "staff_number", with: "token" },
];

function toMasked(text: string, effects = mask): string {
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(effects);
  const editor = createEditor(masks, "answer", Buffer.alloc(32), () => undefined);
  const { scan } = withFieldStreams(detector, masks);
  return maskText(editor, text, scan(text, "message", "answer"), "message")?.text ?? text;
}

function cut(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let i = 0, k = 0; i < text.length; k += 1) {
    const size = sizes[k % sizes.length] ?? 1;
    pieces.push(text.slice(i, i + size));
    i += size;
  }
  return pieces;
}

type Sent = readonly object[];

/** Sends events as bytes that are cut anywhere, and gives what went out. */
async function run(
  events: Sent,
  sizes: readonly number[],
  operation: "responses.create" | "chat.completions.create",
  options: Pick<FakeOptions, "mask" | "placeholders" | "kept"> = { mask },
): Promise<string> {
  const fake = createFake({ operation, scanner: detector, phases: ["tool_call"], ...options });
  fake.context.sink.head(200, {});
  const isChat = operation === "chat.completions.create";
  const reader = createStreamReader(fake.context, isChat ? createChatDialect : createResponsesDialect);
  const bytes = Buffer.from(
    events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("") + (isChat ? "data: [DONE]\n\n" : ""),
  );
  for (let i = 0, k = 0; i < bytes.length; k += 1) {
    const size = (sizes[k % sizes.length] ?? 1) * 37;
    reader.push(bytes.subarray(i, i + size));
    i += size;
  }
  reader.end();
  await fake.ended;
  return fake.text();
}

function parse(sent: string): Record<string, unknown>[] {
  return [...sent.matchAll(/^data: (\{.*\})$/gm)].map(([, data]) => JSON.parse(data ?? ""));
}

function expectNothingLeft(sent: string, text: string): void {
  for (const value of [...VALUES.map((one) => one.value), ...OWN]) {
    if (!text.includes(value)) continue;
    // Of some classes the last characters are shown.
    for (let i = 0; i + 8 <= value.length - 4; i += 1)
      expect(sent).not.toContain(JSON.stringify(value.slice(i, i + 8)).slice(1, -1));
  }
}

const WORDS = [
  "the key is",
  "mail",
  "\n",
  "and then",
  "x",
  "1",
  "é",
  "漢字",
  "😀",
  '"',
  "\\",
  "=",
  "(",
  ".",
  "a@",
  "4111 ",
];
const words = fc.constantFrom(...WORDS, "password:");
/** A value stands by itself. */
const value = fc
  .tuple(fc.constantFrom(...VALUES.map((one) => one.value), ...OWN, ...OWN), fc.constantFrom(" ", ", ", "\n"))
  .map(([one, after]) => ` ${one}${after}`);
const text = fc.array(fc.oneof(words, value), { minLength: 1, maxLength: 10 }).map((parts) => parts.join(""));
const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 });

describe("the error of a target", () => {
  const [{ value: secret } = { value: "" }] = VALUES;
  const message = `The key is ${secret} and no other.`;
  test.each([
    { name: "Responses", operation: "responses.create", event: { type: "error", message, code: "bad_key" } },
    { name: "Chat", operation: "chat.completions.create", event: { error: { message, code: "bad_key" } } },
  ] as const)("is masked like any text of its stream ($name)", async ({ operation, event }) => {
    const sent = await run([event], [200], operation);
    expect(sent).toContain("bad_key");
    expect(sent).toContain("and no other.");
    expectNothingLeft(sent, message);
  });
});

describe("a name of a member in a stream", () => {
  const name = "ada.l@example.com";
  const response = {
    id: "resp_1",
    object: "response",
    model: "gpt-5",
    status: "in_progress",
    output: [],
    usage: null,
  };
  const delta = {
    type: "response.output_text.delta",
    output_index: 0,
    item_id: "msg_1",
    content_index: 0,
    delta: "x",
  };
  const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", model: "gpt-5" };
  test.each([
    { event: { type: "response.more", about: { [name]: 1 } }, operation: "responses.create" },
    { event: { ...delta, [name]: 1 }, operation: "responses.create" },
    {
      event: { ...chunk, choices: [{ index: 0, delta: { more: { [name]: 1 } } }] },
      operation: "chat.completions.create",
    },
    { event: { ...chunk, choices: [], [name]: 1 }, operation: "chat.completions.create" },
  ] as const)("never goes out where it is a value ($operation)", async ({ event, operation }) => {
    const begin = operation === "responses.create" ? [{ type: "response.created", response }] : [];
    const sent = await run([...begin, event], [200], operation);
    expect(sent).not.toContain("ada.l");
    expect(sent).toContain("error");
  });
});

describe("tokens with their probabilities", () => {
  const card = "4111111111111111";
  const token = (text: string, top: readonly string[] = []): object => ({
    token: text,
    logprob: -0.1,
    bytes: [...Buffer.from(text)],
    top_logprobs: top.map((one) => ({ token: one, logprob: -1, bytes: null })),
  });
  const shapes: readonly { name: string; delta: string; logprobs: readonly object[] }[] = [
    { name: "one token", delta: "No.", logprobs: [token(card)] },
    {
      name: "several tokens",
      delta: "No.",
      logprobs: ["4111", "1111", "1111", "1111"].map((one) => token(one)),
    },
    { name: "another token", delta: "No.", logprobs: [token("No.", [card])] },
    {
      name: "other tokens",
      delta: "No no",
      logprobs: [token("No", ["x", "41111111"]), token(" no", ["y", "11111111"])],
    },
    { name: "bytes", delta: "No.", logprobs: [{ token: "No.", logprob: 0, bytes: [...Buffer.from(card)] }] },
    { name: "a member of their own", delta: "No.", logprobs: [{ token: "No.", logprob: 0, more: card }] },
    { name: "a probability", delta: "No.", logprobs: [{ token: "No.", logprob: Number(card) }] },
  ];
  const place = { output_index: 0, item_id: "msg_1", content_index: 0 };
  const part = (text: string, logprobs: readonly object[]) => ({
    type: "output_text",
    annotations: [],
    text,
    logprobs,
  });

  test.each(shapes)("go out in no event where they are a value: $name", async ({ delta, logprobs }) => {
    const item = { id: "msg_1", type: "message", role: "assistant", content: [part(delta, logprobs)] };
    const responses = [
      { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
      { type: "response.output_text.delta", ...place, delta, logprobs },
      { type: "response.output_text.done", ...place, text: delta, logprobs },
      { type: "response.content_part.done", ...place, part: part(delta, logprobs) },
      { type: "response.completed", response: { id: "resp_1", status: "completed", output: [item] } },
    ];
    const [, , ...end] = toChunks(delta, [delta.length]);
    const chat = [
      { id: "c", choices: [{ index: 0, delta: { content: delta }, logprobs: { content: logprobs } }] },
      ...end,
    ];
    for (const sent of [
      await run(responses, [200], "responses.create"),
      await run(chat, [200], "chat.completions.create"),
    ]) {
      expect(sent).not.toMatch(/4111|11111111|52,49,49,49/);
    }
  });

  test("go on where they spell the text beside them", async () => {
    const logprobs = ["It", " is", " 😀"].map((one) => token(one, [one, "other"]));
    const item = { id: "msg_1", type: "message", role: "assistant", content: [] };
    const events = [
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.output_text.delta", ...place, delta: "It is 😀", logprobs },
      { type: "response.completed", response: { id: "resp_1", status: "completed", output: [] } },
    ];
    expect(await run(events, [200], "responses.create")).toContain(JSON.stringify(logprobs));
  });
});

test("an annotation names the same words of a masked text, by itself and in each copy, and the record has that text", async () => {
  const text = "Mail ada.l@example.com, see [1].";
  const start = text.indexOf("[1]");
  const annotation = { type: "url_citation", url: "u", title: "t", start_index: start, end_index: start + 3 };
  const place = { output_index: 0, item_id: "msg_1", content_index: 0 };
  const content = [{ type: "output_text", text, annotations: [annotation], logprobs: [] }];
  const item = { id: "msg_1", type: "message", role: "assistant", status: "completed", content };
  const events = [
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    { type: "response.output_text.delta", ...place, delta: text, logprobs: [] },
    { type: "response.output_text.annotation.added", ...place, annotation_index: 0, annotation },
    { type: "response.output_text.done", ...place, text, logprobs: [] },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: { id: "resp_1", status: "completed", output: [item] } },
  ];
  const kept: Segment[] = [];
  const sent = await run(events, [200], "responses.create", { mask, kept });
  expect(kept.map((one) => one.text)).toContain(toMasked(text));
  await run(toChunks(text, [5]), [1], "chat.completions.create", { mask, kept });
  expect(kept.at(-1)?.text).toBe(toMasked(text));
  expect(JSON.stringify(kept)).not.toContain("ada.l");
  const at = toMasked(text).indexOf("[1]");
  const places = [...sent.matchAll(/"start_index":(\d+),"end_index":(\d+)/g)].map((one) => one.slice(1));
  expect(places).toEqual(Array.from({ length: 3 }, () => [`${at}`, `${at + 3}`]));
});

function toEvents(whole: string, pieces: readonly string[]): Sent {
  const part = { type: "output_text", annotations: [], logprobs: [], text: whole };
  const item = { id: "msg_1", type: "message", status: "completed", role: "assistant", content: [part] };
  const args = JSON.stringify({ note: whole, n: 1 });
  const call = {
    id: "fc_1",
    type: "function_call",
    status: "completed",
    call_id: "call_1",
    name: "send",
    arguments: args,
  };
  const place = { output_index: 0, item_id: "msg_1", content_index: 0 };
  const other = { output_index: 1, item_id: "fc_1" };
  const response = {
    id: "resp_1",
    object: "response",
    model: "gpt-5",
    status: "in_progress",
    output: [],
    usage: null,
  };
  return [
    { type: "response.created", response },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...item, status: "in_progress", content: [] },
    },
    { type: "response.content_part.added", ...place, part: { ...part, text: "" } },
    ...pieces.map((delta) => ({
      type: "response.output_text.delta",
      ...place,
      delta,
      logprobs: [],
      obfuscation: "abc",
    })),
    { type: "response.output_text.done", ...place, text: whole, logprobs: [] },
    { type: "response.content_part.done", ...place, part },
    { type: "response.output_item.done", output_index: 0, item },
    {
      type: "response.output_item.added",
      output_index: 1,
      item: { ...call, status: "in_progress", arguments: "" },
    },
    ...cut(args, [5]).map((delta) => ({ type: "response.function_call_arguments.delta", ...other, delta })),
    { type: "response.function_call_arguments.done", ...other, arguments: args },
    { type: "response.output_item.done", output_index: 1, item: call },
    { type: "response.completed", response: { ...response, status: "completed", output: [item, call] } },
  ];
}

function toChunks(whole: string, lengths: readonly number[]): Sent {
  const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-5" };
  return [
    { ...chunk, choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] },
    ...cut(whole, lengths).map((content) => ({
      ...chunk,
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
    })),
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  ];
}

function toContent(sent: string): string {
  return parse(sent)
    .map((event) => JSON.parse(JSON.stringify(event)).choices[0].delta.content ?? "")
    .join("");
}

const fields: Effect[] = [...mask, { code: "m", fields: ["ssn"], with: "token" }];
const json = fc
  .tuple(
    fc.constantFrom("SSNVALUE 12345", 'SSN"VALUE\n12345', 12345.5, ["SSNVALUE"], { a: "SSNVALUE", n: 12345 }),
    text,
    fc.constantFrom(1, 4111111111111111, -4111111111111111, 990417.25, -12.990417),
    fc.boolean(),
  )
  .map(([ssn, note, n, isNested]) => {
    const inner = JSON.stringify({ n, ssn, note, list: [{ ssn }, n] });
    return isNested ? JSON.stringify({ inner }) : inner;
  });

function expectNoField(sent: string): void {
  expect(sent).not.toMatch(/SSNVALUE|SNVALUE|ALUE 123|12345/);
}

describe("a stream of JSON", () => {
  test.each(["responses.create", "chat.completions.create"] as const)(
    "says in each copy what the whole says when its fields are masked (%s)",
    async (operation) => {
      await fc.assert(
        fc.asyncProperty(json, sizes, async (whole, lengths) => {
          const isChat = operation === "chat.completions.create";
          const events = isChat ? toChunks(whole, lengths) : toEvents(whole, cut(whole, lengths));
          const sent = await run(events, lengths, operation, { mask: fields });
          expectNoField(sent);
          const masked = toMasked(whole, fields);
          expect(() => void JSON.parse(masked)).not.toThrow();
          if (isChat) {
            expect(toContent(sent)).toBe(masked);
            return;
          }
          const got = parse(sent);
          const of = (type: string) => got.filter((event) => event["type"] === type);
          expect(
            of("response.output_text.delta")
              .map(({ delta }) => delta)
              .join(""),
          ).toBe(masked);
          const deltas = of("response.function_call_arguments.delta")
            .map(({ delta }) => delta)
            .join("");
          expect(() => void JSON.parse(deltas)).not.toThrow();
          expect(of("response.output_text.done")).toMatchObject([{ text: masked }]);
          expect(of("response.completed")).toMatchObject([
            { response: { output: [{ content: [{ text: masked }] }, { arguments: deltas }] } },
          ]);
        }),
        { numRuns: 60 },
      );
    },
  );
});

describe("a masked stream", () => {
  test("of the Responses API says in each copy what the whole says when it is masked", async () => {
    await fc.assert(
      fc.asyncProperty(text, sizes, async (whole, lengths) => {
        const sent = await run(toEvents(whole, cut(whole, lengths)), lengths, "responses.create");
        expectNothingLeft(sent, whole);
        const masked = toMasked(whole);
        const events = parse(sent);
        const of = (type: string): Record<string, unknown>[] =>
          events.filter((event) => event["type"] === type);
        expect(
          of("response.output_text.delta")
            .map(({ delta }) => delta)
            .join(""),
        ).toBe(masked);
        expect(of("response.output_text.done")).toMatchObject([{ text: masked }]);
        expect(of("response.content_part.done")).toMatchObject([{ part: { text: masked } }]);
        const note = JSON.stringify({ note: masked, n: 1 });
        const deltas = of("response.function_call_arguments.delta")
          .map(({ delta }) => delta)
          .join("");
        expect(JSON.parse(deltas)).toHaveProperty("n", 1);
        const ends = of("response.completed");
        expect(ends).toMatchObject([
          { response: { output: [{ content: [{ text: masked }] }, { arguments: deltas }] } },
        ]);
        // Escapes apart, an argument is masked as the text that it stands for.
        if (!/["\\\n]/.test(whole)) expect(deltas).toBe(note);
      }),
      { numRuns: 150 },
    );
  });

  test("of Chat Completions says what the whole says when it is masked", async () => {
    await fc.assert(
      fc.asyncProperty(text, sizes, async (whole, lengths) => {
        const sent = await run(toChunks(whole, lengths), lengths, "chat.completions.create");
        expectNothingLeft(sent, whole);
        expect(toContent(sent)).toBe(toMasked(whole));
      }),
      { numRuns: 150 },
    );
  });

  test("passes byte for byte where nothing in it is masked", async () => {
    const events = toEvents("plain words, nothing else", cut("plain words, nothing else", [3]));
    const sent = await run(events, [2], "responses.create");
    expect(sent).toBe(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  });
});

const VALUES_OF_CALLER = [
  ["email", "ada.l@example.com"],
  ["phone", "+49 30 1234567"],
  ["acme.note", 'says "a\\b"\n'],
] as const;
const placeholders = createPlaceholders(Buffer.alloc(32, 1), "session", []);
const others = createPlaceholders(Buffer.alloc(32, 1), "another session", []);
const given = VALUES_OF_CALLER.map(([ofClass, value]) => ({
  placeholder: placeholders.keep(ofClass, value),
  value,
}));
const restoring: Effect[] = [
  { code: "m", class: "email", with: "placeholder", restore: ["message"] },
  { code: "m", class: "phone", with: "placeholder", restore: ["message", "tool_arguments"] },
  { code: "m", class: "acme.note", with: "placeholder", restore: ["message", "tool_arguments"] },
  { code: "m", class: "secret", with: "placeholder", restore: ["message"] },
  { code: "m", class: "credit_card", with: "last4" },
];
const leftAlone = [
  others.keep("email", "ada.l@example.com"),
  placeholders.give("email", "never said"),
  placeholders.keep("secret", "is never restored"),
  "[EMAIL_",
  "[EMAIL_ABC]",
  "[",
  "[PHONE",
];
const told = fc
  .array(
    fc.oneof(
      // No word makes a value of what follows it.
      fc.constantFrom(...WORDS),
      fc.constantFrom(...given.map((one) => one.placeholder), ...leftAlone),
      fc.constantFrom(" 4111 1111 1111 1111 "),
    ),
    { minLength: 1, maxLength: 12 },
  )
  // What begins as a list may be JSON.
  .map((parts) => `So: ${parts.join("")}`);

function toRestored(text: string, classes: RegExp): string {
  let restored = text.replaceAll(" 4111 1111 1111 1111 ", " ************1111 ");
  for (const { placeholder, value } of given)
    if (classes.test(placeholder)) restored = restored.replaceAll(placeholder, () => value);
  return restored;
}

describe("a stream with placeholders", () => {
  const options = { mask: restoring, placeholders };

  test("of the Responses API gives the caller's values back in each copy, and changes nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(told, sizes, async (whole, lengths) => {
        const kept: Segment[] = [];
        const sent = await run(toEvents(whole, cut(whole, lengths)), lengths, "responses.create", {
          ...options,
          kept,
        });
        const events = parse(sent);
        const of = (type: string): Record<string, unknown>[] =>
          events.filter((event) => event["type"] === type);
        const restored = toRestored(whole, /./);
        expect(
          of("response.output_text.delta")
            .map(({ delta }) => delta)
            .join(""),
        ).toBe(restored);
        expect(of("response.output_text.done")).toMatchObject([{ text: restored }]);
        expect(of("response.content_part.done")).toMatchObject([{ part: { text: restored } }]);
        const deltas = of("response.function_call_arguments.delta")
          .map(({ delta }) => delta)
          .join("");
        expect(JSON.parse(deltas)).toEqual({ note: toRestored(whole, /PHONE|ACME/), n: 1 });
        expect(of("response.completed")).toMatchObject([
          { response: { output: [{ content: [{ text: restored }] }, { arguments: deltas }] } },
        ]);
        // The record has no value that came back.
        expect(kept.map((segment) => segment.text)[0]).toBe(toRestored(whole, /^$/));
      }),
      { numRuns: 150 },
    );
  });

  test("of Chat Completions gives the caller's values back, and changes nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(told, sizes, async (whole, lengths) => {
        const sent = await run(toChunks(whole, lengths), lengths, "chat.completions.create", options);
        expect(toContent(sent)).toBe(toRestored(whole, /./));
      }),
      { numRuns: 100 },
    );
  });

  test("passes byte for byte where it names none of the session's", async () => {
    const whole = `[ [x] [EMAIL] ${leftAlone.join(" ")}`;
    const events = toEvents(whole, cut(whole, [3]));
    const sent = await run(events, [2], "responses.create", options);
    expect(sent).toBe(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  });
});
