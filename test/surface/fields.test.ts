// Every text field of the published API, request and answer: a marker in it is among the texts that rules search.
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../gateway/errors.ts";
import type { Json } from "../../gateway/exchange.ts";
import { parseAnswer } from "../../gateway/parse/answer.ts";
import { readChatChunk } from "../../gateway/parse/chat-chunk.ts";
import { readOtherEvent, walkAnswer } from "../../gateway/parse/other-answer.ts";
import { isObject } from "../../gateway/parse/pointer.ts";
import { createRequestParser } from "../../gateway/parse/request.ts";
import { createSink } from "../../gateway/parse/sink.ts";
import { readResponseEvent } from "../../gateway/parse/stream-event.ts";
import { toRequestTexts } from "../../gateway/request/request-texts.ts";
import { listFields, placeText, routeOf } from "./published.ts";

const MARKER = "a marker that nobody sends";
const parser = createRequestParser({ secret: Buffer.alloc(32), cacheItems: 10, limits: { depth: 64 } });

/** What is not searched, on purpose: everything else that is text must be. */
const DELIBERATE = [
  // Third parties' credentials in the definition of a tool: no rule may see them.
  /\/tools\/0\/(?:authorization|headers\/extra)$/,
  // Repeats the text beside it, token by token; `request.logprobs` tells that it was asked for.
  /\/logprobs\/(?:content\/|refusal\/)?0\/(?:top_logprobs\/0\/)?token$/,
];
/** The same for events: ids that the provider repeats on every one, and padding. */
const DELIBERATE_IN_EVENTS = [/^\/(?:id|item_id|model|obfuscation|system_fingerprint)$/];

/** Tells the pointers whose marker no text holds; a body that is refused for its shape goes nowhere. */
function findUnseen(pointers: readonly string[], read: (body: Json) => readonly string[]): readonly string[] {
  return pointers.filter((pointer) => {
    if (DELIBERATE.some((pattern) => pattern.test(pointer))) return false;
    try {
      return !read(placeText(pointer, MARKER)).some((text) => text.includes(MARKER));
    } catch (error) {
      if (error instanceof GatewayError) return false;
      throw error;
    }
  });
}

describe("a text field of a request", () => {
  it.each(listFields("request", "application/json"))("is searched: %s", (name, pointers) => {
    const route = routeOf(name);
    const read = (body: Json): readonly string[] => {
      const bytes = Buffer.from(JSON.stringify(body));
      const parsed = parser.parse({ route, query: "", contentType: "application/json", bytes, tenant: "t" });
      return toRequestTexts(parsed).map(({ text }) => text);
    };
    expect(findUnseen([...pointers, "/unknown/0/deep"], read)).toEqual([]);
  });
});

describe("a text field of an answer", () => {
  it.each(listFields("answer", "application/json"))("is searched: %s", (name, pointers) => {
    const { spec } = routeOf(name);
    const read = (body: Json): readonly string[] => parseAnswer(spec, body).segments.map(({ text }) => text);
    expect(findUnseen([...pointers, "/unknown/0/deep"], read)).toEqual([]);
  });

  it.each(listFields("answer", "text/event-stream"))("is searched in a stream: %s", (name, pointers) => {
    const { spec } = routeOf(name);
    const read = (body: Json): readonly string[] => {
      if (!isObject(body)) return [];
      if (spec.dialect === "chat") {
        const chunk = readChatChunk(body);
        return [chunk, ...chunk.choices].flatMap(({ texts }) => texts.map(({ text }) => text));
      }
      if (spec.dialect === "responses") {
        const event = readResponseEvent(body);
        const whole = event.response === undefined ? [] : parseAnswer(spec, event.response).segments;
        return [...event.texts, ...whole].map(({ text }) => text);
      }
      const sink = createSink();
      walkAnswer(sink, [], body, "");
      return readOtherEvent(null, body, sink.segments).map(({ text }) => text);
    };
    const events = pointers.filter(
      (pointer) => !DELIBERATE_IN_EVENTS.some((pattern) => pattern.test(pointer)),
    );
    expect(findUnseen([...events, "/unknown/0/deep"], read)).toEqual([]);
  });
});
