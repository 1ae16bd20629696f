// Sends one field of the published API through the gateway's masks: a request, an answer, or the events of a stream.
import { createChatDialect } from "../../gateway/answer/chat-dialect.ts";
import { createOtherDialect } from "../../gateway/answer/other-dialect.ts";
import { createResponsesDialect } from "../../gateway/answer/responses-dialect.ts";
import { createStreamReader } from "../../gateway/answer/stream.ts";
import { createWholeReader } from "../../gateway/answer/whole.ts";
import { createDetectors } from "../../gateway/detect/detector.ts";
import type { Effect, Json, JsonObject, Route, RouteSpec } from "../../gateway/exchange.ts";
import { createMaskAccount } from "../../gateway/mask/account.ts";
import { maskRequest } from "../../gateway/mask/mask-request.ts";
import { createMasks } from "../../gateway/mask/masks.ts";
import { isList, isObject } from "../../gateway/parse/pointer.ts";
import { createRequestParser } from "../../gateway/parse/request.ts";
import { rewriteBody } from "../../gateway/parse/rewrite.ts";
import { createFake } from "../fixtures/fake-context.ts";
import { placeText } from "./published.ts";

const detector = createDetectors()({});
const parser = createRequestParser({ secret: Buffer.alloc(32), cacheItems: 10, limits: { depth: 64 } });

/** What else stands in a body, so that it is one. */
const NEEDED: Readonly<Record<string, object>> = {
  "chat.completions.create": { messages: [] },
  "chat.completions.update": { metadata: {} },
};

/** The smallest body with the text at the pointer. */
function toBody(pointer: string, value: Json): JsonObject {
  const body = placeText(pointer, value);
  if (!isObject(body)) throw new TypeError("A body is an object.");
  return body;
}

/** The smallest stream with the text at the pointer of one of its events. */
function toEvents(dialect: RouteSpec["dialect"], body: JsonObject): readonly object[] {
  const { choices, item, delta } = body;
  if (dialect === "chat") {
    const finish = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
    if (!isList(choices) || !isObject(choices[0])) return [body, finish];
    return [{ ...body, choices: [{ index: 0, ...choices[0] }] }, finish];
  }
  if (dialect === "other") return [body];
  const end = { type: "response.completed", response: { id: "resp_1", status: "completed", output: [] } };
  if (isObject(item))
    return [{ type: "response.output_item.done", output_index: 0, item: { type: "message", ...item } }, end];
  return [delta === undefined ? body : { type: "response.any.delta", output_index: 0, ...body }, end];
}

/** A body as it was given, and what went out of it. */
export type Passed = { readonly given: string; readonly sent: string };

/** Sends a JSON request with a value at the pointer. Throws what refuses it. */
export async function passRequest(
  route: Route,
  pointer: string,
  value: Json,
  mask: readonly Effect[],
): Promise<Passed> {
  const given = JSON.stringify({ ...NEEDED[route.operation], ...toBody(pointer, value) });
  const bytes = Buffer.from(given);
  const parsed = parser.parse({ route, query: "", contentType: "application/json", bytes, tenant: "t" });
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(mask);
  const masked = await maskRequest(parsed, detector, masks, Buffer.alloc(32), () => undefined);
  return { given, sent: (masked === null ? bytes : rewriteBody(parsed, masked.edits)).toString() };
}

/** Gives an answer with a value at the pointer: whole, or as the events of a stream. */
export async function passAnswer(
  operation: string,
  pointer: string,
  isStream: boolean,
  value: Json,
  mask: readonly Effect[],
): Promise<Passed> {
  const fake = createFake({
    operation,
    scanner: detector,
    mask,
    phases: ["tool_call"],
    ...(NEEDED[operation] !== undefined && { body: NEEDED[operation] }),
  });
  const { spec } = fake.context.request.route;
  if (!isStream) {
    const reader = createWholeReader(fake.context, 200, {});
    const given = JSON.stringify(toBody(pointer, value));
    reader.push(Buffer.from(given));
    reader.end();
    await fake.ended;
    return { given, sent: fake.text() };
  }
  fake.context.sink.head(200, {});
  const dialects = { chat: createChatDialect, responses: createResponsesDialect, other: createOtherDialect };
  const reader = createStreamReader(fake.context, dialects[spec.dialect]);
  const events = toEvents(spec.dialect, toBody(pointer, value));
  const given = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`;
  reader.push(Buffer.from(given));
  reader.end();
  await fake.ended;
  return { given, sent: fake.text() };
}
