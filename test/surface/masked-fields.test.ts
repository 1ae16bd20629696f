// Every text field of the published API, request and answer: a value in it that policy masks is masked, or nothing passes.
import { describe, expect, it } from "vitest";
import { createChatDialect } from "../../gateway/answer/chat-dialect.ts";
import { createOtherDialect } from "../../gateway/answer/other-dialect.ts";
import { createResponsesDialect } from "../../gateway/answer/responses-dialect.ts";
import { createStreamReader } from "../../gateway/answer/stream.ts";
import { createWholeReader } from "../../gateway/answer/whole.ts";
import { createDetectors } from "../../gateway/detect/detector.ts";
import { GatewayError } from "../../gateway/errors.ts";
import type { Effect, JsonObject, Route, RouteSpec } from "../../gateway/exchange.ts";
import { createMaskAccount } from "../../gateway/mask/account.ts";
import { maskRequest } from "../../gateway/mask/mask-request.ts";
import { createMasks } from "../../gateway/mask/masks.ts";
import { isList, isObject } from "../../gateway/parse/pointer.ts";
import { createRequestParser } from "../../gateway/parse/request.ts";
import { rewriteBody } from "../../gateway/parse/rewrite.ts";
import { createFake } from "../fixtures/fake-context.ts";
import { listFields, placeText, routeOf } from "./published.ts";

const SECRET = ["sk", "proj", "q8Zr2Kx7Vb4Nw9Tm3Ls6Pd1Hf5Jc0Gy8Ea2Ru"].join("-");
const TEXT = `So the key is ${SECRET}, they say.`;
const MASKED = "So the key is [REDACTED:secret], they say.";
const MASK: readonly Effect[] = ["secret", "credit_card"].map((one) => ({
  code: "masks_all",
  class: one,
  with: "redact",
}));
/** A value that has the form of an id, of an enumerated value, of base64 and of ciphertext. */
const CARD = "4111111111111111";

const detector = createDetectors()({});
const parser = createRequestParser({ secret: Buffer.alloc(32), cacheItems: 10, limits: { depth: 64 } });

/** What is passed on as it came, on purpose: everything else that is text must be masked. */
const DELIBERATE = [
  // Third parties' credentials in the definition of a tool: they are meant for who gets them.
  /\/tools\/0\/(?:authorization|headers\/extra)$/,
  // Repeats the text beside it, token by token, and is taken out where that is masked.
  /\/logprobs\/(?:content\/|refusal\/)?0\/(?:top_logprobs\/0\/)?token$/,
];

/** What else stands in a body, so that it is one. */
const NEEDED: Readonly<Record<string, object>> = {
  "chat.completions.create": { messages: [] },
  "chat.completions.update": { metadata: {} },
};

/** Where nothing passes: not a call, no place for a text, or taken out where something is masked. */
const REFUSED = [
  /^\/choices\/0\/delta\/tool_calls\//,
  /^\/choices\/0\/logprobs\/tokens\/0$/,
  /^\/data_source\/source\/tools\/0$/,
  /^\/obfuscation$/,
  // A piece of an item that never comes.
  /^\/delta(?:\/|$)/,
];

/** The smallest body with the text at the pointer. */
function toBody(pointer: string, text: string): JsonObject {
  const body = placeText(pointer, text);
  if (!isObject(body)) throw new TypeError("A body is an object.");
  return body;
}

