// Reads one event of a streamed answer: its texts, each on the channel that the text has in the whole answer.

import type { Apart, Json, JsonObject, Segment, SegmentKind } from "../exchange.ts";
import { isApart } from "./apart.ts";
import { isPadding, isPlain } from "./api-words.ts";
import { unreadable } from "./calls.ts";
import { isBlob, isCipher, isToken, NAMES } from "./fields.ts";
import { readItem } from "./item.ts";
import { escapeToken, isObject } from "./pointer.ts";
import { createSink, isShortNumber } from "./sink.ts";
import { walkMember, walkObject } from "./walk.ts";

/** A text of an event. */
export type EventText = {
  /** The pointer of the text in the whole answer, for instance `/output/0/content/0/text`; of an unknown event its own. */
  readonly channel: string;
  readonly text: string;
  readonly kind: SegmentKind;
  /** The text stands for all of its channel; otherwise it continues it. */
  readonly whole: boolean;
  /** Where the text stands in the event. */
  readonly pointer: string;
  /** Absent: it is a text. */
  readonly apart?: Apart;
};

export type ResponseEvent = {
  readonly type: string;
  readonly outputIndex: number | null;
  readonly itemId: string | null;
  readonly texts: readonly EventText[];
  /** The whole item of `response.output_item.added` and `.done`. */
  readonly item?: JsonObject;
  /** The whole response of a lifecycle event; its texts are read by `parseAnswer`. */
  readonly response?: JsonObject;
  /** Nothing follows it: completed, failed, incomplete, cancelled, or an error. */
  readonly isTerminal: boolean;
};

type Field = {
  readonly key: string;
  readonly kind: SegmentKind;
  readonly whole: boolean;
  readonly path: (event: JsonObject) => string;
};

/** Types of events behind which nothing of a response follows. */
export const TERMINAL: ReadonlySet<string> = new Set([
  "response.completed",
  "response.failed",
  "response.incomplete",
  "response.cancelled",
  // The Realtime API's, whatever the outcome.
  "response.done",
  "error",
]);

const content = (member: string) => (event: JsonObject) =>
  `/content/${toIndex(event["content_index"])}/${member}`;
const summary = (event: JsonObject) => `/summary/${toIndex(event["summary_index"])}/text`;
const member = (name: string) => () => `/${name}`;
const command = (event: JsonObject) => `/action/commands/${toIndex(event["command_index"])}`;

/** Events with one text: the member that holds it, and where it goes in the item. */
const FIELDS: ReadonlyMap<string, Field> = new Map([
  ...pair("response.output_text", "text", "message", content("text")),
  ...pair("response.refusal", "refusal", "message", content("refusal")),
  ...pair("response.reasoning_text", "text", "reasoning", content("text")),
  ...pair("response.reasoning_summary_text", "text", "reasoning", summary),
  ...pair("response.function_call_arguments", "arguments", "tool_arguments", member("arguments")),
  ...pair("response.custom_tool_call_input", "input", "tool_arguments", member("input")),
  ...pair("response.mcp_call_arguments", "arguments", "tool_arguments", member("arguments")),
  ...pair("response.code_interpreter_call_code", "code", "tool_arguments", member("code")),
  ...pair("response.shell_call_command", "command", "tool_arguments", command),
  ...pair("response.output_audio_transcript", "transcript", "message", content("transcript")),
  ...pair("response.audio_transcript", "transcript", "message", content("transcript")),
  ...pair("response.audio.transcript", "transcript", "message", member("transcript")),
  [
    "response.shell_call_command.added",
    { key: "command", kind: "tool_arguments", whole: true, path: command },
  ],
]);

/** They tell what became of an input: a response or an item in them would be one that nobody judges. */
const ABOUT_INPUT = /^response\.(?:steer|inject)\./;
const AUDIO = /^response\.(?:output_)?audio\.delta$/;

/** Members of an event that are positions, ids or padding, as long as they look like it. */
const INERT: ReadonlySet<string> = new Set([
  "type",
  "item_id",
  "response_id",
  "event_id",
  "call_id",
  "stream_id",
  "obfuscation",
  "sequence_number",
]);
const SCOPE = { kind: "other", role: "assistant", type: "", offers: false } as const;
const TOKEN = { of: "token" } as const;

