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
  // A hosted agent's server stands in its transport, and is called without anybody being asked.
  const transport = tool["transport"] ?? null;
  return {
    type: type.slice(0, LONGEST_TYPE),
    name: readText(named, "name", pointer),
    server_label: readText(tool, "server_label", pointer),
    server_host: isObject(transport) ? readHost(transport, `${pointer}/transport`) : readHost(tool, pointer),
    connector_id: readConnector(tool, pointer),
    require_approval:
      type !== "mcp" ? null : transport === null ? readApproval(tool["require_approval"]) : "never",
    model: readText(isObject(inner) && tool["model"] === undefined ? inner : tool, "model", pointer),
  };
}

function readText(tool: JsonObject, key: string, pointer: string): string | null {
  const value = tool[key] ?? null;
  if (value === null) return null;
  if (typeof value !== "string") throw shape(`${pointer}/${key}`, "a string");
  return value.slice(0, LONGEST);
}

/** RFC 3986 with a host in the letters of DNS or an IPv6 address, no user info, and no character but the RFC's. */
const SERVER_URL =
  /^https:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#][\w.~:/?#[\]@!$&'()*+,;=%-]*)?$/;

/**
 * Gives the host of an MCP server. A URL that the provider could read as another host's is refused: it must be the
 * same by RFC 3986, which knows no backslash and takes a number for a name, and by WHATWG, which knows both.
 */
function readHost(tool: JsonObject, pointer: string): string | null {
  const value = tool["server_url"] ?? null;
  if (value === null) return null;
  const url = typeof value === "string" && SERVER_URL.test(value) ? URL.parse(value) : null;
  if (typeof value !== "string" || url === null || !beginsWith(value, url.origin))
    throw shape(`${pointer}/server_url`, "an https URL with a plain host");
  return url.host.slice(0, LONGEST);
}

/** Tells whether the URL's authority is the origin to the letter; case does not count in a scheme or a host. */
function beginsWith(text: string, origin: string): boolean {
  const next = text.charAt(origin.length);
  return text.slice(0, origin.length).toLowerCase() === origin && (next === "" || "/?#".includes(next));
}

/** A tunnel leads to a server without a host to name: it is told as a connector, so that it must be listed as one. */
function readConnector(tool: JsonObject, pointer: string): string | null {
  const tunnel = readText(tool, "tunnel_id", pointer);
  const connector = readText(tool, "connector_id", pointer);
  const places = [tunnel, connector, tool["server_url"] ?? null, tool["transport"] ?? null];
  if (places.filter((place) => place !== null).length > 1)
    throw shape(pointer, "one of server_url, connector_id, tunnel_id and transport");
  return tunnel === null ? connector : `tunnel:${tunnel}`.slice(0, LONGEST);
}

function readApproval(value: Json | undefined): ToolFacts["require_approval"] {
  // The API asks always where nothing is said.
  if (value === undefined || value === null || value === "always") return "always";
  return value === "never" ? "never" : "mixed";
}

function shape(pointer: string, expected: string): GatewayError {
  return new GatewayError("body_shape", `A tool's member must be ${expected}.`, { param: pointer });
}
