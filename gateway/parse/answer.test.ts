import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../exchange.ts";
import type { Segment } from "../exchange.ts";
import { parseAnswer } from "./answer.ts";
import { isText } from "./apart.ts";
import { getAt } from "./pointer.ts";
import { getRoute } from "../routes.ts";

const RESPONSE = {
  id: "resp_1",
  object: "response",
  created_at: 1,
  status: "completed",
  model: "gpt-5-2026",
  conversation: { id: "conv_1" },
  previous_response_id: "resp_0",
  instructions: "be good",
  metadata: { k: "v" },
  tools: [{ type: "function", name: "f", parameters: {} }],
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 2 },
    total_tokens: 15,
  },
};

function respond(output: Json, more: Record<string, Json> = {}) {
  return parseAnswer(getRoute("responses.create"), { ...RESPONSE, output, ...more });
}

function complete(message: Json, more: Json[] = []) {
  const choices = [message, ...more].map((each, index) => ({
    index,
    message: each,
    finish_reason: "stop",
    logprobs: null,
  }));
  return parseAnswer(getRoute("chat.completions.create"), {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "gpt-4o",
    choices,
  });
}

describe("a response", () => {
  it("says what it is, whose it is, and what it cost", () => {
    const answer = respond([
      { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "S" }] },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: [
          {
            type: "output_text",
            text: "T",
            annotations: [
              {
                type: "container_file_citation",
                container_id: "cntr_1",
                file_id: "cfile_1",
                filename: "a.csv",
                start_index: 0,
                end_index: 1,
              },
            ],
          },
        ],
      },
      { type: "code_interpreter_call", id: "ci_1", container_id: "cntr_2", code: "1", outputs: null },
    ]);
    expect(answer).toMatchObject({
      id: "resp_1",
      model: "gpt-5-2026",
      status: "completed",
      conversation: "conv_1",
      calls: [],
    });
    expect(answer.usage).toEqual({
      input_tokens: 10,
      cached_tokens: 4,
      output_tokens: 5,
      reasoning_tokens: 2,
      total_tokens: 15,
      estimated: false,
    });
    expect(answer.objectIds.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      "response resp_1",
      "item rs_1",
      "item msg_1",
      "file cfile_1",
      "container cntr_1",
      "item ci_1",
      "container cntr_2",
      "conversation conv_1",
    ]);
    expect(
      answer.segments.filter(isText).map(({ pointer, kind, text }) => `${pointer} ${kind} ${text}`),
    ).toEqual(
      expect.arrayContaining([
        "/instructions instructions be good",
        "/metadata/k metadata v",
        "/tools/0/name tool_definition f",
        "/output/0/summary/0/text reasoning S",
        "/output/1/content/0/text message T",
        "/output/2/code tool_arguments 1",
      ]),
    );
  });

  it.each([
    [
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "f", arguments: '{"a":1}' },
      { id: "call_1", type: "function_call", name: "f", arguments: '{"a":1}' },
    ],
    [
      { type: "custom_tool_call", id: "ctc_1", call_id: "call_1", name: "sql", input: "drop" },
      { id: "call_1", type: "custom_tool_call", name: "sql", arguments: "drop" },
    ],
    [
      { type: "mcp_approval_request", id: "mcpr_1", server_label: "s", name: "n", arguments: "{}" },
      { id: "mcpr_1", type: "mcp_approval_request", name: "n", arguments: "{}" },
    ],
    ...[
      { type: "shell_call", id: "sh_1", call_id: "call_1", action: { commands: ["ls"] } },
      {
        type: "local_shell_call",
        id: "l_1",
        call_id: "call_1",
        action: { type: "exec", command: ["ls"], env: {} },
      },
      {
        type: "apply_patch_call",
        id: "ap_1",
        call_id: "call_1",
        operation: { type: "delete_file", path: "a" },
      },
      { type: "computer_call", id: "cu_1", call_id: "call_1", action: { type: "click", x: 1, y: 2 } },
      { type: "tool_search_call", id: "ts_1", call_id: "call_1", execution: "client", arguments: {} },
      { type: "program", id: "p_1", call_id: "call_1", code: "1", fingerprint: "f" },
      { type: "launch_missiles", id: "x_1", call_id: "call_1", target: "moon" },
      { type: "function_call", call_id: "call_1", arguments: { a: 1 } },
    ].map((item): [Json, object] => [
      item,
      { id: "call_1", type: item.type, name: null, arguments: JSON.stringify(item) },
    ]),
    [
      { id: "x_1", what: "?" },
      { id: "x_1", type: "unknown", name: null, arguments: '{"id":"x_1","what":"?"}' },
    ],
    [
      { type: 5, role: "assistant" },
      { id: "/output/1", type: "unknown", name: null, arguments: '{"type":5,"role":"assistant"}' },
    ],
  ])("calls what may run on the caller's machine: %j", (item, call) => {
    expect(respond([{ type: "message", role: "assistant", content: [] }, item]).calls).toEqual([
      { ...call, pointer: "/output/1" },
    ]);
  });

  it.each([
    "message",
    "reasoning",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
    "mcp_list_tools",
    "compaction",
    "function_call_output",
    "shell_call_output",
    "tool_search_output",
    "program_output",
    "mcp_approval_response",
  ])("does not call by a %s", (type) => {
    expect(respond([{ type, id: "i_1", call_id: "call_1" }]).calls).toEqual([]);
  });

  it("does not call by a tool search that the provider runs", () => {
    expect(
      respond([{ type: "tool_search_call", id: "ts_1", execution: "server", arguments: {} }]).calls,
    ).toEqual([]);
  });

  it("may have failed, and its error is text", () => {
    const answer = respond([], {
      status: "failed",
      usage: null,
      error: { code: "server_error", message: "it broke" },
    });
    expect(answer).toMatchObject({ status: "failed", usage: null });
    expect(answer.segments).toContainEqual({
      pointer: "/error/message",
      kind: "other",
      role: "none",
      text: "it broke",
    });
  });

  it("gives each call of many, at its own place", () => {
    const calls = Array.from({ length: 5 }, (_, index) => ({
      type: "function_call",
      call_id: `call_${index}`,
      name: "f",
      arguments: "{}",
    }));
    expect(respond(calls).calls.map(({ id, pointer }) => `${id} ${pointer}`)).toEqual([
      "call_0 /output/0",
      "call_1 /output/1",
      "call_2 /output/2",
      "call_3 /output/3",
      "call_4 /output/4",
    ]);
  });

  it("lists its input items with their calls", () => {
    const answer = parseAnswer(getRoute("responses.input_items"), {
      object: "list",
      data: [
        { type: "message", id: "msg_1", role: "user", content: [{ type: "input_text", text: "T" }] },
        { type: "shell_call", call_id: "call_1", action: { commands: ["ls"] } },
      ],
      has_more: false,
      first_id: "msg_1",
      last_id: "sh_1",
    });
    expect(answer.segments).toContainEqual({
      pointer: "/data/0/content/0/text",
      kind: "message",
      role: "user",
      text: "T",
    });
    expect(answer.calls).toMatchObject([{ type: "shell_call", pointer: "/data/1" }]);
    expect(answer).toMatchObject({ id: null, status: null });
  });
});

