// The item types of the Responses API: who speaks in each, what its texts are, and whether it calls or reports.

import type { Role, SegmentKind } from "../exchange.ts";

export type ItemType = {
  readonly role: Role;
  /** What the item's texts are, where `fields` says nothing else. */
  readonly kind: SegmentKind;
  readonly fields?: Readonly<Record<string, SegmentKind>>;
  /** `call`: may run on the caller's machine, so it is held; `result`: carries a tool's output; `inert`: neither. */
  readonly does: "call" | "result" | "inert";
  /** The provider puts the item's content in by its id where this member is absent. */
  readonly hydratedWithout?: string;
  /** The member that makes it an item that was resent, not a mere handle: programs that let nothing be stored resend it. */
  readonly wholeWith?: string;
};

const message: ItemType = { role: "none", kind: "message", does: "inert" };
const call: ItemType = { role: "assistant", kind: "tool_arguments", does: "call" };
const result: ItemType = { role: "tool", kind: "tool_output", does: "result" };
const hosted: ItemType = { role: "assistant", kind: "tool_arguments", does: "inert" };
const toolList: ItemType = { role: "none", kind: "tool_definition", does: "inert" };

const ITEM_TYPES: ReadonlyMap<string, ItemType> = new Map<string, ItemType>([
  ["message", message],
  [
    "reasoning",
    { role: "assistant", kind: "reasoning", does: "inert", hydratedWithout: "encrypted_content" },
  ],
  ["function_call", call],
  ["function_call_output", result],
  ["custom_tool_call", call],
  ["custom_tool_call_output", result],
  ["shell_call", call],
  ["shell_call_output", result],
  ["local_shell_call", call],
  // Its `id` is the call's: the only result without a `call_id`.
  ["local_shell_call_output", result],
  ["apply_patch_call", call],
  ["apply_patch_call_output", result],
  ["computer_call", call],
  ["computer_call_output", result],
  ["tool_search_call", call],
  ["tool_search_output", toolList],
  ["program", call],
  ["program_output", { ...result, does: "inert" }],
  ["mcp_approval_request", call],
  ["mcp_approval_response", { role: "user", kind: "message", does: "inert" }],
  ["mcp_call", { ...hosted, fields: { output: "tool_output", error: "tool_output" } }],
  ["mcp_list_tools", toolList],
  [
    "file_search_call",
    { ...hosted, fields: { results: "tool_output" }, hydratedWithout: "results", wholeWith: "queries" },
  ],
  [
    "web_search_call",
    { ...hosted, fields: { sources: "tool_output" }, hydratedWithout: "results", wholeWith: "action" },
  ],
  ["code_interpreter_call", { ...hosted, fields: { outputs: "tool_output" } }],
  ["image_generation_call", { ...hosted, hydratedWithout: "result" }],
  ["additional_tools", toolList],
  ["configuration_update", { role: "developer", kind: "instructions", does: "inert" }],
  ["compaction", { role: "none", kind: "other", does: "inert", hydratedWithout: "encrypted_content" }],
  ["compaction_trigger", { role: "none", kind: "other", does: "inert" }],
  ["item_reference", { role: "none", kind: "other", does: "inert" }],
]);

/** Gives what is known of an item type; null for a type that nobody knows. */
export function findItemType(type: string): ItemType | null {
  return ITEM_TYPES.get(type) ?? null;
}

/** Reads a role; what is none of the API's is `none`. */
export function toRole(value: unknown): Role {
  switch (value) {
    case "system":
    case "developer":
    case "user":
    case "assistant":
    case "tool":
      return value;
    case "function":
      return "tool";
    default:
      return "none";
  }
}
