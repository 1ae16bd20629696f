import { describe, expect, it } from "vitest";
import type { ToolFacts } from "../exchange.ts";
import { matchRoute } from "./route.ts";
import { createRequestParser } from "./request.ts";
import type { ParsedRequest } from "./parsed.ts";

function parse(body: object, url = "/v1/responses"): ParsedRequest {
  const parser = createRequestParser({ secret: Buffer.from("s"), cacheItems: 10, limits: { depth: 50 } });
  return parser.parse({
    ...matchRoute("POST", url),
    contentType: "application/json",
    bytes: Buffer.from(JSON.stringify(body)),
    tenant: "t",
  });
}

const CHAT = "/v1/chat/completions";
const plain: ToolFacts = {
  type: "function",
  name: null,
  server_label: null,
  server_host: null,
  connector_id: null,
  require_approval: null,
  model: null,
};

describe("the tools of a request", () => {
  it("tell the model that they work with", () => {
    const tools = [
      { type: "image_generation", model: "gpt-image-1" },
      { type: "image_generation", model: "x".repeat(300) },
      { type: "image_generation" },
    ];
    expect(parse({ tools }).tools.map(({ model }) => model)).toEqual(["gpt-image-1", "x".repeat(256), null]);
    const nested = [{ type: "image_generation", image_generation: { model: "gpt-image-1" } }];
    expect(parse({ messages: [], tools: nested }, CHAT).tools[0]?.model).toBe("gpt-image-1");
    expect(() => parse({ tools: [{ type: "image_generation", model: ["gpt-image-1"] }] })).toThrow(
      "must be a string",
    );
  });

  it("are found in every place of a response request", () => {
    const parsed = parse({
      tools: [
        { type: "function", name: "top", parameters: {} },
        { type: "namespace", name: "ns", tools: [{ type: "function", name: "nested" }] },
        { type: "web_search" },
      ],
      tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "top" }] },
      input: [
        { type: "additional_tools", role: "developer", tools: [{ type: "custom", name: "added" }] },
        { type: "tool_search_output", call_id: "c", tools: [{ type: "function", name: "found" }] },
        { type: "configuration_update", tools: [{ type: "shell" }] },
      ],
    });
    expect(parsed.tools).toEqual([
      { ...plain, name: "top" },
      { ...plain, type: "namespace", name: "ns" },
      { ...plain, name: "nested" },
      { ...plain, type: "web_search" },
      { ...plain, type: "custom", name: "added" },
      { ...plain, name: "found" },
      { ...plain, type: "shell" },
    ]);
  });

  it("are found in every place of a chat request", () => {
    const parsed = parse(
      {
        messages: [],
        tools: [
          {
            type: "function",
            function: {
              name: "f",
              description: "D",
              parameters: { properties: { p: { type: "string", enum: ["a b"] } } },
            },
          },
          {
            type: "custom",
            custom: {
              name: "c",
              format: { type: "grammar", grammar: { syntax: "lark", definition: "start: X" } },
            },
          },
        ],
        functions: [{ name: "old", description: "O" }],
        web_search_options: { user_location: { type: "approximate", approximate: { city: "Oslo" } } },
      },
      CHAT,
    );
    expect(parsed.tools.map(({ type, name }) => `${type} ${name}`)).toEqual([
      "function f",
      "custom c",
      "function old",
      "web_search null",
    ]);
    expect(parsed.rest.map(({ pointer, kind, text }) => `${pointer} ${kind} ${text}`)).toEqual([
      "/tools/0/function/name tool_definition f",
      "/tools/0/function/description tool_definition D",
      "/tools/0/function/parameters/properties/p tool_definition p",
      "/tools/0/function/parameters/properties/p/enum/0 tool_definition a b",
      "/tools/1/custom/name tool_definition c",
      "/tools/1/custom/format/grammar/definition tool_definition start: X",
      "/functions/0/name tool_definition old",
      "/functions/0/description tool_definition O",
      "/web_search_options/user_location/approximate/city other Oslo",
    ]);
  });

  it.each([
    [{ server_url: "https://MCP.Example.com/sse" }, { server_host: "mcp.example.com" }],
    [{ server_url: "https://mcp.example.com" }, { server_host: "mcp.example.com" }],
    [{ server_url: "https://mcp.example.com?a=b@c" }, { server_host: "mcp.example.com" }],
    [{ server_url: "https://mcp.example.com:8443/x/%20?a#b" }, { server_host: "mcp.example.com:8443" }],
    [{ server_url: "https://[2001:db8::1]/" }, { server_host: "[2001:db8::1]" }],
    [{ connector_id: "connector_gmail" }, { connector_id: "connector_gmail" }],
    [{ tunnel_id: "t1" }, { connector_id: "tunnel:t1" }],
    [{ tunnel_id: "t1", server_url: null, connector_id: null }, { connector_id: "tunnel:t1" }],
    [
      { transport: { type: "http", server_url: "https://mcp.example.com" } },
      { server_host: "mcp.example.com", require_approval: "never" },
    ],
    [{ transport: { type: "stdio", command: "serve" } }, { require_approval: "never" }],
    [{ transport: "https://mcp.example.com", require_approval: "always" }, { require_approval: "never" }],
    [{ require_approval: "never" }, { require_approval: "never" }],
    [{ require_approval: null }, { require_approval: "always" }],
    [{ require_approval: { never: { tool_names: ["a"] } } }, { require_approval: "mixed" }],
    [{ require_approval: "sometimes" }, { require_approval: "mixed" }],
  ])("tell where an MCP server is and whether it asks: %j", (tool, facts) => {
    const [found] = parse({ input: "a", tools: [{ type: "mcp", server_label: "s", ...tool }] }).tools;
    expect(found).toEqual({ ...plain, type: "mcp", server_label: "s", require_approval: "always", ...facts });
  });

  it.each([
    "http://mcp.example.com/",
    "http://127.0.0.1/",
    "wss://mcp.example.com/",
    "javascript:alert(1)",
    "https:mcp.example.com/",
    "https:/mcp.example.com/",
    "https:///mcp.example.com/",
    "https://good.example@evil.example:8443/x",
    "https://@good.example/",
    "https://user:password@good.example/",
    "https://good.example\\@evil.example/",
    "https://good.example\\.evil.example/",
    "https:\\\\good.example/",
    "https://good.example\t/",
    "https://good.\nexample/",
    " https://good.example/",
    "https://good.example/ ",
    "https://good.example/a b",
    "https://good.example/\u0000",
    "https://g\u00f6\u00f6d.example/",
    "https://good.example/\u00e9",
    "https://good.example\u3002evil.example/",
    "https://good%2eexample/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://[::ffff:127.0.0.1]/",
    "https://good.example:443/",
    "https://good.example:/",
    "https://good.example:99999/",
    "https://good_example,evil.example/",
    "https://",
    "https://?a",
    "//good.example/",
    "",
  ])("are refused where two readers could take a server's URL for two hosts: %j", (url) => {
    const tools = [{ type: "mcp", server_label: "s", server_url: url }];
    expect(() => parse({ input: "a", tools })).toThrow(
      expect.objectContaining({ code: "body_shape", param: "/tools/0/server_url" }),
    );
  });

  it.each([
    { server_url: "https://a.example", connector_id: "connector_gmail" },
    { server_url: "https://a.example", tunnel_id: "t1" },
    { connector_id: "connector_gmail", tunnel_id: "t1" },
    { server_url: "https://a.example", connector_id: "" },
    { server_url: "https://a.example", tunnel_id: "" },
    { server_url: "https://a.example", transport: { type: "http", server_url: "https://b.example" } },
    { connector_id: "connector_gmail", transport: { type: "stdio", command: "serve" } },
  ])("are refused where they name several servers: %j", (members) => {
    const tools = [{ type: "mcp", server_label: "s", ...members }];
    expect(() => parse({ input: "a", tools })).toThrow(
      expect.objectContaining({ code: "body_shape", param: "/tools/0" }),
    );
  });

  it("keep a server's credentials out of the texts", () => {
    const parsed = parse({
      input: "a",
      tools: [
        { type: "mcp", server_label: "s", authorization: "secret-1", headers: { "X-Key": "secret-2" } },
      ],
    });
    expect(JSON.stringify(parsed.rest)).not.toContain("secret");
    expect(parsed.opaque).toEqual(["/tools/0/authorization", "/tools/0/headers"]);
  });

  it("take the same members elsewhere for text", () => {
    const parsed = parse({
      input: [{ role: "user", content: "a", headers: { note: "read me" }, authorization: "and me" }],
    });
    expect(parsed.items[0]?.segments.map((segment) => segment.text)).toEqual(
      expect.arrayContaining(["read me", "and me"]),
    );
  });
});