describe("a chat completion", () => {
  it("gives the texts and calls of every choice", () => {
    const answer = complete(
      {
        role: "assistant",
        content: "A",
        refusal: null,
        annotations: [
          {
            type: "url_citation",
            url_citation: { url: "https://x.example", title: "X", start_index: 0, end_index: 1 },
          },
        ],
      },
      [
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } },
            { id: "call_2", type: "custom", custom: { name: "c", input: "I" } },
          ],
        },
        { role: "assistant", content: null, function_call: { name: "old", arguments: "{1}" } },
        {
          role: "assistant",
          refusal: "no",
          reasoning_content: "R",
          audio: { id: "audio_1", data: "AAAA", transcript: "said", expires_at: 1 },
        },
      ],
    );
    expect(answer.calls).toEqual([
      {
        id: "call_1",
        type: "function_call",
        name: "f",
        arguments: "{}",
        pointer: "/choices/1/message/tool_calls/0",
      },
      {
        id: "call_2",
        type: "custom_tool_call",
        name: "c",
        arguments: "I",
        pointer: "/choices/1/message/tool_calls/1",
      },
      {
        id: "/choices/2/message/function_call",
        type: "function_call",
        name: "old",
        arguments: "{1}",
        pointer: "/choices/2/message/function_call",
      },
    ]);
    expect(
      answer.segments.filter(isText).map(({ pointer, kind, text }) => `${pointer} ${kind} ${text}`),
    ).toEqual([
      "/choices/0/message/content message A",
      "/choices/0/message/annotations/0/url_citation/url message https://x.example",
      "/choices/0/message/annotations/0/url_citation/title message X",
      "/choices/1/message/tool_calls/0/function/name tool_arguments f",
      "/choices/1/message/tool_calls/0/function/arguments tool_arguments {}",
      "/choices/1/message/tool_calls/1/custom/name tool_arguments c",
      "/choices/1/message/tool_calls/1/custom/input tool_arguments I",
      "/choices/2/message/function_call/name tool_arguments old",
      "/choices/2/message/function_call/arguments tool_arguments {1}",
      "/choices/3/message/refusal message no",
      "/choices/3/message/reasoning_content reasoning R",
      "/choices/3/message/audio/transcript message said",
    ]);
    expect(answer.objectIds).toEqual([
      { kind: "chat_completion", id: "chatcmpl-1" },
      { kind: "other", id: "audio_1" },
    ]);
  });

  it.each([
    [
      { tool_calls: [{ id: "c", type: "new", new: {} }] },
      {
        id: "c",
        type: "new",
        name: null,
        arguments: '{"id":"c","type":"new","new":{}}',
        pointer: "/choices/0/message/tool_calls/0",
      },
    ],
    [
      { tool_calls: ["what"] },
      {
        id: "/choices/0/message/tool_calls/0",
        type: "unknown",
        name: null,
        arguments: '"what"',
        pointer: "/choices/0/message/tool_calls/0",
      },
    ],
    [
      { tool_calls: [{ function: { name: "f", arguments: { a: 1 } } }] },
      {
        id: "/choices/0/message/tool_calls/0",
        type: "function_call",
        name: "f",
        arguments: '{"name":"f","arguments":{"a":1}}',
        pointer: "/choices/0/message/tool_calls/0",
      },
    ],
  ])("calls by a shape that it should not have: %j", (message, call) => {
    expect(complete({ role: "assistant", ...message }).calls).toEqual([call]);
  });

  it("counts in its own words", () => {
    const answer = parseAnswer(getRoute("chat.completions.retrieve"), {
      id: "c",
      usage: {
        prompt_tokens: 7,
        completion_tokens: 3,
        total_tokens: 10,
        prompt_tokens_details: { cached_tokens: 1 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    });
    expect(answer.usage).toEqual({
      input_tokens: 7,
      cached_tokens: 1,
      output_tokens: 3,
      reasoning_tokens: 2,
      total_tokens: 10,
      estimated: false,
    });
  });

  it("lists its messages with their calls", () => {
    const answer = parseAnswer(getRoute("chat.completions.messages"), {
      object: "list",
      data: [
        { id: "c-0", role: "user", content: "U" },
        {
          id: "c-1",
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }],
        },
      ],
    });
    expect(answer.segments.find(isText)).toEqual({
      pointer: "/data/0/content",
      kind: "message",
      role: "user",
      text: "U",
    });
    expect(answer.calls).toMatchObject([{ id: "call_1", pointer: "/data/1/tool_calls/0" }]);
  });
});

