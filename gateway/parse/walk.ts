// Finds every text in an API object. What is not known to be an id, an enumerated value, ciphertext or media is text.

import { GatewayError } from "../errors.ts";
import type { Json, JsonObject, Reference, Role, SegmentKind } from "../exchange.ts";
import { isPadding } from "./api-words.ts";
import {
  CIPHERTEXT,
  CREDENTIALS,
  FREE,
  isBlob,
  isCipher,
  isLong,
  isToken,
  MEDIA,
  NAMES,
  REPEATED,
  SCHEMA_KEYWORDS,
  TOKENS,
} from "./fields.ts";
import { escapeToken, isList, isObject } from "./pointer.ts";
import { MOST_FILE_BYTES, readFileText } from "./file-text.ts";
import { isSpelled, readLogprobs } from "./logprobs.ts";
import { addFile, addLogprobs, addName, addNumber, addText, addToken } from "./sink.ts";
import type { Sink } from "./sink.ts";
import { readTool } from "./tools.ts";

/** What a walk carries down. */
export type Scope = {
  readonly kind: SegmentKind;
  readonly role: Role;
  /** The type of the item or part whose members are walked. */
  readonly type: string;
  /** `tools` lists here are offered to the model, and ids refer to stored objects. */
  readonly offers: boolean;
  /** Members that name a model are looked for: what is named here may run. */
  readonly models?: boolean;
  /** This is below a citation: ids here only tell where a text came from, and the provider does not follow them. */
  readonly cites?: boolean;
  /** Elements of this list annotate a text: they may cite. */
  readonly annotates?: boolean;
  /** This item tells which tools a server has: its `tools` offer nothing. */
  readonly lists?: boolean;
  /** Kinds of single members of the item. */
  readonly fields?: Readonly<Record<string, SegmentKind>>;
};

/** What a person fills in at will: a model that is named below is nobody's. */
const DATA: ReadonlySet<string> = new Set(["item", "item_schema", "sample"]);
const LONGEST_MODEL = 256;

/** Kinds that a member has wherever it stands. */
const KINDS: ReadonlyMap<string, SegmentKind> = new Map<string, SegmentKind>([
  ["arguments", "tool_arguments"],
  ["filename", "file_name"],
  ["function_call", "tool_arguments"],
  ["functions", "tool_definition"],
  ["instructions", "instructions"],
  ["metadata", "metadata"],
  ["prediction", "message"],
  ["prompt", "message"],
  ["prompt_cache_key", "metadata"],
  ["reasoning_content", "reasoning"],
  ["response_format", "tool_definition"],
  ["safety_identifier", "metadata"],
  ["tool_calls", "tool_arguments"],
  ["tools", "tool_definition"],
  ["user", "metadata"],
]);

/** Members that name a stored object, wherever they stand; as parameters of a query they do so too. */
export const REFERENCES: ReadonlyMap<string, Reference["kind"]> = new Map<string, Reference["kind"]>([
  ["consent", "voice_consent"],
  ["credential_id", "vault_credential"],
  ["environment_template_id", "agent_template"],
  ["session_id", "agent_session"],
  ["agent_id", "agent"],
  ["assistant_id", "assistant"],
  ["character_id", "video_character"],
  ["comparison_response_id", "response"],
  ["consent_id", "voice_consent"],
  ["container", "container"],
  ["container_id", "container"],
  ["environment_id", "agent_environment"],
  ["eval_id", "eval"],
  ["file_id", "file"],
  ["file_ids", "file"],
  ["input_file_id", "file"],
  ["previous_response_id", "response"],
  ["skill_id", "skill"],
  ["thread_id", "thread"],
  ["training_file", "file"],
  ["validation_file", "file"],
  ["vault_id", "vault"],
  ["vault_ids", "vault"],
  ["vector_store_id", "vector_store"],
  ["vector_store_ids", "vector_store"],
  ["video_id", "video"],
]);

/** Members whose `id` names a stored object; a voice may stand there by its id alone. */
const NESTED: ReadonlyMap<string, Reference["kind"]> = new Map<string, Reference["kind"]>([
  ["video", "video"],
  ["voice", "voice"],
]);
const VOICE = /^voice_/;

/** Types of annotations that cite. Anywhere else the word is the caller's, and its ids are followed. */
const CITING: ReadonlySet<string> = new Set(["file_citation", "container_file_citation", "file_path"]);

/** Members that hold base64 by themselves: media, and the vectors that the SDKs ask for in that form. */
const BARE: ReadonlySet<string> = new Set([
  "audio",
  "b64_json",
  "data",
  "embedding",
  "file_data",
  "partial_image_b64",
]);

/** An unknown field's string from this length on that looks like base64 is a blob. */
const BLOB = 512;
const NOTHING: JsonObject = {};
const DATA_URL = /^data:[\w.+/-]{0,100}(?:;[\w.=-]{0,100}){0,4};base64,/;
const BASE64_URL = /^[A-Za-z0-9+/=_-]*$/;
const SCHEMA_TYPE = /^(?:string|object|array|number|integer|boolean|null)$/;

