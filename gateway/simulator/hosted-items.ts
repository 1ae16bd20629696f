// Makes the items of tools that run at the provider: searches, the code interpreter, images, MCP servers.
import type { JsonObject } from "../exchange.ts";
import type { OfferedTool } from "./plan.ts";
import { stringAt } from "./read-json.ts";

/** Makes the item that a hosted tool leaves in the output; an unknown tool gives an item of its own name. */
export function hostedItem(tool: OfferedTool, text: string, callId: string): JsonObject {
  switch (tool.type) {
    case "web_search":
    case "web_search_preview":
      return { type: "web_search_call", status: "completed", action: { type: "search", query: text } };
    case "file_search":
      return { type: "file_search_call", status: "completed", queries: [text], results: null };
    case "code_interpreter":
      return {
        type: "code_interpreter_call",
        status: "completed",
        code: text,
        container_id: callId.replace(/^call_/, "cntr_"),
        outputs: [{ type: "logs", logs: "simulated" }],
      };
    case "image_generation":
      return {
        type: "image_generation_call",
        status: "completed",
        result: Buffer.from("simulated").toString("base64"),
      };
    case "mcp":
      return mcpItem(tool, text);
    default:
      return { type: `${tool.type}_call`, status: "completed", input: text };
  }
}

function mcpItem(tool: OfferedTool, text: string): JsonObject {
  const about = {
    name: "simulated",
    server_label: stringAt(tool.raw, "server_label"),
    arguments: JSON.stringify({ input: text }),
  };
  if (stringAt(tool.raw, "require_approval") !== "never") return { type: "mcp_approval_request", ...about };
  return {
    type: "mcp_call",
    status: "completed",
    ...about,
    approval_request_id: null,
    error: null,
    output: "simulated",
  };
}