/** The smallest stream with the text at the pointer of one of its events. */
function toEvents(dialect: RouteSpec["dialect"], pointer: string, text: string): readonly object[] {
  const body = toBody(pointer, text);
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

/** Gives the JSON request as it goes out, with the text at the pointer. */
async function toSent(route: Route, pointer: string, text: string): Promise<string> {
  const bytes = Buffer.from(JSON.stringify({ ...NEEDED[route.operation], ...toBody(pointer, text) }));
  const parsed = parser.parse({ route, query: "", contentType: "application/json", bytes, tenant: "t" });
  const masks = createMasks(createMaskAccount(() => ({ push: () => undefined, end: () => "" })));
  masks.add(MASK);
  const masked = await maskRequest(parsed, detector, masks, Buffer.alloc(32), () => undefined);
  return (masked === null ? bytes : rewriteBody(parsed, masked.edits)).toString();
}

/** Gives what goes out of an answer: whole, or the events of a stream. */
async function toAnswered(
  operation: string,
  pointer: string,
  isStream: boolean,
  text: string,
): Promise<string> {
  const fake = createFake({
    operation,
    scanner: detector,
    mask: MASK,
    phases: ["tool_call"],
    ...(NEEDED[operation] !== undefined && { body: NEEDED[operation] }),
  });
  const { spec } = fake.context.request.route;
  if (!isStream) {
    const reader = createWholeReader(fake.context, 200, {});
    reader.push(Buffer.from(JSON.stringify(toBody(pointer, text))));
    reader.end();
    await fake.ended;
    return fake.text();
  }
  fake.context.sink.head(200, {});
  const dialects = { chat: createChatDialect, responses: createResponsesDialect, other: createOtherDialect };
  const reader = createStreamReader(fake.context, dialects[spec.dialect]);
  for (const event of toEvents(spec.dialect, pointer, text))
    reader.push(Buffer.from(`data: ${JSON.stringify(event)}\n\n`));
  reader.push(Buffer.from("data: [DONE]\n\n"));
  reader.end();
  await fake.ended;
  return fake.text();
}

/** Pointers at which the value went on, and those at which neither it nor its mask shows. */
type Found = { readonly leaked: string[]; readonly refused: string[] };

/** Sorts pointers by what became of the value there. */
async function sortOut(
  pointers: readonly string[],
  send: (pointer: string, text: string) => string | Promise<string>,
): Promise<Found> {
  const found: Found = { leaked: [], refused: [] };
  for (const pointer of pointers) {
    if (pointer === "" || DELIBERATE.some((pattern) => pattern.test(pointer))) continue;
    const mayRefuse = REFUSED.some((pattern) => pattern.test(pointer));
    try {
      const sent = await send(pointer, TEXT);
      if (sent.includes(SECRET.slice(8, 16)) || sent.includes(SECRET.slice(-8))) found.leaked.push(pointer);
      else if (!mayRefuse && !sent.includes(MASKED)) found.refused.push(pointer);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      if (!mayRefuse) found.refused.push(pointer);
    }
  }
  return found;
}

describe("a value in a text field of a request", () => {
  it.each(listFields("request", "application/json"))("is masked: %s", async (name, pointers) => {
    const route = routeOf(name);
    const found = await sortOut([...pointers, "/unknown/0/deep"], (pointer, text) =>
      toSent(route, pointer, text),
    );
    expect(found).toEqual({ leaked: [], refused: [] });
  });
});

describe("a value in a text field of an answer", () => {
  it.each(listFields("answer", "application/json"))("is masked: %s", async (name, pointers) => {
    const { operation } = routeOf(name);
    const found = await sortOut([...pointers, "/unknown/0/deep"], (pointer, text) =>
      toAnswered(operation, pointer, false, text),
    );
    expect(found).toEqual({ leaked: [], refused: [] });
  });

  it.each(listFields("answer", "text/event-stream"))("is masked in a stream: %s", async (name, pointers) => {
    const { operation } = routeOf(name);
    const found = await sortOut([...pointers, "/unknown/0/deep"], (pointer, text) =>
      toAnswered(operation, pointer, true, text),
    );
    expect(found).toEqual({ leaked: [], refused: [] });
  });
});

/** Leaves out what was seen in another operation of the same kind. */
function toUnseen(seen: Set<string>, dialect: string, pointers: readonly string[]): readonly string[] {
  return pointers.filter((pointer) => {
    const key = `${dialect} ${pointer.split("/").slice(-2).join("/")}`;
    if (pointer === "" || seen.has(key) || DELIBERATE.some((pattern) => pattern.test(pointer))) return false;
    seen.add(key);
    return true;
  });
}

describe("a value that looks like an id", () => {
  const ways = [
    ["request", "application/json"],
    ["answer", "application/json"],
    ["answer", "text/event-stream"],
  ] as const;
  it.each(ways)("does not pass in any member of a %s, %s", async (direction, media) => {
    const seen = new Set<string>();
    const passed: string[] = [];
    for (const [name, pointers] of listFields(direction, media)) {
      const route = routeOf(name);
      for (const pointer of toUnseen(seen, route.spec.dialect, pointers)) {
        try {
          const sent =
            direction === "request"
              ? await toSent(route, pointer, CARD)
              : await toAnswered(route.operation, pointer, media === "text/event-stream", CARD);
          if (sent.includes(CARD)) passed.push(`${name} ${pointer}`);
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
        }
      }
    }
    expect(passed).toEqual([]);
  });
});
