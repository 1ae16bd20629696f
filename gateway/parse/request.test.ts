import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject, RequestFacts } from "../exchange.ts";
import type { ParsedRequest } from "./parsed.ts";
import { getAt } from "./pointer.ts";
import { isText } from "./apart.ts";
import { createRequestParser } from "./request.ts";
import type { RequestParser } from "./request.ts";
import { matchRoute } from "./route.ts";

function createParser(): RequestParser {
  return createRequestParser({ secret: Buffer.from("a secret"), cacheItems: 1000, limits: { depth: 100 } });
}

function parseText(
  text: string | Buffer,
  options: { url?: string; method?: string; parser?: RequestParser; tenant?: string } = {},
): ParsedRequest {
  const { route, query } = matchRoute(options.method ?? "POST", options.url ?? "/v1/responses");
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return (options.parser ?? createParser()).parse({
    route,
    query,
    contentType: "application/json",
    bytes,
    tenant: options.tenant ?? "default",
  });
}

function parse(body: object, options: Parameters<typeof parseText>[1] = {}): ParsedRequest {
  return parseText(JSON.stringify(body), options);
}

const CHAT = { url: "/v1/chat/completions" };

/** All texts with their absolute pointers. */
function textsOf(parsed: ParsedRequest): string[] {
  const items = parsed.items.flatMap((item) =>
    item.segments.map((segment) => `${item.pointer}${segment.pointer} ${segment.text}`),
  );
  return [...parsed.rest.map((segment) => `${segment.pointer} ${segment.text}`), ...items];
}

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

const inputItem = fc.oneof(
  fc.record({ role: fc.constantFrom("user", "assistant"), content: fc.string({ unit: "grapheme" }) }),
  fc.record({
    type: fc.constant("function_call"),
    call_id: fc.string(),
    name: fc.string(),
    arguments: fc.json(),
  }),
  fc.record({ type: fc.string(), extra: fc.jsonValue({ maxDepth: 3 }) }),
);