/** Gives the texts, or none of what is refused because it can be read in more than one way. */
function segmentsOf(...input: Parameters<typeof parseAnswer>): readonly Segment[] {
  try {
    return parseAnswer(...input).segments;
  } catch (error) {
    expect(error).toMatchObject({ code: "answer_unreadable" });
    return [];
  }
}

describe("an item of a conversation", () => {
  const route = getRoute("conversations.items.retrieve");

  it("is judged where it stands as the whole answer, whatever stands beside it", () => {
    const item = { type: "function_call", id: "fc_1", call_id: "call_1", name: "f", arguments: "{}" };
    expect(parseAnswer(route, { ...item, error: {} }).calls).toHaveLength(1);
  });

  it("is not what an error is taken for that stands in its place", () => {
    const { calls, segments } = parseAnswer(route, { error: { message: "No such item.", code: null } });
    expect(calls).toEqual([]);
    expect(segments.map(({ text }) => text)).toEqual(["No such item."]);
  });
});

describe("an answer that names within what it makes", () => {
  it.each([
    ["live.sessions.create", { session: { id: "live_1" } }, { kind: "live_session", id: "live_1" }],
    ["live.sessions.fork", { session: { id: "live_2" } }, { kind: "live_session", id: "live_2" }],
    ["threads.create_and_run", { id: "run_1", thread_id: "thread_1" }, { kind: "thread", id: "thread_1" }],
  ])("makes it known: %s", (operation, value, made) => {
    expect(parseAnswer(getRoute(operation), value).objectIds).toEqual([made]);
  });

  it("makes nothing of it where another operation answers", () => {
    expect(
      parseAnswer(getRoute("threads.runs.create"), { id: "run_1", thread_id: "thread_1" }).objectIds,
    ).toEqual([]);
  });
});

describe("any answer", () => {
  it("is read, each text at its pointer, or refused", () => {
    const key = fc.constantFrom(
      "output",
      "choices",
      "message",
      "data",
      "tools",
      "tool_calls",
      "content",
      "type",
      "id",
      "function",
      "arguments",
      "usage",
      "delta",
      "x/y~",
    );
    const leaf = fc.oneof(fc.string(), fc.constantFrom("message", "function_call", null, 1, true));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        leaf,
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(
        tree,
        fc.constantFrom(
          "responses.create" as const,
          "chat.completions.create" as const,
          "responses.input_items" as const,
        ),
        (raw, operation) => {
          const value: Json = JSON.parse(JSON.stringify(raw));
          for (const { pointer, text, part } of segmentsOf(getRoute(operation), value))
            if (part === undefined) expect(getAt(value, pointer)).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });
});