/** Reads one event of a streamed response. Throws `answer_unreadable` where it holds what its type does not have. */
export function readResponseEvent(value: Json): ResponseEvent {
  if (!isObject(value))
    return {
      type: "",
      outputIndex: null,
      itemId: null,
      texts: readUnknown(value, "", "?"),
      isTerminal: false,
    };
  const type = typeof value["type"] === "string" ? value["type"] : "";
  const index = value["output_index"];
  const outputIndex = typeof index === "number" ? index : null;
  const itemId = typeof value["item_id"] === "string" ? value["item_id"] : null;
  const head = { type, outputIndex, itemId, isTerminal: TERMINAL.has(type) };
  const item = value["item"];
  const response = value["response"];
  if ((isObject(response) || isObject(item)) && ABOUT_INPUT.test(type)) throw unreadable();
  if (isObject(response)) return { ...head, response, texts: readOthers(value, "response", type) };
  if (isObject(item)) {
    return {
      ...head,
      item,
      texts: [...readItemTexts(item, outputIndex), ...readOthers(value, "item", type)],
    };
  }
  // Sound as base64, piece by piece.
  const { delta } = { delta: value["delta"] };
  if (AUDIO.test(type) && typeof delta === "string" && isCipher(delta))
    return { ...head, texts: [...readOthers(value, "delta", type), ...readSound(delta, type)] };
  const field = FIELDS.get(type);
  if (field !== undefined && typeof value[field.key] === "string")
    return { ...head, texts: readField(value, field, outputIndex, type) };
  if (isObject(value["part"])) return { ...head, texts: readPart(value, value["part"], outputIndex, type) };
  if (type === "response.shell_call_output_content.delta" && isObject(value["delta"])) {
    return { ...head, texts: readShellDelta(value, value["delta"], outputIndex, type) };
  }
  return { ...head, texts: readOthers(value, null, type) };
}

/** Sound comes in long pieces; a short one may be anything, and is searched. */
function readSound(delta: string, type: string): readonly EventText[] {
  if (isBlob(delta)) return NONE;
  return [{ channel: type, text: delta, kind: SCOPE.kind, whole: true, pointer: "/delta", apart: TOKEN }];
}

function pair(
  event: string,
  key: string,
  kind: SegmentKind,
  path: Field["path"],
): readonly (readonly [string, Field])[] {
  return [
    [`${event}.delta`, { key: "delta", kind, whole: false, path }],
    [`${event}.done`, { key, kind, whole: true, path }],
  ];
}

function readField(
  event: JsonObject,
  field: Field,
  outputIndex: number | null,
  type: string,
): readonly EventText[] {
  const text = event[field.key];
  const texts = readOthers(event, field.key, type);
  if (typeof text !== "string") return texts;
  const channel = `/output/${toIndex(outputIndex)}${field.path(event)}`;
  const own: EventText = { channel, text, kind: field.kind, whole: field.whole, pointer: `/${field.key}` };
  return texts.length === 0 ? [own] : [own, ...texts];
}

function readItemTexts(item: JsonObject, outputIndex: number | null): readonly EventText[] {
  const sink = createSink();
  const typed =
    typeof item["type"] === "string" || item["type"] === undefined ? item : { ...item, type: "unknown" };
  readItem(sink, "responses", typed, "", false);
  const base = `/output/${toIndex(outputIndex)}`;
  return sink.segments.filter(isOwnText).map((segment) => toEventText(segment, base, "/item", true));
}

/** A content part, or a reasoning summary's part. */
function readPart(
  event: JsonObject,
  part: JsonObject,
  outputIndex: number | null,
  type: string,
): readonly EventText[] {
  const isSummary = type.startsWith("response.reasoning_summary_part.");
  const isReasoning = isSummary || part["type"] === "reasoning_text";
  const place = isSummary
    ? `summary/${toIndex(event["summary_index"])}`
    : `content/${toIndex(event["content_index"])}`;
  const base = `/output/${toIndex(outputIndex)}/${place}`;
  const sink = createSink();
  const kind = isReasoning ? "reasoning" : "message";
  walkObject(sink, part, "", { ...SCOPE, kind });
  const texts = sink.segments.filter(isOwnText).map((segment) => toEventText(segment, base, "/part", true));
  return [...texts, ...readOthers(event, "part", type)];
}

