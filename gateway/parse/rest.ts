// Reads a body without its items: settings, instructions, tools, references, what hides.

import { isList, isObject } from "./pointer.ts";
import type { Json, JsonObject, RequestFacts } from "../exchange.ts";
import type { Budget } from "./budget.ts";
import type { Family } from "./item.ts";
import { readBoolean, readCount, readNumber, readString, shape } from "./members.ts";
import { createSink } from "./sink.ts";
import type { Sink } from "./sink.ts";
import { walkObject } from "./walk.ts";

/** What a body says beside its items. */
export type Rest = {
  /** The body's tree, with an empty array or string where the items are. */
  readonly value: JsonObject;
  readonly sink: Sink;
  readonly settings: Settings;
};

export type Settings = Pick<
  RequestFacts,
  | "model"
  | "stream"
  | "store"
  | "background"
  | "max_output_tokens"
  | "n"
  | "temperature"
  | "server_state"
  | "hidden"
  | "logprobs"
> & { readonly includeUsage: boolean | null };

type Hidden = RequestFacts["hidden"][number];

const LONGEST = 256;

/** Members whose presence hands the conversation to something that lies with the provider. */
const HIDING: ReadonlyMap<string, string> = new Map([
  ["agent", "agent"],
  ["agent_id", "agent"],
  ["assistant", "assistant"],
  ["assistant_id", "assistant"],
  ["workflow", "workflow"],
  ["workflow_id", "workflow"],
]);

/** Reads the body of an operation of a family; `value` holds no items. What is only told of (`offers` false) offers nothing and refers to nothing. Throws `body_shape`. */
export function readRest(family: Family, value: JsonObject, budget: Budget, offers: boolean): Rest {
  const sink = createSink(budget);
  const scope = { kind: "other", role: "none", type: "", offers, models: offers } as const;
  walkObject(sink, value, "", family === "other" ? { ...scope, fields: PROMPTS } : scope);
  const settings = family === "other" ? readLooseSettings(value) : readSettings(family, value, sink);
  return { value, sink, settings };
}

/** Members that hold what a person asks, in the bodies of operations that are no conversation. */
const PROMPTS = {
  content: "message",
  input: "message",
  keywords: "message",
  messages: "message",
  negative_prompt: "message",
  query: "message",
  text: "message",
} as const;

/** Reads what a body of any shape may say: a member that is of another type than expected says nothing. */
function readLooseSettings(body: JsonObject): Settings {
  // What a realtime session, or one response of it, is set to; the agent of a session or of what an automation begins.
  const target = isObject(body["target"]) ? body["target"] : {};
  const inner = [body["session"], body["response"], target, body["agent"], target["agent"]].filter(isObject);
  const models = [body, ...inner].map(readOwnModel).filter((one) => one !== null);
  const [model] = models;
  // Which of two the target takes nobody can say.
  if (models.some((one) => one !== model)) throw shape("/model", "the same wherever it stands");
  const limits = ["max_output_tokens", "max_completion_tokens", "max_tokens"]
    .flatMap((key) => [body, ...inner].map((one) => one[key]))
    .filter((limit) => typeof limit === "number" && Number.isSafeInteger(limit) && limit >= 0);
  return {
    model: typeof model === "string" ? model.slice(0, LONGEST) : null,
    stream: body["stream"] === true,
    store: typeof body["store"] === "boolean" ? body["store"] : null,
    background: body["background"] === true,
    max_output_tokens: limits.length === 0 ? null : Math.max(...limits.map(Number)),
    n: typeof body["n"] === "number" && Number.isSafeInteger(body["n"]) && body["n"] > 0 ? body["n"] : 1,
    temperature: typeof body["temperature"] === "number" ? body["temperature"] : null,
    server_state: (body["thread_id"] ?? null) !== null,
    hidden: [
      ...[body, ...inner].flatMap((one) => readHidden(one, isObject(one["prompt"]), isInline)),
      ...findAccountSources(body),
    ],
    logprobs: (body["logprobs"] ?? false) !== false,
    includeUsage: null,
  };
}

/** Gives the model that a body or a session names; of a session that only transcribes that is the one that does. */
function readOwnModel(one: JsonObject): Json {
  if (one["type"] !== "transcription" || (one["model"] ?? null) !== null) return one["model"] ?? null;
  const { audio } = { audio: one["audio"] };
  const input = isObject(audio) ? audio["input"] : null;
  const transcription = isObject(input) ? input["transcription"] : null;
  return isObject(transcription) ? (transcription["model"] ?? null) : null;
}