/** Walks the members of an API object. */
export function walkObject(sink: Sink, object: JsonObject, pointer: string, scope: Scope): void {
  count(sink, object);
  for (const key of Object.keys(object))
    walkNamed(sink, key, object[key] ?? null, `${pointer}/${escapeToken(key)}`, scope, object);
}

/** Walks one member of an API object, its name included. */
export function walkNamed(
  sink: Sink,
  key: string,
  value: Json,
  at: string,
  scope: Scope,
  beside: JsonObject,
): void {
  if (!NAMES.has(key)) addName(sink, at, scope.kind, scope.role, key);
  walkMember(sink, key, value, at, scope, beside);
}

/** Walks one member of an API object; `beside` is the object. */
export function walkMember(
  sink: Sink,
  key: string,
  value: Json,
  at: string,
  outer: Scope,
  beside: JsonObject = NOTHING,
): void {
  if (typeof value === "number") return addNumber(sink, at, outer.kind, outer.role, value);
  if (typeof value === "boolean" || value === null) return;
  if (REPEATED.has(key) && addRepeated(sink, value, at, outer, beside)) return;
  if (outer.models === true && (key === "model" || key.endsWith("_model"))) addModels(sink, value);
  const kind = outer.fields?.[key] ?? KINDS.get(key) ?? outer.kind;
  const role = key === "instructions" ? "system" : outer.role;
  const scope = kind === outer.kind && role === outer.role ? outer : { ...outer, kind, role };
  if (CREDENTIALS.has(key) && outer.kind === "tool_definition") {
    sink.opaque.push(at);
  } else if (typeof value === "string") {
    walkString(sink, key, value, at, scope);
  } else if ((key === "tools" || key === "functions") && outer.lists !== true) {
    walkTools(sink, value, at, scope);
  } else if (key === "variables") {
    walkVariables(sink, value, at, scope);
  } else if (FREE.has(key)) {
    walkFree(sink, value, at, scope.kind, scope.role);
  } else if (isList(value)) {
    walkList(sink, key, value, at, scope);
  } else if (isObject(value)) {
    const type = typeof value["type"] === "string" ? value["type"] : "";
    if (scope.offers) addNested(sink, key, type, value, at);
    // A choice among the tools offers none.
    const offers = scope.offers && key !== "tool_choice";
    // What is below a citation cites too, whatever type it bears.
    const cites = scope.cites === true || (scope.annotates === true && CITING.has(type));
    // Where an item stands is known: anywhere else its type is the caller's word.
    const lists = key === "item" && type === "mcp_list_tools";
    const models = scope.models === true && !DATA.has(key);
    walkObject(sink, value, at, { ...scope, type, offers, cites, lists, models, annotates: false });
  }
}

/** Notes the models that a member names, in whatever shape. */
function addModels(sink: Sink, value: Json): void {
  if (typeof value === "string") sink.models.add(value.slice(0, LONGEST_MODEL));
  else if (isList(value)) for (const one of value) addModels(sink, one);
  else if (isObject(value)) for (const one of Object.values(value)) addModels(sink, one);
}

/** Notes the object that a member names by an `id` of its own. */
function addNested(sink: Sink, key: string, type: string, value: JsonObject, at: string): void {
  // Evals name their files like this.
  const kind = type === "file_id" ? "file" : NESTED.get(key);
  const { id } = value;
  if (kind !== undefined && typeof id === "string") sink.references.push({ kind, id, pointer: `${at}/id` });
}

/** Adds what pads, or what spells a text again with the probabilities of its tokens; false where it is neither. */
function addRepeated(
  sink: Sink,
  value: Json,
  at: string,
  { kind, role }: Scope,
  beside: JsonObject,
): boolean {
  if (typeof value === "string") {
    if (isToken(value) && !isPadding(value)) addToken(sink, at, kind, role, value);
    return isToken(value);
  }
  const spelled = readLogprobs(value);
  if (spelled !== null) addLogprobs(sink, at, kind, role, spelled, isSpelled(spelled, beside));
  return spelled !== null;
}

function walkList(sink: Sink, key: string, list: readonly Json[], at: string, outer: Scope): void {
  const scope = key === "annotations" ? { ...outer, annotates: true } : outer;
  for (let index = 0; index < list.length; index++) {
    const child = list[index] ?? null;
    if (typeof child === "object" && child !== null) {
      // Each element is walked as a member of the same name would be.
      walkMember(sink, isList(child) ? key : "", child, `${at}/${index}`, scope);
    } else {
      walkMember(sink, key, child, `${at}/${index}`, scope);
    }
  }
}

