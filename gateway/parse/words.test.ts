// A caller's own `type` or second spelling does not change what a request is judged by.
import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import type { ParsedRequest } from "./parsed.ts";
import { createRequestParser } from "./request.ts";
import { matchRoute } from "./route.ts";

const parser = createRequestParser({ secret: Buffer.alloc(32), cacheItems: 10, limits: { depth: 64 } });

function parse(url: string, body: object): ParsedRequest {
  const { route, query } = matchRoute("POST", url);
  // A form is read as the JSON that it would be.
  const json = { ...route, spec: { ...route.spec, body: "json" } } as const;
  const bytes = Buffer.from(JSON.stringify(body));
  return parser.parse({ route: json, query, contentType: "application/json", bytes, tenant: "default" });
}

function idsOf(url: string, body: object): string[] {
  return parse(url, body)
    .references.filter(({ pointer }) => pointer !== "")
    .map(({ id }) => id);
}

function codeOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

describe("an object that calls itself a citation", () => {
  it.each(["file_citation", "container_file_citation", "file_path", "file_search_call"])(
    "names a file where it is no annotation: %s",
    (type) => {
      const files = [{ type, file_id: "file-1" }];
      expect(idsOf("/v1/vector_stores/vs_1/file_batches", { files })).toEqual(["file-1"]);
      const tool_resources = { type, code_interpreter: { file_ids: ["file-2"] } };
      expect(idsOf("/v1/assistants", { model: "m", tool_resources })).toEqual(["file-2"]);
    },
  );

  it("names none in a message's annotations", () => {
    const annotations = [{ type: "file_citation", file_id: "file-1", index: 0, filename: "f" }];
    const content = [{ type: "output_text", text: "a", annotations }];
    expect(idsOf("/v1/responses", { model: "m", input: [{ role: "assistant", content }] })).toEqual([]);
  });
});

describe("a list of tools below an object that calls itself a list of a server's", () => {
  it("offers them all the same", () => {
    const tools = [{ type: "mcp", server_label: "x", server_url: "https://mcp.example.com" }];
    const session = { type: "mcp_list_tools", tools };
    const parsed = parse("/v1/realtime/calls", { sdp: "v=0", session });
    expect(parsed.tools).toMatchObject([{ type: "mcp", server_host: "mcp.example.com" }]);
  });
});

describe("two models in one request", () => {
  it.each([
    { model: "gpt-a", session: { model: "gpt-b" } },
    { model: 5, session: { model: "gpt-b" } },
    { session: { model: "gpt-a" }, response: { model: "gpt-b" } },
  ])("are refused: %j", (body) => {
    expect(codeOf(() => parse("/v1/realtime/calls", body))).toBe("body_shape");
  });

  it("are one where they are the same", () => {
    const { facts } = parse("/v1/realtime/calls", { model: "gpt-a", session: { model: "gpt-a" } });
    expect(facts.model).toBe("gpt-a");
  });
});