function readShellDelta(
  event: JsonObject,
  delta: JsonObject,
  outputIndex: number | null,
  type: string,
): readonly EventText[] {
  const base = `/output/${toIndex(outputIndex)}/output/${toIndex(event["command_index"])}`;
  const texts: EventText[] = [];
  for (const [key, text] of Object.entries(delta)) {
    if (typeof text !== "string" || text === "") continue;
    const name = escapeToken(key);
    texts.push({
      channel: `${base}/${name}`,
      text,
      kind: "tool_output",
      whole: false,
      pointer: `/delta/${name}`,
    });
  }
  return [...texts, ...readOthers(event, "delta", type)];
}

/** Reads every member but one as unknown: each of its strings has a channel of its own. */
function readOthers(event: JsonObject, known: string | null, type: string): readonly EventText[] {
  let texts: EventText[] | null = null;
  for (const key of Object.keys(event)) {
    const child = event[key];
    if (!isPlainName(key)) (texts ??= []).push(toNameText(key, type, ""));
    if (key === known || child === null || child === undefined) continue;
    if (typeof child === "number" && isShortNumber(child)) continue;
    if (typeof child === "string" ? isOrdinary(key, child) : isEmpty(child)) continue;
    const found = readUnknown(child, `/${escapeToken(key)}`, type, key, event);
    if (found.length > 0) (texts ??= []).push(...found);
  }
  return texts ?? NONE;
}

const NONE: readonly EventText[] = [];
/** Tells a name that the API has, or may have chosen. */
export function isPlainName(key: string): boolean {
  return /^[a-z_]*$/.test(key) || NAMES.has(key);
}

/** Gives the name of a member of an event. */
export function toNameText(key: string, channel: string, at: string): EventText {
  const pointer = `/${escapeToken(key)}`;
  const part = { of: "name" } as const;
  return toEventText({ pointer, kind: "other", role: "none", text: key, part }, channel, at, true);
}

function isOrdinary(key: string, text: string): boolean {
  return INERT.has(key) && (isPlain(text) || (key === "obfuscation" && isPadding(text)));
}

/** Tells of a list that it holds nothing, as `logprobs` of nearly all events. */
function isEmpty(value: Json): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** An unknown `delta` continues its channel, which is that of its event's type, item and place. */
function readUnknown(
  value: Json,
  at: string,
  type: string,
  key = "",
  event: JsonObject = {},
): readonly EventText[] {
  if (typeof value === "string" && INERT.has(key) && isToken(value))
    return [{ channel: type, text: value, kind: SCOPE.kind, whole: true, pointer: at, apart: TOKEN }];
  const sink = createSink();
  walkMember(sink, key, value, at, SCOPE, event);
  return sink.segments
    .filter(isOwnText)
    .map((segment) => toEventText(segment, type, "", !segment.pointer.startsWith("/delta")));
}

/** Leaves out what stands in another text of the event. */
export function isOwnText({ part }: Segment): boolean {
  return part === undefined || (part.of !== "file" && part.of !== "json" && part.of !== "json_name");
}

/** Gives a text of an event. A member's name is whole wherever it stands, and stands where nothing can be masked. */
export function toEventText(
  { pointer, text, kind, part }: Segment,
  channel: string,
  at: string,
  whole: boolean,
): EventText {
  if (part === undefined) return { channel: channel + pointer, text, kind, whole, pointer: at + pointer };
  if (isApart(part)) return { channel, text, kind, whole: true, pointer: at + pointer, apart: part };
  return { channel: `${channel}${pointer}\0`, text, kind, whole: true, pointer: `${at}${pointer}/\0` };
}

function toIndex(value: Json | undefined): number {
  return typeof value === "number" ? value : 0;
}