describe("a request's body", () => {
  it("is the tree that JSON.parse gives, its items at their pointers, cold and warm, with any white space", () => {
    const parser = createParser();
    fc.assert(
      fc.property(
        fc.array(inputItem, { maxLength: 6 }),
        fc.constantFrom(0, 1, "\t", "\r\n"),
        fc.boolean(),
        (input, indent, first) => {
          const members = { model: "m", metadata: { "a,b": "]}" } };
          const text = JSON.stringify(first ? { input, ...members } : { ...members, input }, null, indent);
          for (let round = 0; round < 2; round++) {
            const parsed = parseText(text, { parser });
            const expected: Json = JSON.parse(text);
            expect(parsed.body()).toEqual(expected);
            expect(JSON.stringify(parsed.body())).toBe(JSON.stringify(expected));
            expect(parsed.items).toHaveLength(input.length);
            for (const item of parsed.items) expect(item.value).toEqual(getAt(expected, item.pointer));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is refused by the parser exactly where strict parsing of the whole refuses it", () => {
    const parser = createParser();
    const text =
      '{"model":"m","input":[{"role":"user","content":"a\\"b"},{"type":"x","v":[1,{"k":null}]}],"store":true}';
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom("{", "}", "[", "]", '"', ",", ":", "\\", "0", " ", "n", "\u0001"),
        fc.boolean(),
        (at, extra, replace) => {
          const place = at % text.length;
          const changed = text.slice(0, place) + extra + text.slice(place + (replace ? 1 : 0));
          let valid = true;
          try {
            JSON.parse(changed);
          } catch {
            valid = false;
          }
          const error = errorOf(() => parseText(changed, { parser }));
          if (!valid) expect(error).toMatchObject({ code: "body_invalid" });
          else if (error !== undefined)
            expect(error).toMatchObject({ code: expect.stringMatching(/^body_(?:shape|invalid)$/) });
          else expect(parseText(changed, { parser }).body()).toEqual(JSON.parse(changed));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    '{"input":[],"input":[]}',
    '{"input":"a","input":[]}',
    String.raw`{"input":[{"role":"user","content":"a"}],"\u0069nput":[{"role":"user","content":"b"}]}`,
    String.raw`{"\u0069nput":[],"input":"b"}`,
    '{"model":"a","input":[],"model":"b"}',
    '{"input":[{"role":"user","role":"user","content":"a"}]}',
    '{"input":[{"a":1},]}',
    '{"input":[,{"a":1}]}',
    '{"input":[{"a":1}{"b":1}]}',
    '{"input":[{"a":1}] "model":"x"}',
    '{"input":[{"a":1]}]}',
    '{"input":[]},',
    '{"input":[]',
    "",
    '{"input":["\\ud800"]}',
    '{"input":[12345678901234567890]}',
  ])("is refused as invalid: %s", (text) => {
    expect(errorOf(() => parseText(text))).toMatchObject({ code: "body_invalid" });
  });

  it("is refused with an invalid byte in an item that is otherwise known", () => {
    const parser = createParser();
    const good = Buffer.from('{"input":[{"role":"user","content":"ab"}]}');
    parseText(good, { parser });
    const bad = Buffer.from(good);
    bad[bad.indexOf("ab")] = 0xff;
    expect(errorOf(() => parseText(bad, { parser }))).toMatchObject({ code: "body_invalid" });
  });

  it("is found under an escaped name", () => {
    const parsed = parseText(String.raw`{"\u0069nput":[{"role":"user","content":"hidden"}]}`);
    expect(parsed.items).toHaveLength(1);
    expect(textsOf(parsed)).toContain("/input/0/content hidden");
  });

  it("is bounded in depth, its items too", () => {
    const nest = (levels: number) =>
      `{"input":[{"role":"user","x":${"[".repeat(levels)}${"]".repeat(levels)}}]}`;
    expect(errorOf(() => parseText(nest(98)))).toMatchObject({ code: "body_too_deep" });
    expect(errorOf(() => parseText(nest(97)))).toBeUndefined();
    expect(errorOf(() => parseText(nest(10_000)))).toMatchObject({ code: "body_too_deep" });
  });

  it("may have 49,000 unknown members, each of which is text", () => {
    const members = Object.fromEntries(Array.from({ length: 49_000 }, (_, index) => [`k${index}`, "v"]));
    const parsed = parse({ input: "a", ...members });
    expect(parsed.rest).toHaveLength(98_000);
  });

  it.each([
    ["application/json", true],
    ["application/json; charset=utf-8", true],
    ['Application/JSON;charset="UTF-8"', true],
    ["application/json; charset=latin1", false],
    ["application/json; charset=utf-8; charset=latin1", false],
    ["text/plain", false],
    ["application/jsonp", false],
    ["multipart/form-data; boundary=x", false],
    [undefined, false],
  ])("with content type %s is taken: %s", (contentType, taken) => {
    const { route, query } = matchRoute("POST", "/v1/responses");
    const error = errorOf(() =>
      createParser().parse({ route, query, contentType, bytes: Buffer.from('{"input":"a"}'), tenant: "t" }),
    );
    if (taken) expect(error).toBeUndefined();
    else expect(error).toMatchObject({ code: "body_encoding_unsupported" });
  });

  it.each([
    [{ model: 1 }, "/model"],
    [{ stream: "true" }, "/stream"],
    [{ stream: 1 }, "/stream"],
    [{ store: "false" }, "/store"],
    [{ background: 1 }, "/background"],
    [{ max_output_tokens: "5" }, "/max_output_tokens"],
    [{ max_output_tokens: -5 }, "/max_output_tokens"],
    [{ max_output_tokens: 1.5 }, "/max_output_tokens"],
    [{ temperature: "1" }, "/temperature"],
    [{ input: {} }, "/input"],
    [{ input: 5 }, "/input"],
    [{ input: [5] }, ""],
    [{ input: [[]] }, ""],
    [{ input: [{ type: 5 }] }, "/type"],
    [{ tools: {} }, "/tools"],
    [{ tools: ["x"] }, "/tools/0"],
    [{ tools: [{ type: 1 }] }, "/tools/0/type"],
    [{ tools: [{ type: "mcp", server_url: "nonsense" }] }, "/tools/0/server_url"],
    [{ previous_response_id: 5 }, "/previous_response_id"],
    [{ conversation: 5 }, "/conversation"],
    [{ conversation: {} }, "/conversation"],
    [{ prompt: "pmpt_1" }, "/prompt"],
    [{ include: "all" }, "/include"],
    [{ stream_options: [] }, "/stream_options"],
  ])("is refused where a member has the wrong type: %j", (body, param) => {
    expect(errorOf(() => parse(body))).toMatchObject({ code: "body_shape", param });
  });

  it.each([
    [{}],
    [{ messages: "a" }],
    [{ messages: {} }],
    [{ messages: ["a", 1] }],
    [{ messages: [1] }],
    [{ messages: [], n: "2" }],
  ])("of a chat is refused where a member has the wrong type: %j", (body) => {
    expect(errorOf(() => parse(body, CHAT))).toMatchObject({ code: "body_shape" });
  });

  it.each(["[]", "null", '"a"', "5"])("is refused where it is no object: %s", (text) => {
    expect(errorOf(() => parseText(text))).toMatchObject({ code: "body_shape" });
  });

  it("takes null for absent", () => {
    const parsed = parse({
      model: null,
      stream: null,
      store: null,
      temperature: null,
      tools: null,
      conversation: null,
      prompt: null,
      previous_response_id: null,
      input: null,
    });
    expect(parsed.facts).toMatchObject({
      model: null,
      stream: false,
      store: null,
      server_state: false,
      items: 0,
      hidden: [],
    });
  });
});

describe("the cache of items", () => {
  it("gives the same item object's parts for the same bytes, and its own to another tenant, family or text", () => {
    const parser = createParser();
    const body = { input: [{ role: "user", content: "hello" }] };
    const first = parse(body, { parser }).items[0];
    const again = parse({ ...body, input: [{ role: "user", content: "x" }, ...body.input] }, { parser })
      .items[1];
    expect(again?.hash).toBe(first?.hash);
    expect(again?.derived).toBe(first?.derived);
    expect(again?.segments).toBe(first?.segments);
    expect(again?.pointer).toBe("/input/1");
    expect(parse(body, { parser, tenant: "other" }).items[0]?.hash).not.toBe(first?.hash);
    expect(parse({ messages: body.input }, { parser, ...CHAT }).items[0]?.hash).not.toBe(first?.hash);
    expect(parse(body).items[0]?.hash).toBe(first?.hash);
  });

  it("knows the rest by its bytes, whatever the items are", () => {
    const one = parse({ model: "m", input: [{ role: "user", content: "a" }], tools: [] });
    const two = parse({ model: "m", input: [{ role: "user", content: "b" }], tools: [] });
    expect(two.restHash).toBe(one.restHash);
    expect(parse({ model: "n", input: [{ role: "user", content: "a" }], tools: [] }).restHash).not.toBe(
      one.restHash,
    );
  });

  it("stays right when it overflows", () => {
    const parser = createRequestParser({ secret: Buffer.from("s"), cacheItems: 2, limits: { depth: 50 } });
    for (let round = 0; round < 3; round++) {
      const input = Array.from({ length: 20 }, (_, index) => ({ role: "user", content: `text ${index}` }));
      expect(parse({ input }, { parser }).body()).toEqual({ input });
    }
  });
});

describe("the memory of histories", () => {
  const word = fc.constantFrom("a", "b", '"', "\\", "é", "]}", "x".repeat(50));
  const turn: fc.Arbitrary<JsonObject> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ role: fc.constantFrom("user", "assistant"), content: word }) },
    fc.constantFrom(
      { role: "user", content: [{ type: "input_image", file_id: "file-1" }] },
      { role: "user", type: "reasoning", id: "rs_1", encrypted_content: "c2VjcmV0", summary: [] },
      { role: "assistant", type: "new_thing", run: "ls" },
      { role: "user", type: "additional_tools", tools: [{ type: "web_search" }] },
    ),
  );
  /** A step: cut the history to a share of it, change one item or none, add some, write it with some white space. */
  const step = fc.record({
    share: fc.constantFrom(1, 1, 1, 0.9, 0.5, 0),
    change: fc.option(fc.nat(), { freq: 3 }),
    add: fc.array(turn, { maxLength: 4 }),
    indent: fc.constantFrom(0, 0, 0, 1),
    tenant: fc.constantFrom("t", "t", "t", "u"),
    chat: fc.boolean(),
  });

  it("changes nothing of what is read, however histories grow, branch and change", () => {
    fc.assert(
      fc.property(
        fc.array(turn, { minLength: 3, maxLength: 12 }),
        fc.array(step, { maxLength: 12 }),
        (start, steps) => {
          const parser = createParser();
          let items: readonly JsonObject[] = start;
          for (const { share, change, add, indent, tenant, chat } of steps) {
            items = [...items.slice(0, Math.max(3, Math.ceil(items.length * share))), ...add];
            if (change !== null)
              items = items.with(change % items.length, { role: "user", content: `changed ${change}` });
            const options = chat ? { ...CHAT, tenant } : { tenant };
            const text = JSON.stringify(
              { model: "m", [chat ? "messages" : "input"]: items, store: true },
              null,
              indent,
            );
            const warm = parseText(text, { ...options, parser });
            const cold = parseText(text, options);
            expect({ ...warm, body: warm.body(), start: null }).toEqual({ ...cold, body: cold.body() });
            expect(warm.body()).toEqual(JSON.parse(text));
            expect(warm.start?.count ?? 0).toBeLessThanOrEqual(items.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("tells where the items stand, also where another operation had them under another name", () => {
    const parser = createParser();
    const items = Array.from({ length: 6 }, (_, index) => ({ role: "user", content: `text ${index}` }));
    parse({ model: "gpt-5", input: items }, { parser });
    parse({ model: "gpt-5", input: items }, { parser });
    const other = parse({ items }, { parser, url: "/v1/conversations" });
    expect(other.items.map(({ pointer }) => pointer)).toEqual(items.map((_, index) => `/items/${index}`));
  });

  it("keeps no hold of the request's bytes", () => {
    const parser = createParser();
    const input = Array.from({ length: 8 }, (_, index) => ({ role: "user", content: `text ${index}` }));
    const bytes = Buffer.from(JSON.stringify({ input }));
    parseText(bytes, { parser });
    bytes.fill(0x20);
    expect(parse({ input }, { parser }).body()).toEqual({ input });
  });

  it("refuses what breaks the syntax right behind a history that is known", () => {
    const parser = createParser();
    const known =
      '{"input":[{"role":"user","content":"1"},{"role":"user","content":"2"},{"role":"user","content":"3"},{"role":"user","content":"4"}';
    parseText(`${known}]}`, { parser });
    for (const end of ["", "]", "}", ",]}", " 5]}", "{}]}", ']"a":1}', "]]}", ":1]}"]) {
      expect(errorOf(() => parseText(known + end, { parser }))).toMatchObject({ code: "body_invalid" });
    }
    expect(parseText(`${known} , {"role":"user"}]}`, { parser }).items).toHaveLength(5);
  });
});

describe("the facts of a request", () => {
  it("say what a response request is", () => {
    const { facts, answer, prompts } = parse({
      model: "gpt-5",
      stream: true,
      store: false,
      background: true,
      max_output_tokens: 100,
      temperature: 0.5,
      instructions: "äb",
      input: [
        { role: "user", content: "one" },
        { role: "assistant", content: "two" },
        {
          role: "user",
          content: [
            { type: "input_text", text: "three" },
            { type: "input_image", image_url: "data:image/png;base64,AAAA" },
          ],
        },
        {
          role: "user",
          content: [
            { type: "input_file", file_id: "file-1" },
            { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
          ],
        },
        { type: "function_call", call_id: "call_1", name: "f", arguments: "{}" },
        { type: "function_call_output", call_id: "call_1", output: "out" },
      ],
    });
    expect(facts).toEqual({
      model: "gpt-5",
      models: [],
      stream: true,
      store: false,
      background: true,
      bytes: expect.any(Number),
      items: 6,
      chars: 2 + 3 + 3 + 5 + 1 + 2 + 3,
      max_output_tokens: 100,
      n: 1,
      temperature: 0.5,
      tokens: { count: 3 + 3 + 3 + 5 + 1 + 2 + 3, exact: false },
      roles: { user: 3, assistant: 2, tool: 1 },
      media: { images: 1, audio: 1, files: 1 },
      files: [],
      token_ids: 0,
      server_state: false,
      hidden: [],
      logprobs: false,
      betas: [],
      beta: false,
      unknown_items: [],
      truncated: false,
    });
    expect(answer).toEqual({ stream: true, includeUsage: null, startingAfter: null, logprobs: false });
    expect(prompts).toEqual([2, 3]);
  });

  it("tells which betas are asked for, in the header and in the query", () => {
    const ask = (betaHeader: string | undefined, query = ""): RequestFacts => {
      const { route } = matchRoute("POST", "/v1/responses");
      const bytes = Buffer.from('{"input":"a"}');
      return createParser().parse({
        route,
        query,
        contentType: "application/json",
        betaHeader,
        bytes,
        tenant: "t",
      }).facts;
    };
    expect(ask(undefined)).toMatchObject({ betas: [], beta: false });
    expect(ask("responses=v1, agents=v1 ,,", "beta=true")).toMatchObject({
      betas: ["responses=v1", "agents=v1"],
      beta: true,
      truncated: false,
    });
    // Whatever does not plainly say no may mean yes.
    expect([ask("", "beta=1").beta, ask("", "beta=").beta, ask("", "beta=false").beta]).toEqual([
      true,
      true,
      false,
    ]);
    const many = ask(Array.from({ length: 17 }, (_, index) => `${"x".repeat(200)}${index}`).join(","));
    expect(many.betas).toHaveLength(16);
    expect(many.betas[0]).toHaveLength(128);
    expect(many.truncated).toBe(true);
  });

  it("say what a chat request is", () => {
    const { facts, answer, items } = parse(
      {
        model: "gpt-4o",
        stream: true,
        stream_options: { include_usage: false },
        n: 3,
        max_tokens: 5,
        max_completion_tokens: 9,
        logprobs: true,
        messages: [
          { role: "system", content: "s" },
          {
            role: "user",
            content: [
              { type: "text", text: "u" },
              { type: "image_url", image_url: { url: "https://x.example/?q=secret" } },
              { type: "input_audio", input_audio: { data: "AAAA", format: "wav" } },
              { type: "file", file: { file_data: "data:application/pdf;base64,AAAA", filename: "plan.pdf" } },
            ],
          },
          {
            role: "assistant",
            content: null,
            tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }],
          },
          { role: "tool", tool_call_id: "call_1", content: "done" },
        ],
      },
      CHAT,
    );
    expect(facts).toMatchObject({
      n: 3,
      max_output_tokens: 9,
      logprobs: true,
      roles: { system: 1, user: 1, assistant: 1, tool: 1 },
      media: { images: 1, audio: 1, files: 1 },
    });
    expect(answer).toMatchObject({ stream: true, includeUsage: false, logprobs: true });
    expect(items[3]?.callOutput).toEqual({ callId: "call_1" });
    expect(items[1]?.segments.filter(isText).map(({ kind, text }) => [kind, text])).toEqual([
      ["message", "u"],
      ["message", "https://x.example/?q=secret"],
      ["file_name", "plan.pdf"],
    ]);
  });

  it.each([[{ top_logprobs: 5 }], [{ include: ["message.output_text.logprobs"] }]])(
    "tell that %j asks for log probabilities",
    (body) => {
      expect(parse({ input: "a", ...body }).facts.logprobs).toBe(true);
    },
  );

  it.each([
    [
      { previous_response_id: "resp_1" },
      { kind: "response", id: "resp_1", pointer: "/previous_response_id" },
    ],
    [{ conversation: "conv_1" }, { kind: "conversation", id: "conv_1", pointer: "/conversation" }],
    [{ conversation: { id: "conv_1" } }, { kind: "conversation", id: "conv_1", pointer: "/conversation/id" }],
  ])("tell that earlier turns lie with the provider: %j", (body, reference) => {
    const parsed = parse({ input: "a", ...body });
    expect(parsed.facts.server_state).toBe(true);
    expect(parsed.references).toEqual([reference]);
  });

  it("name what hides, and read a stored prompt's variables", () => {
    const parsed = parse({
      prompt: {
        id: "pmpt_1",
        version: "3",
        variables: { city: "Oslo", doc: { type: "input_file", file_id: "file-9" }, id: "plain" },
      },
      input: "a",
      agent: { id: "agent_1" },
    });
    expect(parsed.facts.hidden).toEqual([
      { kind: "prompt", id: "pmpt_1", version: "3" },
      { kind: "agent", id: "agent_1", version: null },
    ]);
    expect(textsOf(parsed)).toEqual(
      expect.arrayContaining([
        "/prompt/variables/city city",
        "/prompt/variables/city Oslo",
        "/prompt/variables/id plain",
      ]),
    );
    expect(parsed.references).toContainEqual({
      kind: "file",
      id: "file-9",
      pointer: "/prompt/variables/doc/file_id",
    });
  });

  it("tell a hosted agent that lies with the provider from one that stands in the request", () => {
    const hides = (body: object, url: string): unknown =>
      parse(body, { url }).facts.hidden.map(({ kind, id }) => `${kind} ${id}`);
    const inline = { model: "gpt-5.4", instructions: "Help." };
    const sessions = "/v1/agents/sessions";
    expect(hides({ agent: inline }, sessions)).toEqual([]);
    expect(hides({ agent: inline, agent_id: "agent_1" }, sessions)).toEqual(["agent agent_1"]);
    expect(hides({ agent: { id: "agent_1" } }, sessions)).toEqual(["agent agent_1"]);
    expect(hides({ agent: "agent_1" }, sessions)).toEqual(["agent agent_1"]);
    const automations = "/v1/agents/automations";
    expect(hides({ target: { type: "new_session", agent: inline } }, automations)).toEqual([]);
    expect(hides({ target: { type: "new_session", agent_id: "agent_1" } }, automations)).toEqual([
      "agent agent_1",
    ]);
    expect(parse({ agent: inline }, { url: sessions }).facts.model).toBe("gpt-5.4");
    // What the API does not know there may be a name for something that it keeps.
    expect(hides({ input: "a", agent: inline }, "/v1/responses")).toEqual(["agent "]);
  });

  it("are bounded", () => {
    const parsed = parse({
      model: "m".repeat(1000),
      input: Array.from({ length: 100 }, (_, index) => ({ type: `weird_${index}` })),
      tools: Array.from({ length: 100 }, (_, index) => ({
        type: "function",
        name: `${index}${"x".repeat(1000)}`,
      })),
    });
    expect(parsed.facts.model).toHaveLength(256);
    expect(parsed.facts.unknown_items).toHaveLength(64);
    expect(parsed.tools).toHaveLength(64);
    expect(Math.max(...parsed.tools.map((tool) => tool.name?.length ?? 0))).toBe(256);
    expect(parsed.facts.truncated).toBe(true);
  });

  it("take an input that is a string for one message of the user", () => {
    const parsed = parse({ model: "m", input: "hello" });
    expect(parsed.items).toEqual([
      expect.objectContaining({
        pointer: "/input",
        value: "hello",
        type: "message",
        role: "user",
        segments: [{ pointer: "", kind: "message", role: "user", text: "hello" }],
      }),
    ]);
    expect(parsed.body()).toEqual({ model: "m", input: "hello" });
    expect(parsed.prompts).toEqual([0]);
  });
});

describe("the stored objects' operations", () => {
  const nothing = Buffer.alloc(0);

  it("resume a stream by the query", () => {
    const parsed = parseText(nothing, {
      method: "GET",
      url: "/v1/responses/resp_1?stream=true&starting_after=12&include[]=message.output_text.logprobs&include[]=x",
    });
    expect(parsed.answer).toEqual({ stream: true, includeUsage: null, startingAfter: 12, logprobs: true });
    expect(parsed.facts).toMatchObject({ stream: true, logprobs: true, items: 0, bytes: 0 });
    expect(parsed.references).toEqual([{ kind: "response", id: "resp_1", pointer: "" }]);
    expect(parsed.body()).toBeNull();
    expect(parsed.layout).toBeNull();
  });

  it.each([
    ["POST", "/v1/responses/resp_1/cancel", "response"],
    ["DELETE", "/v1/responses/resp_1", "response"],
    ["GET", "/v1/responses/resp_1/input_items?after=msg_1&limit=20&order=asc", "response"],
    ["GET", "/v1/chat/completions/resp_1", "chat_completion"],
    ["DELETE", "/v1/chat/completions/resp_1", "chat_completion"],
    ["GET", "/v1/chat/completions/resp_1/messages", "chat_completion"],
  ])("take %s %s with an empty body and any content type", (method, url, kind) => {
    for (const contentType of [undefined, "application/json", "text/plain"]) {
      const { route, query } = matchRoute(method, url);
      const parsed = createParser().parse({ route, query, contentType, bytes: nothing, tenant: "t" });
      expect(parsed.references).toEqual([{ kind, id: "resp_1", pointer: "" }]);
      expect(parsed.answer.stream).toBe(false);
    }
  });

  it("refuse a body where none belongs", () => {
    expect(errorOf(() => parseText("{}", { method: "GET", url: "/v1/responses/resp_1" }))).toMatchObject({
      code: "body_invalid",
    });
    expect(errorOf(() => parseText(nothing, { url: "/v1/chat/completions/c1" }))).toMatchObject({
      code: "body_invalid",
    });
    expect(errorOf(() => parseText("{}", { url: "/v1/responses/resp_1/cancel" }))).toBeUndefined();
  });

  it("read the metadata of an update", () => {
    const parsed = parse({ metadata: { note: "call me" } }, { url: "/v1/chat/completions/c1" });
    expect(parsed.rest.filter(isText)).toEqual([
      { pointer: "/metadata/note", kind: "metadata", role: "none", text: "note", part: { of: "name" } },
      { pointer: "/metadata/note", kind: "metadata", role: "none", text: "call me" },
    ]);
    expect(parsed.references).toEqual([{ kind: "chat_completion", id: "c1", pointer: "" }]);
    expect(parsed.body()).toEqual({ metadata: { note: "call me" } });
  });
});
