// The answer that each operation is given when nothing about it is odd.
import type { Json, JsonObject, RouteSpec } from "../../gateway/exchange.ts";
import { pointersOf, toBody } from "./fields.ts";
import type { Answer, Pairs } from "./provider.ts";

const JSON_TYPE = ["content-type", "application/json"] as const;
/** Headers that every JSON answer of the API has. */
const USUAL: Pairs = [
  ["x-request-id", "req_0123456789abcdef0123456789abcdef"],
  ["openai-version", "2020-10-01"],
  ["openai-processing-ms", "12"],
  ["x-ratelimit-limit-requests", "10000"],
  ["x-ratelimit-remaining-tokens", "149984"],
  ["x-ratelimit-reset-requests", "6m0s"],
];
const RESPONSE = { id: "resp_1", object: "response", status: "completed", output: [] };

/** Members of answers that have one shape alone. */
const SHAPES: Readonly<Record<string, JsonObject>> = {
  chat: {
    object: "chat.completion",
    choices: [
      { index: 0, message: { role: "assistant", content: "hi", refusal: null }, finish_reason: "stop" },
    ],
  },
  responses: { status: "completed", output: [] },
};
const OF_GRANTS: JsonObject = { client_secret: { value: "ek_of_the_provider", expires_at: 1 } };
const OF_ITEMS: JsonObject = {
  id: "msg_1",
  type: "message",
  role: "user",
  content: [{ type: "input_text", text: "hi" }],
};

/** Gives an error as the API words it. */
export const toError = (code: string | null, message = "What went wrong."): JsonObject => ({
  error: { message, type: "invalid_request_error", param: null, code },
});
/** Gives an answer of any type, or of none. */
export const toPlainAnswer = (
  status: number,
  type: string | null,
  text: string,
  headers: Pairs = [],
): Answer => ({
  status,
  headers: [...(type === null ? [] : [["content-type", type] as const]), ...headers],
  body: text === "" ? [] : [text],
});

/** Gives an answer that is JSON. */
export function toJsonAnswer(value: Json | string, status = 200, headers: Pairs = []): Answer {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const length = String(Buffer.byteLength(text));
  return { status, headers: [JSON_TYPE, ["content-length", length], ...USUAL, ...headers], body: [text] };
}

/** A file as the provider has it. */
export const FILE = Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 31) % 256));

/** Gives an answer that is a file. */
export function toFileAnswer(bytes: Buffer = FILE, status = 200, headers: Pairs = []): Answer {
  const about: Pairs = [
    ["content-type", "application/octet-stream"],
    ["content-length", String(bytes.length)],
    ["content-disposition", 'attachment; filename="a.bin"'],
    ["etag", '"abc"'],
    ["accept-ranges", "bytes"],
    ["last-modified", "Wed, 21 Oct 2015 07:28:00 GMT"],
  ];
  const known = about.filter(([name]) => !headers.some(([other]) => other === name));
  return { status, headers: [...known, ...headers, ...USUAL], body: [bytes] };
}

/** Gives the events of a stream as they stand on the wire. */
export function toFrames({ dialect, operation }: RouteSpec): readonly string[] {
  if (dialect === "chat") {
    const chunk = (delta: JsonObject, finish_reason: string | null): string =>
      `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", model: "gpt-5", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    return [
      chunk({ role: "assistant", content: "" }, null),
      chunk({ content: "hi" }, null),
      chunk({}, "stop"),
      "data: [DONE]\n\n",
    ];
  }
  if (dialect === "responses") {
    const frame = (event: JsonObject & { readonly type: string }): string =>
      `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    const part = { type: "output_text", annotations: [], text: "hi" };
    const item = { id: "msg_1", type: "message", status: "completed", role: "assistant", content: [part] };
    const at = { output_index: 0, item_id: item.id, content_index: 0 };
    const begun = { ...RESPONSE, status: "in_progress" };
    return [
      frame({ type: "response.created", sequence_number: 0, response: begun }),
      frame({
        type: "response.output_item.added",
        sequence_number: 1,
        output_index: 0,
        item: { ...item, status: "in_progress", content: [] },
      }),
      frame({ type: "response.content_part.added", sequence_number: 2, ...at, part: { ...part, text: "" } }),
      frame({ type: "response.output_text.delta", sequence_number: 3, ...at, delta: "hi" }),
      frame({ type: "response.output_text.done", sequence_number: 4, ...at, text: "hi" }),
      frame({ type: "response.content_part.done", sequence_number: 5, ...at, part }),
      frame({ type: "response.output_item.done", sequence_number: 6, output_index: 0, item }),
      frame({ type: "response.completed", sequence_number: 7, response: { ...RESPONSE, output: [item] } }),
    ];
  }
  const frames = [
    { object: "something", text: "hi" },
    { object: "something", text: "again" },
  ].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  return operation === "agents.sessions.events.list" ? frames : [...frames, "data: [DONE]\n\n"];
}

/** Gives an answer that is a stream of events. */
export function toStreamAnswer(frames: readonly string[], headers: Pairs = []): Answer {
  return {
    status: 200,
    headers: [
      ["content-type", "text/event-stream; charset=utf-8"],
      ["cache-control", "no-cache"],
      ...USUAL,
      ...headers,
    ],
    body: frames,
  };
}

/** Gives the usual answer of an operation. */
export function toAnswer(spec: RouteSpec): Answer {
  if (spec.answer === "bytes") return toFileAnswer();
  if (spec.answer === "events") return toStreamAnswer(toFrames(spec));
  if (spec.answer === "sdp")
    return {
      status: 201,
      headers: [
        ["content-type", "application/sdp"],
        ["location", "/v1/realtime/calls/rtc_1"],
      ],
      body: ["v=0\r\n"],
    };
  if (spec.lists !== null) {
    const data = ["b", "a"].map((name) => ({
      id: `old_${name}`,
      object: "thing",
      about: "an object of long ago",
    }));
    return toJsonAnswer({ object: "list", data, first_id: "old_b", last_id: "old_a", has_more: false });
  }
  if (spec.operation === "conversations.items.retrieve") return toJsonAnswer(OF_ITEMS);
  return toJsonAnswer({
    ...toBody(pointersOf(spec, "answer", "application/json")),
    id: "id_1",
    ...SHAPES[spec.dialect],
    ...(spec.isGrant &&
      (spec.operation.endsWith("client_secrets.create") ? { value: "ek_of_the_provider" } : OF_GRANTS)),
    count: 1.5,
  });
}
