// Decides what the simulated model puts out: what the prompt's script says, else what its tools and format suggest.
import type { Json, JsonObject } from "../exchange.ts";
import { isList, isObject, stringAt } from "./read-json.ts";
import { fakeSecrets, personalData } from "./samples.ts";
import { sampleOfSchema } from "./schema-sample.ts";
import { parseScript } from "./script.ts";
import { emptyStage } from "./stage.ts";
import type { Stage, Step } from "./stage.ts";

/** A tool that the request offers. */
export type OfferedTool = {
  readonly type: string;
  readonly name: string | null;
  readonly parameters: Json | undefined;
  readonly raw: JsonObject;
};

/** What a tool gave back in this turn of the user. */
export type ToolResult = { readonly name: string | null; readonly text: string };

/** What the model is asked, whichever API asks it. */
export type Turn = {
  /** The last user message's text. */
  readonly prompt: string;
  /** How many rounds of tool results followed that message. */
  readonly rounds: number;
  /** All results since that message. */
  readonly results: readonly ToolResult[];
  readonly tools: readonly OfferedTool[];
  readonly toolChoice: Json | undefined;
  readonly parallel: boolean;
  readonly format: { readonly kind: string; readonly schema: Json | undefined };
};

/** One thing that the model puts out. */
export type Output =
  | { readonly kind: "text"; readonly text: string; readonly refusal: boolean }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "call"; readonly tool: OfferedTool; readonly rest: string }
  | { readonly kind: "item"; readonly item: JsonObject };

/** The outputs of a turn and how their answer travels. */
export type Plan = { readonly stage: Stage; readonly outputs: readonly Output[] };

const COMMON_WORDS = new Set(
  "get set list fetch run call find lookup search read create update tool the and for with agent transfer execute do make new all".split(
    " ",
  ),
);

/** Plans a turn. Equal turns give equal plans. */
export function planTurn(turn: Turn): Plan {
  const stage = parseScript(turn.prompt)[turn.rounds] ?? emptyStage();
  const outputs = stage.steps.map((step) => toOutput(step, turn));
  if (!outputs.some((output) => output.kind !== "reasoning")) outputs.push(unscripted(turn));
  const forced = forcedTool(turn);
  if (forced !== undefined && !outputs.some((output) => output.kind === "call")) {
    outputs.splice(0, outputs.length, ...outputs.filter((output) => output.kind === "reasoning"));
    outputs.push({ kind: "call", tool: forced, rest: "" });
  }
  return { stage, outputs: turn.parallel ? outputs : withOneCall(outputs) };
}

/** Writes a function call's arguments: the given JSON, or free text or samples fitted to the tool's parameters. */
export function functionArguments(tool: OfferedTool, rest: string, prompt: string): string {
  if (rest.startsWith("{")) return rest;
  const sample = sampleOfSchema(tool.parameters ?? {}, hintOf(prompt));
  if (rest === "") return JSON.stringify(isObject(sample) ? sample : {});
  const properties = isObject(tool.parameters) ? tool.parameters["properties"] : undefined;
  const names = isObject(properties) ? Object.keys(properties) : [];
  const first = names.find((name) => isObject(properties) && stringAt(properties[name], "type") === "string");
  const others = isObject(sample) ? sample : {};
  return JSON.stringify({ ...others, [first ?? names[0] ?? "input"]: rest });
}

function toOutput(step: Step, turn: Turn): Output {
  if (step.kind === "reason") return { kind: "reasoning", text: step.text };
  if (step.kind === "item") return { kind: "item", item: step.item };
  if (step.kind === "call") {
    const tool = turn.toolChoice === "none" ? undefined : findTool(turn.tools, step.name);
    if (tool !== undefined) return { kind: "call", tool, rest: step.rest };
    return { kind: "text", text: `The tool ${step.name} is not offered.`, refusal: false };
  }
  if (step.kind === "stream") return { kind: "text", text: countedWords(step.words), refusal: false };
  if (step.kind === "sample") {
    return { kind: "text", text: step.of === "secrets" ? fakeSecrets() : personalData(), refusal: false };
  }
  return { kind: "text", text: step.text, refusal: step.kind === "refuse" };
}

function unscripted(turn: Turn): Output {
  const results = turn.results.filter((result) => !isHandoff(result.name));
  const tool = results.length === 0 && turn.toolChoice !== "none" ? fittingTool(turn) : undefined;
  if (tool !== undefined) return { kind: "call", tool, rest: "" };
  const told = results.map((result) => result.text).join("\n");
  return { kind: "text", text: formatted(turn, told), refusal: false };
}