function walkString(sink: Sink, key: string, text: string, at: string, scope: Scope): void {
  const kind = key === "voice" && VOICE.test(text) ? "voice" : REFERENCES.get(key);
  if (kind !== undefined && scope.offers && scope.cites !== true && text !== "") {
    sink.references.push({ kind, id: text, pointer: at });
    if (isToken(text)) return addToken(sink, at, scope.kind, scope.role, text);
  }
  if (TOKENS.has(key)) {
    if (isToken(text)) return addToken(sink, at, scope.kind, scope.role, text);
  } else if (CIPHERTEXT.has(key)) {
    sink.opaque.push(at);
    if (isCipher(text)) return addHead(sink, at, text, scope, isLong(text) ? 0 : text.length);
  } else if (MEDIA.has(key)) {
    if (scope.offers && (key === "file_data" || isDataUrl(text))) walkFile(sink, key, text, at, scope);
    const head = DATA_URL.exec(text)?.[0].length ?? 0;
    const data = text.slice(head);
    const isData = isBlob(data);
    const isMedia = head > 0 || isBareMedia(key, scope.type);
    if (isMedia && (isData || (head > 0 ? BASE64_URL.test(data) : isCipher(data))))
      return addHead(sink, at, text, scope, isData ? head : text.length);
  } else if (!NAMES.has(key) && text.length >= BLOB && isCipher(text)) {
    sink.opaque.push(at);
    sink.unknown.push(scope.type === "" ? "unknown_field" : scope.type.slice(0, 64));
  }
  addText(sink, at, scope.kind, scope.role, text);
}

/** Adds the beginning of what is ciphertext or media behind it, which cannot be searched. */
function addHead(sink: Sink, at: string, text: string, { kind, role }: Scope, length: number): void {
  addToken(sink, at, kind, role, text.slice(0, length));
}

/** Adds the text of a file; a file without one is noted as opaque. */
function walkFile(sink: Sink, key: string, value: string, at: string, scope: Scope): void {
  const file = readFileText(value, MOST_FILE_BYTES - sink.fileBytes);
  if (file === "too_large") {
    throw new GatewayError("body_too_large", "The texts of the files in one item are over the limit.", {
      param: at,
    });
  }
  if (file !== null) addFile(sink, at, scope.kind, scope.role, file);
  else if (key === "file_data") sink.opaque.push(at);
}

function isDataUrl(text: string): boolean {
  return text.slice(0, 5).toLowerCase() === "data:";
}

/** Tells whether a member holds base64 by itself; `result` does so for images only, `url` never. */
function isBareMedia(key: string, type: string): boolean {
  if (key === "result") return type === "image_generation_call";
  return BARE.has(key);
}

function count(sink: Sink, object: JsonObject): void {
  const type = object["type"];
  if (type === "input_image" || type === "image_url" || type === "computer_screenshot") sink.images++;
  else if (type === "image_generation_call" && typeof object["result"] === "string") sink.images++;
  else if (type === "input_audio") sink.audio++;
  else if (type === "input_file" || type === "file") sink.files++;
}

function walkTools(sink: Sink, value: Json, at: string, scope: Scope): void {
  if (!isList(value)) {
    // Only what is offered must be understood; in an answer it is text like the rest.
    if (!scope.offers) return walkFree(sink, value, at, scope.kind, scope.role);
    throw new GatewayError("body_shape", "A list of tools must be an array.", { param: at });
  }
  for (const [index, tool] of value.entries()) {
    const place = `${at}/${index}`;
    if (scope.offers) sink.tools.push(readTool(tool, place));
    if (isObject(tool)) {
      const type = typeof tool["type"] === "string" ? tool["type"] : "";
      const { offers, models = false } = scope;
      walkObject(sink, tool, place, { kind: "tool_definition", role: "none", type, offers, models });
    } else {
      walkFree(sink, tool, place, "tool_definition", "none");
    }
  }
}

/** A stored prompt's variables are texts, or parts like a message's. */
function walkVariables(sink: Sink, value: Json, at: string, scope: Scope): void {
  if (!isObject(value)) return walkFree(sink, value, at, scope.kind, scope.role);
  for (const [name, child] of Object.entries(value)) {
    const place = `${at}/${escapeToken(name)}`;
    addName(sink, place, scope.kind, scope.role, name);
    if (isObject(child)) walkMember(sink, "", child, place, scope);
    else walkFree(sink, child, place, scope.kind, scope.role);
  }
}

/** Walks what a person or a model made up: every string is text, and every member's name. */
function walkFree(sink: Sink, value: Json, at: string, kind: SegmentKind, role: Role): void {
  if (typeof value === "string") {
    addText(sink, at, kind, role, value);
  } else if (typeof value === "number") {
    addNumber(sink, at, kind, role, value);
  } else if (isList(value)) {
    for (let index = 0; index < value.length; index++) {
      walkFree(sink, value[index] ?? null, `${at}/${index}`, kind, role);
    }
  } else if (isObject(value)) {
    const isSchema = kind === "tool_definition";
    for (const key of Object.keys(value)) {
      const child = value[key] ?? null;
      const place = `${at}/${escapeToken(key)}`;
      if (!isSchema || !SCHEMA_KEYWORDS.has(key)) addName(sink, place, kind, role, key);
      if (isSchema && key === "type" && typeof child === "string" && SCHEMA_TYPE.test(child)) continue;
      walkFree(sink, child, place, kind, role);
    }
  }
}
