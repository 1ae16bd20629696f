import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFake } from "../../test/fixtures/fake-context.ts";
import type { Operation } from "../exchange.ts";
import { openRecognition } from "../recognise/recognition.ts";
import { createRecogniser } from "../recognise/recogniser.ts";
import { withRecognised } from "../recognised.ts";
import { createChatDialect } from "./chat-dialect.ts";
import { createResponsesDialect } from "./responses-dialect.ts";
import { createStreamReader } from "./stream.ts";

const NAME = "Ada Lovelace";
const nothing = { push: () => [], end: () => [], pending: 0 };
const silent = { digest: "", scan: () => [], stream: () => nothing };

/** Asks about one name, a while after it was asked; about the text `bad` never. */
function recognise() {
  const recogniser = createRecogniser({
    options: {
      languages: ["en"],
      classes: new Map([["PERSON", "person_name"]]),
      threshold: 0,
      timeoutMs: 20_000,
      concurrency: 2,
      textsPerCall: 4,
      maxChars: 100_000,
      cacheBytes: 1,
      onError: "refuse",
      mostFailures: 5,
      pauseMs: 600_000,
    },
    secret: "",
    onCall: () => undefined,
    onIgnored: () => undefined,
    onPause: () => undefined,
    async send(body) {
      const { text }: { text: string | string[] } = JSON.parse(body.toString());
      await new Promise(setImmediate);
      if (JSON.stringify(text).includes("bad")) throw new Error("down");
      const find = (one: string) =>
        [...one.matchAll(new RegExp(NAME, "g"))].map(({ index }) => {
          const start = Array.from(one.slice(0, index)).length;
          return { entity_type: "PERSON", start, end: start + NAME.length, score: 1 };
        });
      return Buffer.from(JSON.stringify(typeof text === "string" ? find(text) : text.map(find)));
    },
  });
  return openRecognition(recogniser, "t", () => new AbortController().signal);
}

/** Reads a stream that comes in pieces of so many bytes; gives all that the program got. */
async function read(
  operation: Operation,
  events: readonly object[],
  sizes: readonly number[],
): Promise<string> {
  const recognition = recognise();
  const fake = createFake({
    operation,
    phases: [],
    scanner: withRecognised(silent, recognition),
    mask: [{ code: "m", class: "person_name", with: "redact" }],
  });
  const isChat = operation === "chat.completions.create";
  const reader = createStreamReader(
    { ...fake.context, recognition },
    isChat ? createChatDialect : createResponsesDialect,
  );
  const end = isChat ? "data: [DONE]\n\n" : "";
  const bytes = Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("") + end);
  let at = 0;
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % Math.max(1, sizes.length)] ?? bytes.length;
    reader.push(bytes.subarray(at, at + size));
    if (index % 3 === 0) await new Promise(setImmediate);
    at += size;
  }
  reader.end();
  await fake.ended;
  return fake.text();
}

function toResponse(pieces: readonly string[]): object[] {
  const text = pieces.join("");
  const item = { type: "message", id: "msg_1", role: "assistant", status: "completed" };
  const whole = { ...item, content: [{ type: "output_text", text, annotations: [] }] };
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const response = { id: "resp_1", object: "response", model: "gpt-5" };
  return [
    { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    ...pieces.map((delta) => ({ type: "response.output_text.delta", ...at, delta })),
    { type: "response.output_text.done", ...at, text },
    { type: "response.output_item.done", output_index: 0, item: whole },
    { type: "response.completed", response: { ...response, status: "completed", output: [whole] } },
  ];
}

function toChunks(pieces: readonly string[]): object[] {
  const chunk = { id: "chatcmpl-1", object: "chat.completion.chunk", model: "gpt-5" };
  return [
    ...pieces.map((content) => ({
      ...chunk,
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
    })),
    { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  ];
}

function joinDeltas(out: string): string {
  let text = "";
  for (const [, data = ""] of out.matchAll(/^data: (\{.*)$/gm)) {
    const event = JSON.parse(data);
    if (event.type === "response.output_text.delta") text += event.delta;
    for (const choice of event.choices ?? []) text += choice.delta.content ?? "";
  }
  return text;
}

const texts = fc
  .array(fc.constantFrom(NAME, " met ", "somebody. ", "😀", "\n\n", "Dr. ", "then ".repeat(140), '"', "! "), {
    minLength: 1,
    maxLength: 14,
  })
  .map((parts) => parts.join(""));

describe("a stream in which names are masked", () => {
  test.each<[Operation, (pieces: readonly string[]) => object[]]>([
    ["responses.create", toResponse],
    ["chat.completions.create", toChunks],
  ])("of %s says the same however its text and its bytes are cut", async (operation, toEvents) => {
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(texts, sizes, sizes, async (text, pieces, bytes) => {
        const cut: string[] = [];
        for (let at = 0, index = 0; at < text.length; index += 1) {
          const size = pieces[index % Math.max(1, pieces.length)] ?? 7;
          cut.push(text.slice(at, at + size));
          at += size;
        }
        // Half a pair is no text that comes so.
        fc.pre(cut.every((piece) => piece.isWellFormed()));
        const out = await read(operation, toEvents(cut), bytes);
        const expected = text.replaceAll(NAME, "[REDACTED:person_name]");
        expect(joinDeltas(out)).toBe(expected);
        expect(out).not.toContain("Lovelace");
        if (operation === "responses.create")
          expect(out.split(JSON.stringify(expected).slice(1, -1)).length).toBeGreaterThanOrEqual(3);
      }),
      { numRuns: 60 },
    );
  });

  test("ends with an error where a passage could not be asked about, and shows none of it", async () => {
    const pieces = ["All is well here. ", `Now ${NAME}`, " is bad. ", `${NAME} again. `];
    for (const [operation, events] of [
      ["responses.create", toResponse(pieces)],
      ["chat.completions.create", toChunks(pieces)],
    ] as const) {
      const out = await read(operation, events, [40]);
      expect(joinDeltas(out)).toBe("All is well here. ");
      expect(out).not.toMatch(/Lovelace|bad/);
      expect(out).toContain("recogniser_unavailable");
    }
  });
});
