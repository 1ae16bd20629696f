// Every text field of the published API, request and answer: a marker in it is among the texts that rules search.
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../gateway/errors.ts";
import type { Json } from "../../gateway/exchange.ts";
import { CIPHERTEXT, MEDIA, TOKENS } from "../../gateway/parse/fields.ts";
import { parseAnswer } from "../../gateway/parse/answer.ts";
import { readChatChunk } from "../../gateway/parse/chat-chunk.ts";
import { readOtherEvent, walkAnswer } from "../../gateway/parse/other-answer.ts";
import { isObject } from "../../gateway/parse/pointer.ts";
import { createRequestParser } from "../../gateway/parse/request.ts";
import { createSink } from "../../gateway/parse/sink.ts";
import { readResponseEvent } from "../../gateway/parse/stream-event.ts";
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

type Read = (body: Json) => readonly string[];

function toRequestReader(name: string): Read {
  const route = routeOf(name);
  return (body) => {
    const bytes = Buffer.from(JSON.stringify(body));
    const parsed = parser.parse({ route, query: "", contentType: "application/json", bytes, tenant: "t" });
    return [...parsed.rest, ...parsed.items.flatMap(({ segments }) => segments)].map(({ text }) => text);
  };
}

function toAnswerReader(name: string): Read {
  const { spec } = routeOf(name);
  return (body) => parseAnswer(spec, body).segments.map(({ text }) => text);
}

function toEventReader(name: string): Read {
  const { spec } = routeOf(name);
  return (body) => {
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
}

describe("a text field of a request", () => {
  it.each(listFields("request", "application/json"))("is searched: %s", (name, pointers) => {
    const read = toRequestReader(name);
    expect(findUnseen([...pointers, "/unknown/0/deep"], read)).toEqual([]);
  });
});

describe("a text field of an answer", () => {
  it.each(listFields("answer", "application/json"))("is searched: %s", (name, pointers) => {
    expect(findUnseen([...pointers, "/unknown/0/deep"], toAnswerReader(name))).toEqual([]);
  });

  it.each(listFields("answer", "text/event-stream"))("is searched in a stream: %s", (name, pointers) => {
    expect(findUnseen([...pointers, "/unknown/0/deep"], toEventReader(name))).toEqual([]);
  });
});

/** Members whose strings are no texts as long as they look like what they should be. */
const ENUMERATED = [...TOKENS, "obfuscation", ...MEDIA, ...CIPHERTEXT];
const PARENTS = [
  "",
  "/input/0",
  "/input/0/content/0",
  "/messages/0",
  "/messages/0/content/0",
  "/tools/0",
  "/tool_choice",
  "/reasoning",
  "/audio",
  "/output/0",
  "/output/0/content/0",
  "/choices/0",
  "/choices/0/delta",
  "/choices/0/message",
  "/choices/0/message/tool_calls/0",
  "/error",
  "/response",
  "/item",
  "/delta",
  "/part",
  "/session",
];

/** An id, an enumerated value, base64 and ciphertext all look like it. */
const toValue = (name: string): string => `${name}4111111111111111`.replaceAll("_", "0");

/** Tells the members below a place whose values nobody would see. */
function findHidden(parent: string, names: readonly string[], read: Read): readonly string[] {
  const values = Object.fromEntries(names.map((name) => [name, toValue(name)]));
  try {
    const texts = read(placeText(parent, values));
    return names.filter((name) => !texts.some((text) => text.includes(toValue(name))));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    // Refused for the shape of one of them: each by itself.
    return names.length === 1 ? [] : names.flatMap((name) => findHidden(parent, [name], read));
  }
}

describe("a value that looks like an id", () => {
  it.each([
    ["request", "POST /responses", toRequestReader],
    ["request", "POST /chat/completions", toRequestReader],
    ["request", "POST /images/generations", toRequestReader],
    ["answer", "POST /responses", toAnswerReader],
    ["answer", "POST /chat/completions", toAnswerReader],
    ["answer", "POST /images/generations", toAnswerReader],
    ["event", "POST /responses", toEventReader],
    ["event", "POST /chat/completions", toEventReader],
    ["event", "POST /images/generations", toEventReader],
  ] as const)("is searched in every member of a %s of %s", (_, name, toReader) => {
    const read = toReader(name);
    const hidden = PARENTS.map((parent) => [parent, findHidden(parent, ENUMERATED, read)]);
    expect(hidden.filter(([, names]) => names?.length !== 0)).toEqual([]);
  });
});