function formatted(turn: Turn, told: string): string {
  if (turn.format.kind === "json_schema") {
    return JSON.stringify(sampleOfSchema(turn.format.schema, told === "" ? hintOf(turn.prompt) : told));
  }
  if (turn.format.kind === "json_object") return JSON.stringify({ answer: told === "" ? "simulated" : told });
  if (told !== "") return told;
  return `This is a simulated answer to: ${turn.prompt.slice(0, 200)}`;
}

function forcedTool(turn: Turn): OfferedTool | undefined {
  const choice = turn.toolChoice;
  if (choice === "required")
    return fittingTool(turn) ?? turn.tools.find((tool) => tool.name !== null) ?? turn.tools[0];
  if (!isObject(choice)) return undefined;
  const nested = choice["function"] ?? choice["custom"];
  const name = stringAt(choice, "name") ?? stringAt(nested, "name");
  if (name !== null) return findTool(turn.tools, name);
  const type = stringAt(choice, "type");
  if (type === "allowed_tools") return undefined;
  return turn.tools.find((tool) => tool.type === type);
}

function findTool(tools: readonly OfferedTool[], name: string): OfferedTool | undefined {
  const wanted = name.toLowerCase();
  return (
    tools.find((tool) => tool.name === name) ??
    tools.find((tool) => tool.name?.toLowerCase() === wanted) ??
    tools.find((tool) => tool.type === wanted) ??
    tools.find(
      (tool) => wanted.startsWith("transfer_to_") && tool.name?.toLowerCase().startsWith(wanted) === true,
    )
  );
}

/** Finds the function tool of whose name the prompt holds the most words, and that was not called since the prompt. */
function fittingTool(turn: Turn): OfferedTool | undefined {
  const prompt = new Set(turn.prompt.toLowerCase().match(/[\p{L}\d]+/gu));
  const called = new Set(turn.results.map((result) => result.name));
  let best: OfferedTool | undefined;
  let bestScore = 0;
  for (const tool of turn.tools) {
    if (tool.name === null || tool.type !== "function" || called.has(tool.name)) continue;
    const words = tool.name
      .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
      .toLowerCase()
      .split(/[^a-z0-9]+/);
    const score = words.filter(
      (word) => word.length > 2 && !COMMON_WORDS.has(word) && prompt.has(word),
    ).length;
    if (score > bestScore) {
      best = tool;
      bestScore = score;
    }
  }
  return best;
}

/** Gives the word that a call is likely about: the last capitalised one after the first word. */
function hintOf(prompt: string): string {
  const words = prompt.match(/(?<=\S\s+)\p{Lu}[\p{L}\d-]+/gu);
  return words?.at(-1) ?? "example";
}

function withOneCall(outputs: readonly Output[]): readonly Output[] {
  const first = outputs.findIndex((output) => output.kind === "call");
  return outputs.filter((output, index) => output.kind !== "call" || index === first);
}

function isHandoff(name: string | null): boolean {
  return name?.startsWith("transfer_to_") === true;
}

function countedWords(count: number): string {
  return Array.from({ length: count }, (_, index) => `word${index + 1}`).join(" ");
}

/** Tells the types of tools in a list, walking namespaces; `wrapped` is chat's nesting of the definition. */
export function offeredTools(tools: Json | undefined): readonly OfferedTool[] {
  if (!isList(tools)) return [];
  return tools.filter(isObject).flatMap((raw) => {
    const type = stringAt(raw, "type") ?? "function";
    if (type === "namespace") return offeredTools(raw["tools"]);
    const wrapped = raw[type];
    const definition = isObject(wrapped) ? wrapped : raw;
    return [{ type, name: stringAt(definition, "name"), parameters: definition["parameters"], raw }];
  });
}

/** Plans what a text alone asks for, where nothing is offered with it. */
export function planText(prompt: string): Plan {
  const format = { kind: "text", schema: undefined };
  return planTurn({
    prompt,
    rounds: 0,
    results: [],
    tools: [],
    toolChoice: undefined,
    parallel: true,
    format,
  });
}

/** Gives all that a plan says. */
export function saidBy({ outputs }: Plan): string {
  return outputs.flatMap((output) => (output.kind === "text" ? [output.text] : [])).join("\n");
}