function readSettings(family: Family, body: JsonObject, sink: Sink): Settings {
  const options = readOptions(body);
  const conversation = readConversation(body, sink);
  const previous = readString(body, "previous_response_id");
  if (family === "chat" && isObject(body["web_search_options"])) {
    sink.tools.push({
      type: "web_search",
      name: null,
      server_label: null,
      server_host: null,
      connector_id: null,
      require_approval: null,
      model: null,
    });
  }
  return {
    model: readString(body, "model")?.slice(0, LONGEST) ?? null,
    stream: readBoolean(body, "stream") ?? false,
    store: readBoolean(body, "store"),
    background: readBoolean(body, "background") ?? false,
    max_output_tokens: readLimit(family, body),
    n: readCount(body, "n") ?? 1,
    temperature: readNumber(body, "temperature"),
    server_state: conversation || previous !== null,
    hidden: readHidden(body, (body["prompt"] ?? null) !== null),
    logprobs: asksLogprobs(body),
    includeUsage: options === null ? null : readBoolean(options, "include_usage", "/stream_options"),
  };
}

function readLimit(family: Family, body: JsonObject): number | null {
  if (family === "responses") return readCount(body, "max_output_tokens");
  const newer = readCount(body, "max_completion_tokens");
  const older = readCount(body, "max_tokens");
  return newer === null || older === null ? (newer ?? older) : Math.max(newer, older);
}

function readOptions(body: JsonObject): JsonObject | null {
  const options = body["stream_options"] ?? null;
  if (options === null || isObject(options)) return options;
  throw shape("/stream_options", "an object");
}

function readConversation(body: JsonObject, sink: Sink): boolean {
  const value = body["conversation"] ?? null;
  if (value === null) return false;
  const id = isObject(value) ? value["id"] : value;
  if (typeof id !== "string") throw shape("/conversation", "an id or an object with an id");
  sink.references.push({
    kind: "conversation",
    id,
    pointer: isObject(value) ? "/conversation/id" : "/conversation",
  });
  return true;
}

/** Sources of an eval that search the whole account, whoever stored what they find. */
const ACCOUNT_SOURCES: ReadonlySet<unknown> = new Set(["logs", "responses", "stored_completions"]);

function findAccountSources(body: JsonObject): readonly Hidden[] {
  const source = isObject(body["data_source"]) ? body["data_source"]["source"] : undefined;
  const type = isObject(source) ? source["type"] : undefined;
  if (typeof type !== "string" || !ACCOUNT_SOURCES.has(type)) return [];
  return [{ kind: "account", id: type, version: null }];
}

/** Tells whether an agent stands in the request with all that it is told, and does not lie with the provider. */
function isInline(agent: Json): boolean {
  return isObject(agent) && agent["id"] === undefined;
}

function readHidden(
  body: JsonObject,
  hasPrompt: boolean,
  isSeen: (agent: Json) => boolean = () => false,
): readonly Hidden[] {
  const hidden: Hidden[] = [];
  const prompt = hasPrompt ? (body["prompt"] ?? null) : null;
  if (isObject(prompt)) {
    const id = readString(prompt, "id", "/prompt") ?? "";
    hidden.push({
      kind: "prompt",
      id: id.slice(0, LONGEST),
      version: readString(prompt, "version", "/prompt")?.slice(0, LONGEST) ?? null,
    });
  } else if (prompt !== null) {
    throw shape("/prompt", "an object");
  }
  for (const [key, kind] of HIDING) {
    const value = body[key] ?? null;
    if (value === null || (key === "agent" && isSeen(value))) continue;
    const id = isObject(value) ? value["id"] : value;
    hidden.push({ kind, id: typeof id === "string" ? id.slice(0, LONGEST) : "", version: null });
  }
  return hidden;
}

/** Counts as asked for whatever is not plainly switched off. */
function asksLogprobs(body: JsonObject): boolean {
  const include: Json = body["include"] ?? null;
  if (include !== null && !isList(include)) throw shape("/include", "an array");
  const top = body["top_logprobs"] ?? 0;
  const on = body["logprobs"] ?? false;
  return top !== 0 || on !== false || (include?.includes("message.output_text.logprobs") ?? false);
}
