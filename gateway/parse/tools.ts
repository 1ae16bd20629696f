// Reads the tools that a request offers to the model: what policy must know of each.

import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, ToolFacts } from "../exchange.ts";
import { isObject } from "./pointer.ts";

const LONGEST_TYPE = 64;
const LONGEST = 256;

/** Gives the facts of one tool, in the shapes of Responses, Chat and the legacy `functions`. Throws `body_shape`. */
export function readTool(tool: Json, pointer: string): ToolFacts {
  if (!isObject(tool)) throw shape(pointer, "an object");
  const type = tool["type"] ?? "function";
  if (typeof type !== "string") throw shape(`${pointer}/type`, "a string");
  // Chat keeps a tool's members under the name of its type.
  const inner = tool[type];
  const named = isObject(inner) && tool["name"] === undefined ? inner : tool;
  return {
    type: type.slice(0, LONGEST_TYPE),
    name: readText(named, "name", pointer),
    server_label: readText(tool, "server_label", pointer),
    server_host: readHost(tool, pointer),
    connector_id: readText(tool, "connector_id", pointer),
    require_approval: type === "mcp" ? readApproval(tool["require_approval"]) : null,
  };
}

function readText(tool: JsonObject, key: string, pointer: string): string | null {
  const value = tool[key] ?? null;
  if (value === null) return null;
  if (typeof value !== "string") throw shape(`${pointer}/${key}`, "a string");
  return value.slice(0, LONGEST);
}

/** A URL that cannot be read must not look like one that is absent, so it is refused. */
function readHost(tool: JsonObject, pointer: string): string | null {
  const value = tool["server_url"] ?? null;
  if (value === null) return null;
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || url.host === "") throw shape(`${pointer}/server_url`, "a URL with a host");
  return url.host.slice(0, LONGEST);
}

function readApproval(value: Json | undefined): ToolFacts["require_approval"] {
  // The API asks always where nothing is said.
  if (value === undefined || value === null || value === "always") return "always";
  return value === "never" ? "never" : "mixed";
}

function shape(pointer: string, expected: string): GatewayError {
  return new GatewayError("body_shape", `A tool's member must be ${expected}.`, { param: pointer });
}
