// Takes tools out of a request, with what would then name a tool that is not there.
import type { Json, JsonObject, ToolFacts, ToolName } from "../exchange.ts";
import type { Patch } from "../parse/patch.ts";
import { isList, isObject } from "../parse/pointer.ts";
import { readTool } from "../parse/tools.ts";

/** The lists of tools, the legacy one last. */
const LISTS = ["tools", "functions"] as const;
const MOST = 64;
/** Chat's hosted search is no tool of a list. */
const SEARCH = "web_search_options";

/** Tells which tools are meant; `null` means all. */
export type Meant = readonly ToolName[] | null;

/** What taking tools out changes. */
export type TakenTools = { readonly patches: readonly Patch[]; readonly names: readonly string[] };

/** Tells whether a tool is meant: by its type, its name (of an MCP server, its label), or both. */
export function isMeant(meant: Meant, { type, name, server_label }: ToolFacts): boolean {
  return (
    meant === null ||
    meant.some(
      (one) =>
        (one.type === undefined || one.type === type) &&
        (one.name === undefined || one.name === (type === "mcp" ? server_label : name)),
    )
  );
}

/** Takes tools out of what stands at `base`; gives null where none is meant. */
export function takeTools(value: JsonObject, base: readonly string[], meant: Meant): TakenTools | null {
  const patches: Patch[] = [];
  const names: string[] = [];
  let left = 0;
  for (const key of LISTS) {
    const list = value[key];
    if (!isList(list)) continue;
    const indexes = new Set<number>();
    for (const [index, tool] of list.entries()) {
      const facts = readTool(tool, `/${key}/${index}`);
      if (!isMeant(meant, facts)) continue;
      indexes.add(index);
      names.push(toName(facts));
    }
    left += list.length - indexes.size;
    if (indexes.size === 0) continue;
    const path = [...base, key];
    // An empty list is refused by some targets.
    patches.push(indexes.size === list.length ? { path, does: "drop" } : { path, does: "take", indexes });
  }
  if (isObject(value[SEARCH]) && isMeant(meant, WEB_SEARCH)) {
    patches.push({ path: [...base, SEARCH], does: "drop" });
    names.push(WEB_SEARCH.type);
  }
  if (patches.length === 0) return null;
  return { patches: [...patches, ...adjustChoice(value, base, meant, left)], names: names.slice(0, MOST) };
}

/** Nothing may be chosen that was taken out: what only that could be is nothing. */
function adjustChoice(
  value: JsonObject,
  base: readonly string[],
  meant: Meant,
  left: number,
): readonly Patch[] {
  const patches: Patch[] = [];
  const drop = (key: string): void => {
    if (key in value) patches.push({ path: [...base, key], does: "drop" });
  };
  if (left === 0) {
    for (const key of ["tool_choice", "function_call", "parallel_tool_calls"]) drop(key);
    return patches;
  }
  for (const [key, type] of [
    ["tool_choice", null],
    ["function_call", "function"],
  ] as const) {
    const choice = value[key];
    if (!isObject(choice)) continue;
    const path = [...base, key];
    const within = isObject(choice["allowed_tools"]) ? choice["allowed_tools"] : choice;
    const allowed = choice["type"] === "allowed_tools" ? within["tools"] : undefined;
    if (isList(allowed)) {
      const indexes = new Set(
        allowed.flatMap((tool, index) => (isMeant(meant, readTool(tool, "")) ? [index] : [])),
      );
      if (indexes.size === allowed.length) patches.push({ path, does: "set", value: "none" });
      else if (indexes.size > 0)
        patches.push({
          path: within === choice ? [...path, "tools"] : [...path, "allowed_tools", "tools"],
          does: "take",
          indexes,
        });
    } else if (isMeant(meant, readTool(type === null ? choice : { ...choice, type }, ""))) {
      patches.push({ path, does: "set", value: "none" });
    }
  }
  return patches;
}

function toName({ type, name, server_label }: ToolFacts): string {
  const own = type === "mcp" ? server_label : name;
  return own === null ? type : `${type} ${own}`;
}

const WEB_SEARCH: ToolFacts = readTool({ type: "web_search" } satisfies Json, "");
